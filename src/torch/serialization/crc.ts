import { crc32 as zlibCrc32 } from "node:zlib";

// zlib's own crc32 takes lengths of 32 bits
const PIECE = 1 << 30;

/** CRC-32 of zip, of any length; `before` is that of the bytes that come before these. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = before;
  for (let at = 0; at < bytes.byteLength; at += PIECE) crc = zlibCrc32(bytes.subarray(at, at + PIECE), crc);
  return crc >>> 0;
}
