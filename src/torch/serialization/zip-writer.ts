import { crcOf, lengthOf, type Part } from "./parts.ts";

/**
 * A zip of stored (not compressed) entries as PyTorch writes it: the data of each entry begins at a multiple of
 * 64 bytes, the gap is an extra field named "FB", names are UTF-8, there is no date. Sizes and offsets of 4 GiB
 * and more go to zip64 fields. Nothing is held but the directory: each call returns chunks for the caller to write.
 */
export class ZipWriter {
  #offset = 0;
  readonly #records: { name: Uint8Array; crc: number; size: number; offset: number }[] = [];

  /** The chunks of one entry. */
  add<Data extends Part>(name: string, data: Data): (Uint8Array | Data)[] {
    const encoded = new TextEncoder().encode(name);
    const size = lengthOf(data);
    const crc = crcOf(data);
    const large = size >= MAX32;
    const fixed = LOCAL_SIZE + encoded.byteLength + (large ? 20 : 0) + 4;
    const padding = (ALIGNMENT - ((this.#offset + fixed) % ALIGNMENT)) % ALIGNMENT;
    const header = new Bytes(fixed + padding);
    header
      .u32(0x04034b50)
      .u16(large ? 45 : 0)
      .u16(UTF8)
      .u16(0)
      .u32(0)
      .u32(crc);
    header.u32(large ? MAX32 : size).u32(large ? MAX32 : size);
    header
      .u16(encoded.byteLength)
      .u16((large ? 20 : 0) + 4 + padding)
      .raw(encoded);
    if (large) header.u16(1).u16(16).u64(size).u64(size);
    header.u16(0x4246).u16(padding).fill(0x5a, padding);
    this.#records.push({ name: encoded, crc, size, offset: this.#offset });
    this.#offset += header.bytes.byteLength + size;
    return size > 0 ? [header.bytes, data] : [header.bytes];
  }

  /** The CRCs so far, in order. */
  crcs(): number[] {
    return this.#records.map((record) => record.crc);
  }

  /** The directory at the end of the file. */
  finish(): Uint8Array[] {
    const start = this.#offset;
    const directory = this.#records.map(({ name, crc, size, offset }) => {
      const sizes = size >= MAX32;
      const far = offset >= MAX32;
      const extra = (sizes ? 16 : 0) + (far ? 8 : 0);
      const entry = new Bytes(46 + name.byteLength + (extra > 0 ? extra + 4 : 0));
      entry
        .u32(0x02014b50)
        .u16(extra > 0 ? 45 : 0)
        .u16(extra > 0 ? 45 : 0)
        .u16(UTF8)
        .u16(0)
        .u32(0)
        .u32(crc);
      entry.u32(sizes ? MAX32 : size).u32(sizes ? MAX32 : size);
      entry
        .u16(name.byteLength)
        .u16(extra > 0 ? extra + 4 : 0)
        .u16(0)
        .u16(0)
        .u16(0)
        .u32(0);
      entry.u32(far ? MAX32 : offset).raw(name);
      if (extra > 0) {
        entry.u16(1).u16(extra);
        if (sizes) entry.u64(size).u64(size);
        if (far) entry.u64(offset);
      }
      return entry.bytes;
    });
    const length = directory.reduce((sum, entry) => sum + entry.byteLength, 0);
    const count = this.#records.length;
    const end = new Bytes(56 + 20 + 22);
    end.u32(0x06064b50).u64(44).u16(45).u16(45).u32(0).u32(0).u64(count).u64(count).u64(length).u64(start);
    end
      .u32(0x07064b50)
      .u32(0)
      .u64(start + length)
      .u32(1);
    end.u32(0x06054b50).u16(0).u16(0).u16(Math.min(count, 0xffff)).u16(Math.min(count, 0xffff));
    end.u32(Math.min(length, MAX32)).u32(Math.min(start, MAX32)).u16(0);
    return [...directory, end.bytes];
  }
}

const ALIGNMENT = 64;
const LOCAL_SIZE = 30;
const MAX32 = 0xffffffff;
const UTF8 = 0x0800;

/** A little-endian cursor over a buffer of known size. */
class Bytes {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }
  u16(value: number): this {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
    return this;
  }
  u32(value: number): this {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
    return this;
  }
  u64(value: number): this {
    this.#view.setBigUint64(this.#at, BigInt(value), true);
    this.#at += 8;
    return this;
  }
  raw(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.#at);
    this.#at += bytes.byteLength;
    return this;
  }
  fill(byte: number, count: number): this {
    this.bytes.fill(byte, this.#at, this.#at + count);
    this.#at += count;
    return this;
  }
}
