import { constants, gunzipSync } from "node:zlib";
import { ImageError } from "../../utils/exceptions.ts";
import { HEADER_BYTES, readHeader } from "./header.ts";

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks a gzip file.
 * @throws ImageError saying how much of it is there when it is truncated or damaged.
 */
export function gunzip(bytes: Uint8Array, path: string): Uint8Array {
  try {
    return gunzipSync(bytes, { chunkSize: expectedSize(bytes) });
  } catch (error) {
    throw describe(bytes, path, error as Error);
  }
}

/** The first bytes of a gzip file's content, enough for a header. */
export function gunzipStart(bytes: Uint8Array, path: string): Uint8Array {
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw describe(bytes, path, error as Error);
  }
}

/**
 * The last four bytes hold the size: with a chunk of that size zlib needs no second one, and nothing is put together
 * afterwards. A damaged file may claim any size, hence the bound (deflate packs at most 1032 times).
 */
function expectedSize(bytes: Uint8Array): number {
  if (bytes.length < 18) return 16 * 1024;
  const claimed = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.length - 4, true);
  const bound = Math.min(claimed, bytes.length * 1032, 2 ** 30);
  // one byte more lets zlib see the end in the same chunk
  return Math.max(bound + 64, 16 * 1024);
}

function describe(bytes: Uint8Array, path: string, error: Error): ImageError {
  let got: Uint8Array;
  try {
    got = gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    // not even a beginning can be unpacked: the first error says all that is known
    return new ImageError(`${path} is damaged: it is not valid gzip (${error.message}). Copy or download it again.`, {
      cause: error,
    });
  }
  let expected = "";
  if (got.length >= HEADER_BYTES) {
    const header = readHeader(got, path);
    const whole = header.offset + header.byteLength;
    if (got.length < whole) expected = `: ${whole} bytes expected after unpacking, got ${got.length}`;
  } else {
    expected = `: only ${got.length} bytes could be unpacked, less than a header`;
  }
  return new ImageError(`${path} is truncated or damaged${expected} (${error.message}). Copy or download it again.`, {
    cause: error,
  });
}
