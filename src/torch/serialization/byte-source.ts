import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { naming } from "../../utils/file-errors.ts";
import { DamagedTensorFileError, TensorFileError } from "./errors.ts";

/** Random access to the bytes of a file, or to bytes in memory. */
export interface ByteSource extends Disposable {
  /** How messages call it. */
  readonly name: string;
  readonly size: number;
  /**
   * The bytes `[offset, offset + length)`; of a file a fresh copy, or one in `buffer`, which is at least as long; of bytes
   * in memory a view.
   */
  read(offset: number, length: number, buffer?: Uint8Array): Uint8Array;
}

export function openSource(input: string | Uint8Array): ByteSource {
  return typeof input === "string" ? fileSource(input) : bytesSource(input);
}

function bytesSource(bytes: Uint8Array): ByteSource {
  const name = "<bytes>";
  return {
    name,
    size: bytes.byteLength,
    read(offset, length) {
      checkRange(name, bytes.byteLength, offset, length);
      return bytes.subarray(offset, offset + length);
    },
    [Symbol.dispose]() {},
  };
}

// one readSync call takes at most 2 GiB
const READ_LIMIT = 1 << 30;

function fileSource(path: string): ByteSource {
  let fd: number;
  try {
    // opening a pipe would otherwise wait for someone who writes
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw new TensorFileError(path, `the file cannot be opened (${(error as NodeJS.ErrnoException).code ?? error}).`, {
      cause: error,
    });
  }
  const stat = fstatSync(fd);
  if (!stat.isFile()) {
    closeSync(fd);
    throw new TensorFileError(path, "this is not a file.");
  }
  return {
    name: path,
    size: stat.size,
    read(offset, length, buffer) {
      checkRange(path, stat.size, offset, length);
      const out = buffer?.subarray(0, length) ?? new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const size = Math.min(length - done, READ_LIMIT);
        const got = naming(path, () => readSync(fd, out, done, size, offset + done));
        if (got === 0) throw new DamagedTensorFileError(path, "the file became shorter while it was read.");
        done += got;
      }
      return out;
    },
    [Symbol.dispose]() {
      closeSync(fd);
    },
  };
}

function checkRange(name: string, size: number, offset: number, length: number): void {
  if (
    !Number.isSafeInteger(offset) ||
    !Number.isSafeInteger(length) ||
    offset < 0 ||
    length < 0 ||
    offset + length > size
  ) {
    throw new DamagedTensorFileError(
      name,
      `the file is damaged or cut short: ${length} bytes are wanted at ${offset}, and it has ${size}.`,
    );
  }
}
