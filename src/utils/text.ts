import { ClinicaDLException } from "./exceptions.ts";

/** A text file is not in an encoding that can be told for sure. */
export class EncodingError extends ClinicaDLException {}

/**
 * The text of a file in UTF-8, with or without a byte order mark, or in UTF-16 with one; `name` is for messages.
 *
 * Other encodings are refused: read as UTF-8, each letter that is not ASCII would become the same sign, and different
 * categories one.
 * @throws EncodingError with the file, the line, the byte and what to do.
 */
export function decodeText(bytes: Uint8Array, name: string): string {
  const encoding = encodingOf(bytes);
  const zero = encoding === "utf-8" ? bytes.indexOf(0) : -1;
  if (zero >= 0) {
    throw new EncodingError(
      `${name}: the byte at offset ${zero} is 0x00, which text does not have. It may be a damaged or binary file, or UTF-16 without a byte order mark: save it as UTF-8, for instance with 'iconv -f utf-16le -t utf-8'.`,
    );
  }
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new EncodingError(encoding === "utf-8" ? notUtf8(bytes, name) : notUtf16(encoding, name), { cause: error });
  }
}

function encodingOf(bytes: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return "utf-8";
}

function notUtf8(bytes: Uint8Array, name: string): string {
  const { offset, line } = firstBadByte(bytes);
  const byte = (bytes[offset] ?? 0).toString(16).padStart(2, "0");
  return `${name}, line ${line}: the byte 0x${byte} at offset ${offset} is not UTF-8. Save the file as UTF-8, for instance with 'iconv -f latin1 -t utf-8' (latin1 or windows-1252 is what spreadsheets often write).`;
}

function notUtf16(encoding: string, name: string): string {
  return `${name}: its first two bytes say ${encoding.toUpperCase()}, but not all of it is. It may be cut off: write it again, best as UTF-8.`;
}

/** Where the first byte is that is not UTF-8: a lenient decoder puts U+FFFD there, unless the file itself has that sign. */
function firstBadByte(bytes: Uint8Array): { offset: number; line: number } {
  const parts = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).split("\uFFFD");
  let offset = 0;
  let line = 1;
  for (const part of parts) {
    offset += Buffer.byteLength(part);
    line += lineAt(part, part.length) - 1;
    if (bytes[offset] !== 0xef || bytes[offset + 1] !== 0xbf || bytes[offset + 2] !== 0xbd) break;
    offset += 3;
  }
  return { offset, line };
}

/** The number of the line, from 1, at a position; lines end with LF, CRLF or CR. */
function lineAt(text: string, position: number): number {
  return text.slice(0, position).split(/\r\n|\r|\n/).length;
}
