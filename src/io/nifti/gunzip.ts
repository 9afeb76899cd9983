import { constants, crc32, inflateRawSync } from "node:zlib";
import * as torch from "../../torch/index.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { warnOnce } from "../../utils/warnings.ts";

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Deflate packs at most this many bytes into one. */
const MOST_PACKED = 1032;
/** How much more than was asked for may come out, before it is cut off. */
const SLACK = 64 * 1024;
/** The output of members after the first comes in pieces of this size. */
const PIECE = 256 * 1024;
/** The packed bytes that a header is looked for in at first, and the pieces in which what comes of them comes. */
const ENOUGH = 1024;
const START_PIECE = 16 * 1024;
/** The end of a member: CRC-32 and size of what it held. */
const TRAILER = 8;

/** @throws ImageError when a gzip file of so many bytes cannot hold `count`. To be asked before memory is asked for. */
export function requirePossible(size: number, count: number, path: string): void {
  if (count > size * MOST_PACKED) throw truncated(path, count, `at most ${size * MOST_PACKED}`);
}

/**
 * Fills the first `count` bytes of `target` with those of what a gzip file holds, with libdeflate: see {@link gunzip}.
 * @returns false where it cannot: `gunzip` can, or says why nothing can.
 */
export function gunzipInto(file: Uint8Array, target: torch.Tensor, count: number, path: string): boolean {
  let at = 0;
  let done = 0;
  while (done < count) {
    const start = memberStart(file, at);
    const member = start === null ? null : torch.decoding.inflateMember(file, start, target, done);
    if (member === null) return false;
    at = member.end;
    done += member.length;
  }
  warnOfRest(file.subarray(at), path);
  return true;
}

/**
 * The first `count` bytes of what a gzip file holds, in memory for not many more, whatever else the file holds or claims.
 * Members that follow one another are one stream. What stands after the last one is ignored: zeros without a word, anything
 * else with a warning.
 *
 * @throws ImageError saying how much of it is there when it is truncated or damaged.
 */
export function gunzip(file: Uint8Array, count: number, path: string): Uint8Array {
  requirePossible(file.length, count, path);
  let whole: Uint8Array | null = null;
  let at = 0;
  let done = 0;
  while (done < count) {
    const start = memberStart(file, at);
    if (start === null) {
      if (done === 0) throw damaged(path, "its gzip header is not complete");
      throw truncated(path, count, String(done));
    }
    const { output, end } = inflateMember(file, start, done, count, path);
    if (whole === null && output.length >= count) whole = output.subarray(0, count);
    else {
      whole ??= new Uint8Array(count);
      whole.set(output.subarray(0, count - done), done);
    }
    done += output.length;
    if (end === null) break;
    at = end;
    if (done >= count) warnOfRest(file.subarray(at), path);
  }
  return whole ?? new Uint8Array(0);
}

/**
 * What can be unpacked from the first bytes of a gzip file, for a header.
 * @throws ImageError when not even a beginning can be unpacked.
 */
export function gunzipStart(start: Uint8Array, count: number, path: string): Uint8Array {
  const first = memberStart(start, 0);
  const beginning = new Uint8Array(count);
  // zlib takes ten times as long, most of it to get ready
  if (first !== null && torch.decoding.inflateStart(start, first, beginning)) return beginning;
  // mostly the beginning of the beginning is enough, and costs a tenth
  for (const size of [ENOUGH, start.length]) {
    const bytes = unpackedStart(start.subarray(0, size), count, path, size < start.length);
    if (bytes.length === count || size >= start.length) return bytes;
  }
  return new Uint8Array(0);
}

function unpackedStart(start: Uint8Array, count: number, path: string, isTrial: boolean): Uint8Array {
  const pieces: Uint8Array[] = [];
  let [at, done] = [0, 0];
  try {
    for (let first = memberStart(start, 0); first !== null && done < count; first = memberStart(start, at)) {
      const { output, consumed } = inflate(start.subarray(first), { path, chunkSize: START_PIECE, partial: true });
      pieces.push(output);
      done += output.length;
      at = first + consumed + TRAILER;
    }
  } catch (error) {
    if (done === 0 && !isTrial) throw damaged(path, (error as Error).message, error);
  }
  return Buffer.concat(pieces).subarray(0, count);
}

/** Unpacks one member. @returns where the next begins; null where unpacking ended before the member did. */
function inflateMember(
  file: Uint8Array,
  start: number,
  done: number,
  count: number,
  path: string,
): { output: Uint8Array; end: number | null } {
  const packed = file.subarray(start);
  const wanted = count - done;
  // with a chunk of the right size nothing is put together afterwards; a byte more lets zlib see the end in the same chunk
  const chunkSize = done === 0 ? wanted + 64 : Math.min(wanted + 64, PIECE);
  let member: Inflated;
  try {
    member = inflate(packed, { path, chunkSize, atMost: wanted + SLACK });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") return { output: inflateBeginning(packed, wanted, path), end: null };
    if (code === "Z_BUF_ERROR") {
      const { output } = inflate(packed, { path, partial: true, atMost: wanted + SLACK });
      throw truncated(path, count, String(done + output.length), error);
    }
    throw damaged(path, message, error);
  }
  const { output, consumed } = member;
  const end = start + consumed + TRAILER;
  if (end > file.length) throw truncated(path, count, `${done + output.length} without their checksum`);
  const trailer = new DataView(file.buffer, file.byteOffset + end - TRAILER, TRAILER);
  if (trailer.getUint32(0, true) !== crc32(output) || trailer.getUint32(4, true) !== output.length % 2 ** 32) {
    throw damaged(path, "incorrect data check");
  }
  return { output, end };
}

/**
 * The first `wanted` bytes of a stream that holds more than anyone wants. Node unpacks all of it or nothing, but the beginning
 * of the packed bytes gives the beginning of the rest, so the right beginning is looked for by bisection.
 */
function inflateBeginning(packed: Uint8Array, wanted: number, path: string): Uint8Array {
  let [low, high] = [0, packed.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    try {
      const { output } = inflate(packed.subarray(0, middle), { path, partial: true, atMost: wanted + SLACK });
      if (output.length >= wanted) return output;
      low = middle + 1;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE") throw error;
      high = middle;
    }
  }
  throw damaged(path, "it cannot be unpacked in parts");
}

interface Inflated {
  readonly output: Uint8Array;
  /** How many bytes the stream took. */
  readonly consumed: number;
}

function inflate(
  packed: Uint8Array,
  options: {
    readonly path: string;
    readonly chunkSize?: number;
    /** Default: as much as comes. */
    readonly atMost?: number;
    /** Whether a stream that ends before its end is accepted. Default false. */
    readonly partial?: boolean;
  },
): Inflated {
  const { path, chunkSize = PIECE, atMost = packed.length * MOST_PACKED + SLACK, partial = false } = options;
  const result: unknown = inflateRawSync(packed, {
    // zlib counts in 32 bits
    chunkSize: Math.min(chunkSize, 2 ** 32 - 1),
    maxOutputLength: atMost,
    finishFlush: partial ? constants.Z_SYNC_FLUSH : constants.Z_FINISH,
    info: true,
  });
  if (!isInfo(result)) throw damaged(path, "zlib gave no information");
  return { output: result.buffer, consumed: result.engine.bytesWritten };
}

function isInfo(result: unknown): result is { buffer: Uint8Array; engine: { bytesWritten: number } } {
  return typeof result === "object" && result !== null && "buffer" in result && "engine" in result;
}

/** Where the packed bytes of the gzip member at `at` begin; null when there is none. */
function memberStart(bytes: Uint8Array, at: number): number | null {
  if (bytes[at] !== 0x1f || bytes[at + 1] !== 0x8b || bytes[at + 2] !== 8) return null;
  const flags = bytes[at + 3] ?? 0;
  let next = at + 10;
  // extra field, name, comment, checksum of the header
  if ((flags & 4) !== 0) next += 2 + (bytes[next] ?? 0) + 256 * (bytes[next + 1] ?? 0);
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue;
    const end = bytes.indexOf(0, next);
    if (end === -1) return null;
    next = end + 1;
  }
  if ((flags & 2) !== 0) next += 2;
  return next <= bytes.length ? next : null;
}

function warnOfRest(rest: Uint8Array, path: string): void {
  if (rest.every((byte) => byte === 0) || memberStart(rest, 0) !== null) return;
  warnOnce(
    `gzip rest ${path}`,
    `${path}: what follows the end of the packed image is not gzip, and was ignored (${rest.length} ${rest.length === 1 ? "byte" : "bytes"}). The image before it is whole; a transfer or a log may have added it.`,
  );
}

function truncated(path: string, expected: number, got: string, cause?: unknown): ImageError {
  return new ImageError(
    `${path} is truncated or damaged: ${expected} bytes expected after unpacking, got ${got}. Copy or download it again.`,
    { cause },
  );
}

function damaged(path: string, why: string, cause?: unknown): ImageError {
  return new ImageError(`${path} is damaged: it is not valid gzip (${why}). Copy or download it again.`, { cause });
}
