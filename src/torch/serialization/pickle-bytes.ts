/** A growing buffer of pickle opcodes. */
export class PickleBytes {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  #room(count: number): number {
    const at = this.#length;
    if (at + count > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(this.#bytes.byteLength * 2, at + count));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length += count;
    return at;
  }

  /** One-character opcodes and text of the protocol. */
  ascii(text: string): this {
    const at = this.#room(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[at + i] = text.charCodeAt(i);
    return this;
  }
  u8(value: number): this {
    const at = this.#room(1);
    this.#bytes[at] = value;
    return this;
  }
  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
    return this;
  }
  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
    return this;
  }
  i32(value: number): this {
    const at = this.#room(4);
    this.#view.setInt32(at, value, true);
    return this;
  }
  /** Pickle's floats are big-endian. */
  f64(value: number): this {
    const at = this.#room(8);
    this.#view.setFloat64(at, value, false);
    return this;
  }
  raw(bytes: Uint8Array): this {
    const at = this.#room(bytes.byteLength);
    this.#bytes.set(bytes, at);
    return this;
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** An integer as the little-endian two's complement that pickle's LONG1 takes, as short as possible. */
export function longBytes(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const byte = Number(BigInt.asUintN(8, rest));
    bytes.push(byte);
    rest >>= 8n;
    if ((rest === 0n && byte < 0x80) || (rest === -1n && byte >= 0x80)) return Uint8Array.from(bytes);
  }
}

/** By way of hexadecimal digits, which BigInt reads in less than the square of their number. */
export function longFromBytes(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  const hex = Buffer.from(bytes).reverse().toString("hex");
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`));
}
