import { longFromBytes } from "./pickle-bytes.ts";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Goes through the bytes of a pickle from the first to the last. */
export class PickleCursor {
  readonly #window: (wanted: number) => Uint8Array;
  readonly #damaged: (what: string) => Error;
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;

  /** @param window the bytes from the start, as many as wanted or more; fewer where there are no more. */
  constructor(window: (wanted: number) => Uint8Array, damaged: (what: string) => Error) {
    this.#window = window;
    this.#damaged = damaged;
    this.#bytes = window(0);
    this.#view = viewOf(this.#bytes);
  }

  /** How many bytes are behind. */
  get at(): number {
    return this.#at;
  }

  skip(count: number): void {
    this.#take(count);
  }

  /** Goes on by `count` bytes. @returns where they begin. */
  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.byteLength && !this.#more(at + count)) throw this.#damaged("it ends too early");
    this.#at += count;
    return at;
  }
  /** Whether there are as many bytes as that. */
  #more(wanted: number): boolean {
    const bytes = this.#window(Math.max(wanted, 2 * this.#bytes.byteLength));
    if (bytes.byteLength > this.#bytes.byteLength) {
      this.#bytes = bytes;
      this.#view = viewOf(bytes);
    }
    return wanted <= bytes.byteLength;
  }
  // the bytes are taken first: more of them may have to be read
  u8(): number {
    const at = this.#take(1);
    return this.#view.getUint8(at);
  }
  u16(): number {
    const at = this.#take(2);
    return this.#view.getUint16(at, true);
  }
  u32(): number {
    const at = this.#take(4);
    return this.#view.getUint32(at, true);
  }
  i32(): number {
    const at = this.#take(4);
    return this.#view.getInt32(at, true);
  }
  u64(): number {
    const at = this.#take(8);
    return Number(this.#view.getBigUint64(at, true));
  }
  f64(): number {
    const at = this.#take(8);
    return this.#view.getFloat64(at, false);
  }
  raw(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.slice(at, at + count);
  }
  text(count: number): string {
    const at = this.#take(count);
    return utf8.decode(this.#bytes.subarray(at, at + count));
  }
  line(): string {
    let end = this.#bytes.indexOf(0x0a, this.#at);
    while (end < 0 && this.#more(this.#bytes.byteLength + 1)) end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#damaged("it ends too early");
    const text = this.text(end - this.#at);
    this.#at = end + 1;
    return text;
  }
  long(count: number): number | bigint {
    const value = longFromBytes(this.raw(count));
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
