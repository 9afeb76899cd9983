import { longBytes, PickleBytes } from "./pickle-bytes.ts";

/** The words of a pickle of protocol 2: numbers, text, names, and what was written before, which is only named again. */
export class PickleWords {
  readonly out = new PickleBytes();
  // what has been written: text and globals by their spelling, containers and tensors by identity
  readonly #texts = new Map<string, number>();
  readonly #globals = new Map<string, number>();
  readonly #objects = new Map<object, number>();
  #memoSize = 0;

  /** Names an object that was written before. @returns whether it was. */
  again(value: object): boolean {
    const known = this.#objects.get(value);
    if (known !== undefined) this.#get(known);
    return known !== undefined;
  }

  integer(value: number): void {
    if (value >= 0 && value < 0x100) this.out.ascii("K").u8(value);
    else if (value >= 0 && value < 0x10000) this.out.ascii("M").u16(value);
    else if (value >= -0x80000000 && value < 0x80000000) this.out.ascii("J").i32(value);
    else this.long(longBytes(BigInt(value)));
  }

  /** An integer of at most 255 bytes. */
  long(bytes: Uint8Array): void {
    this.out.ascii("\x8a").u8(bytes.length).raw(bytes);
  }

  float(value: number): void {
    this.out.ascii("G").f64(value);
  }

  text(text: string): void {
    const known = this.#texts.get(text);
    if (known !== undefined) {
      this.#get(known);
      return;
    }
    const encoded = new TextEncoder().encode(text);
    this.out.ascii("X").u32(encoded.byteLength).raw(encoded);
    this.#texts.set(text, this.put());
  }

  /** A class or function by its name in Python. */
  global(module: string, name: string): void {
    const line = `c${module}\n${name}\n`;
    const known = this.#globals.get(line);
    if (known !== undefined) {
      this.#get(known);
      return;
    }
    this.out.ascii(line);
    this.#globals.set(line, this.put());
  }

  emptyOrderedDict(): void {
    this.global("collections", "OrderedDict");
    this.out.ascii(")R");
  }

  /** A tuple of integers. */
  integers(values: readonly number[]): void {
    if (values.length === 0) {
      this.out.ascii(")");
      return;
    }
    this.out.ascii("(");
    for (const value of values) this.integer(value);
    this.out.ascii("t");
  }

  /** Remembers what was written last. */
  put(value?: object): number {
    const index = this.#memoSize++;
    if (value !== undefined) this.#objects.set(value, index);
    if (index < 256) this.out.ascii("q").u8(index);
    else this.out.ascii("r").u32(index);
    return index;
  }

  #get(index: number): void {
    if (index < 256) this.out.ascii("h").u8(index);
    else this.out.ascii("j").u32(index);
  }
}
