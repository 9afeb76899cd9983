import { scope } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import type { DType } from "../types.ts";
import type { ByteSource } from "./byte-source.ts";
import { crc32 } from "./crc.ts";
import { DamagedTensorFileError, TensorFileFormatError } from "./errors.ts";
import { readTensor } from "./read-tensor.ts";

interface Entry {
  readonly offset: number;
  readonly size: number;
  readonly crc: number;
}

/** Reads the stored entries of a zip by name and checks their CRCs. The source stays the caller's. */
export class ZipReader {
  readonly #source: ByteSource;
  readonly #entries: ReadonlyMap<string, Entry>;

  constructor(source: ByteSource) {
    this.#source = source;
    this.#entries = readDirectory(source);
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** The size of an entry in bytes. */
  sizeOf(name: string): number {
    return this.#entry(name).size;
  }

  /** Where the bytes of an entry lie in the file. */
  locate(name: string): { start: number; size: number } {
    const { offset, size } = this.#entry(name);
    const local = view(this.#source.read(offset, 30));
    if (local.getUint32(0, true) !== 0x04034b50)
      throw this.#damaged(`the entry '${name}' is not where the directory says`);
    return { start: offset + 30 + local.getUint16(26, true) + local.getUint16(28, true), size };
  }

  /** The bytes of an entry; their CRC has been checked. */
  read(name: string): Uint8Array {
    const { start, size } = this.locate(name);
    const { crc } = this.#entry(name);
    const bytes = this.#source.read(start, size);
    if (crc32(bytes) !== crc) throw this.#wrongChecksum(name);
    return bytes;
  }

  /** A contiguous tensor with the bytes of an entry, in pieces; their CRC has been checked. */
  readTensor(name: string, dtype: DType, shape: readonly number[], device: string): Tensor {
    let crc = 0;
    using within = scope();
    const out = readTensor(this.#source, this.locate(name), dtype, shape, device, (piece) => {
      crc = crc32(piece, crc);
    });
    if (crc !== this.#entry(name).crc) throw this.#wrongChecksum(name);
    return within.keep(out);
  }

  #wrongChecksum(name: string): DamagedTensorFileError {
    return this.#damaged(`the checksum of '${name}' does not match its bytes`);
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw this.#damaged(`the entry '${name}' is missing`);
    return entry;
  }

  #damaged(what: string): DamagedTensorFileError {
    return new DamagedTensorFileError(this.#source.name, `the file is damaged: ${what}.`);
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readDirectory(source: ByteSource): Map<string, Entry> {
  const { offset, length, count } = findDirectory(source);
  const bytes = source.read(offset, length);
  const data = view(bytes);
  const damaged = () => new DamagedTensorFileError(source.name, "the file is damaged: its directory cannot be read.");
  const entries = new Map<string, Entry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > length || data.getUint32(at, true) !== 0x02014b50) throw damaged();
    const nameLength = data.getUint16(at + 28, true);
    const extraLength = data.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + data.getUint16(at + 32, true);
    if (next > length) throw damaged();
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    if (data.getUint16(at + 10, true) !== 0) {
      if (/^[^/]+\/code\//.test(name)) throw isTorchScript(source.name);
      throw new TensorFileFormatError(
        source.name,
        `the entry '${name}' is compressed; PyTorch stores entries as they are.`,
      );
    }
    const fields = {
      stored: data.getUint32(at + 20, true),
      size: data.getUint32(at + 24, true),
      offset: data.getUint32(at + 42, true),
    };
    readZip64(data, at + 46 + nameLength, extraLength, fields, damaged);
    if (fields.stored !== fields.size || entries.has(name)) throw damaged();
    entries.set(name, { offset: fields.offset, size: fields.size, crc: data.getUint32(at + 16, true) });
    at = next;
  }
  checkPlaces(source, entries, offset);
  return entries;
}

/** A small file could otherwise have many large entries, over the same bytes. */
function checkPlaces(source: ByteSource, entries: ReadonlyMap<string, Entry>, directory: number): void {
  const sorted = [...entries].sort(([, a], [, b]) => a.offset - b.offset);
  for (const [i, [name, entry]] of sorted.entries()) {
    const next = sorted[i + 1];
    // before its bytes an entry has a header of 30 bytes and its name
    const end = entry.offset + 30 + Buffer.byteLength(name) + entry.size;
    if (end <= (next?.[1].offset ?? directory)) continue;
    const other = next === undefined ? "the directory" : `'${next[0]}'`;
    throw new DamagedTensorFileError(source.name, `the file is damaged: the entry '${name}' lies over ${other}.`);
  }
}

/** The zip64 extra field holds, in this order, those of size, stored size and offset that do not fit 32 bits. */
function readZip64(
  data: DataView,
  start: number,
  length: number,
  fields: { stored: number; size: number; offset: number },
  damaged: () => Error,
): void {
  for (let at = start; at + 4 <= start + length; ) {
    const size = data.getUint16(at + 2, true);
    const end = at + 4 + size;
    if (end > start + length) throw damaged();
    if (data.getUint16(at, true) === 1) {
      let field = at + 4;
      for (const key of ["size", "stored", "offset"] as const) {
        if (fields[key] !== 0xffffffff) continue;
        if (field + 8 > end) throw damaged();
        fields[key] = Number(data.getBigUint64(field, true));
        field += 8;
      }
    }
    at = end;
  }
}

function findDirectory(source: ByteSource): { offset: number; length: number; count: number } {
  // the end record is 22 bytes and a comment of at most 65535
  const tail = Math.min(source.size, 22 + 0xffff);
  const base = source.size - tail;
  const bytes = source.read(base, tail);
  const data = view(bytes);
  for (let at = tail - 22; at >= 0; at--) {
    if (data.getUint32(at, true) !== 0x06054b50) continue;
    const plain = {
      count: data.getUint16(at + 10, true),
      length: data.getUint32(at + 12, true),
      offset: data.getUint32(at + 16, true),
    };
    if (at < 20 || data.getUint32(at - 20, true) !== 0x07064b50) return plain;
    const record = view(source.read(Number(data.getBigUint64(at - 12, true)), 56));
    if (record.getUint32(0, true) !== 0x06064b50) {
      throw new DamagedTensorFileError(
        source.name,
        "the file is damaged: its directory is not where the end record says.",
      );
    }
    return {
      count: Number(record.getBigUint64(32, true)),
      length: Number(record.getBigUint64(40, true)),
      offset: Number(record.getBigUint64(48, true)),
    };
  }
  throw notAZip(source);
}

/** Says what the file is instead, as far as its first bytes tell. */
function notAZip(source: ByteSource): Error {
  if (source.size === 0) return new DamagedTensorFileError(source.name, "the file is empty.");
  const head = source.read(0, Math.min(source.size, 4));
  if (head[0] === 0x50 && head[1] === 0x4b) {
    return new DamagedTensorFileError(
      source.name,
      `the file is cut short: it begins as a zip but its directory is missing (${source.size} bytes).`,
    );
  }
  if (head[0] === 0x80 && head[1] !== undefined && head[1] <= 5) {
    return new TensorFileFormatError(
      source.name,
      "this is a bare pickle, not a file of torch.save. Convert it in Python: torch.save(pickle.load(open(path, 'rb')), path).",
    );
  }
  if (isWebPage(source)) {
    return new TensorFileFormatError(
      source.name,
      "this is a web page, and not the file that was meant: look at it, and download the file again.",
    );
  }
  return new TensorFileFormatError(source.name, "this is not a file of torch.save (not a zip).");
}

/** What a server sends for a file that is not there, or that one has to sign in for. */
function isWebPage(source: ByteSource): boolean {
  const start = new TextDecoder().decode(source.read(0, Math.min(source.size, 64)));
  return /^\s*<(!doctype html|html)/i.test(start);
}

/** Such files hold code, and their weights in another form. */
export function isTorchScript(file: string): TensorFileFormatError {
  return new TensorFileFormatError(
    file,
    "this is a TorchScript program, not a file of torch.save. Save its weights in Python: torch.save(torch.jit.load(path).state_dict(), path_of_weights).",
  );
}
