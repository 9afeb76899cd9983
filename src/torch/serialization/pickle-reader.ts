import type { ByteSource } from "./byte-source.ts";
import { longFromBytes } from "./pickle-bytes.ts";
import { Tuple } from "./python-values.ts";
import type { StorageType } from "./storage-types.ts";

/** What the bytes of a pickle mean, as far as that is the file's and not the protocol's. */
export interface PickleHandlers {
  /** A class or function by its name in Python; throws for those that are not on the list. */
  global(name: string): PickleGlobal;
  /** What a persistent id (a storage) stands for. */
  persistent(id: unknown): unknown;
  /** The pickle breaks its protocol. */
  damaged(what: string): Error;
}

/** What a class or function that a pickle may name does. */
export interface GlobalBehaviour {
  /** Calls it; absent if it may only be named. */
  readonly call?: (args: readonly unknown[]) => unknown;
  /** Sets an object's attributes from what BUILD gives. */
  readonly build?: (object: unknown, state: unknown) => void;
  /** What the name itself stands for once loading is done (a dtype). */
  readonly value?: unknown;
  /** The elements of a class of storages; `untyped` where the class does not tell. */
  readonly storage?: StorageType | "untyped";
}

/** A class or function that a pickle may name. */
export class PickleGlobal {
  readonly name: string;
  readonly call: GlobalBehaviour["call"];
  readonly build: GlobalBehaviour["build"];
  readonly value: unknown;
  readonly storage: StorageType | "untyped" | undefined;
  constructor(name: string, { call, build, value, storage }: GlobalBehaviour = {}) {
    this.name = name;
    this.call = call;
    this.build = build;
    this.value = value;
    this.storage = storage;
  }
}

/** A Python dict while its pickle is read. */
export class PickledDict extends Map<unknown, unknown> {}

const MARK = Symbol("mark");
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Runs a pickle. Nothing but `handlers` decides what is made: there is no import and no call that it did not allow.
 * Dicts come as {@link PickledDict}, tuples as {@link Tuple}.
 */
export function unpickle(bytes: Uint8Array, handlers: PickleHandlers): unknown {
  return new Unpickler(() => bytes, handlers).run().value;
}

/** What {@link unpickleAt} asks first, and then twice as much each time. */
const WINDOW = 1 << 16;

/** Runs a pickle that other bytes follow. @returns its value, and where it ends. */
export function unpickleAt(
  source: ByteSource,
  start: number,
  handlers: PickleHandlers,
): { value: unknown; end: number } {
  const whole = source.size - start;
  const window = (wanted: number) => source.read(start, Math.min(whole, Math.max(wanted, WINDOW)));
  const { value, length } = new Unpickler(window, handlers).run();
  return { value, end: start + length };
}

class Unpickler {
  readonly #window: (wanted: number) => Uint8Array;
  #bytes: Uint8Array;
  #view: DataView;
  readonly #handlers: PickleHandlers;
  readonly #memo = new Map<number, unknown>();
  // which global made an object, for BUILD
  readonly #makers = new WeakMap<object, PickleGlobal>();
  #stack: unknown[] = [];
  #at = 0;

  /** @param window the bytes from the start, as many as wanted or more; fewer where there are no more. */
  constructor(window: (wanted: number) => Uint8Array, handlers: PickleHandlers) {
    this.#window = window;
    this.#bytes = window(0);
    this.#view = viewOf(this.#bytes);
    this.#handlers = handlers;
  }

  run(): { value: unknown; length: number } {
    for (;;) {
      const opcode = String.fromCharCode(this.#u8());
      if (opcode === ".") {
        if (this.#stack.length !== 1) throw this.#damaged("it does not end with one value");
        return { value: this.#pop(), length: this.#at };
      }
      this.#step(opcode);
    }
  }

  #step(opcode: string): void {
    switch (opcode) {
      case "\x80": // PROTO
        if (this.#u8() > 5) throw this.#damaged("its protocol is unknown");
        return;
      case "\x95": // FRAME
        this.#take(8);
        return;
      case "(":
        this.#push(MARK);
        return;
      case "0": // POP, also of a mark
        if (this.#stack.pop() === undefined) throw this.#damaged("its stack is empty");
        return;
      case "N":
        this.#push(null);
        return;
      case "\x88":
        this.#push(true);
        return;
      case "\x89":
        this.#push(false);
        return;
      case "K":
        this.#push(this.#u8());
        return;
      case "M":
        this.#push(this.#u16());
        return;
      case "J":
        this.#push(this.#i32());
        return;
      case "\x8a":
        this.#push(this.#long(this.#u8()));
        return;
      case "\x8b":
        this.#push(this.#long(this.#u32()));
        return;
      case "G":
        this.#push(this.#f64());
        return;
      case "X":
        this.#push(this.#text(this.#u32()));
        return;
      case "\x8c":
        this.#push(this.#text(this.#u8()));
        return;
      case "\x8d":
        this.#push(this.#text(this.#u64()));
        return;
      case "U": // text of Python 2
        this.#push(this.#text(this.#u8()));
        return;
      case "T":
        this.#push(this.#text(this.#u32()));
        return;
      case "C":
        this.#push(this.#raw(this.#u8()));
        return;
      case "B":
        this.#push(this.#raw(this.#u32()));
        return;
      case "\x8e":
        this.#push(this.#raw(this.#u64()));
        return;
      case "]":
        this.#push([]);
        return;
      case "}":
        this.#push(new PickledDict());
        return;
      case "\x8f": // EMPTY_SET
        this.#push(new Set());
        return;
      case "\x90": // ADDITEMS
        this.#addItems(this.#toMark());
        return;
      case "\x91": // FROZENSET
        this.#push(new Set(this.#toMark()));
        return;
      case ")":
        this.#push(new Tuple());
        return;
      case "\x85":
        this.#tuple(1);
        return;
      case "\x86":
        this.#tuple(2);
        return;
      case "\x87":
        this.#tuple(3);
        return;
      case "t":
        this.#push(asTuple(this.#toMark()));
        return;
      case "l":
        this.#push(this.#toMark());
        return;
      case "a":
        this.#append([this.#pop()]);
        return;
      case "e":
        this.#append(this.#toMark());
        return;
      case "s": {
        const value = this.#pop();
        this.#setItems([this.#pop(), value]);
        return;
      }
      case "u":
        this.#setItems(this.#toMark());
        return;
      case "q":
        this.#put(this.#u8());
        return;
      case "r":
        this.#put(this.#u32());
        return;
      case "\x94": // MEMOIZE
        this.#put(this.#memo.size);
        return;
      case "h":
        this.#get(this.#u8());
        return;
      case "j":
        this.#get(this.#u32());
        return;
      case "c":
        this.#push(this.#handlers.global(`${this.#line()}.${this.#line()}`));
        return;
      case "\x93": {
        const name = this.#pop();
        this.#push(this.#handlers.global(`${String(this.#pop())}.${String(name)}`));
        return;
      }
      case "R":
      case "\x81": // NEWOBJ: for the classes on the list the same as calling them
        this.#call();
        return;
      case "b":
        this.#build();
        return;
      case "Q":
        this.#push(this.#handlers.persistent(this.#pop()));
        return;
      default:
        throw this.#damaged(
          `opcode 0x${opcode.charCodeAt(0).toString(16)} at ${this.#at - 1} is not one of tensor files`,
        );
    }
  }

  #call(): void {
    const args = this.#pop();
    const maker = this.#pop();
    if (!(args instanceof Tuple)) throw this.#damaged("a call without arguments");
    if (!(maker instanceof PickleGlobal) || maker.call === undefined)
      throw this.#damaged("it calls what cannot be called");
    const made = maker.call(args);
    if (typeof made === "object" && made !== null) this.#makers.set(made, maker);
    this.#push(made);
  }

  #build(): void {
    const state = this.#pop();
    const object = this.#peek();
    const maker = typeof object === "object" && object !== null ? this.#makers.get(object) : undefined;
    if (maker?.build === undefined) throw this.#damaged("it sets attributes of what has none");
    maker.build(object, state);
  }

  #append(values: readonly unknown[]): void {
    const list = this.#peek();
    if (!Array.isArray(list) || list instanceof Tuple) throw this.#damaged("it appends to what is not a list");
    for (const value of values) list.push(value);
  }

  #addItems(items: readonly unknown[]): void {
    const set = this.#peek();
    if (!(set instanceof Set)) throw this.#damaged("it adds items to what is not a set");
    for (const item of items) set.add(item);
  }

  #setItems(items: readonly unknown[]): void {
    const dict = this.#peek();
    if (!(dict instanceof Map) || items.length % 2 !== 0) throw this.#damaged("it sets items of what is not a dict");
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  #tuple(length: number): void {
    if (this.#stack.length < length) throw this.#damaged("its stack is empty");
    const items = this.#stack.splice(this.#stack.length - length);
    if (items.includes(MARK)) throw this.#damaged("its marks do not match");
    this.#push(asTuple(items));
  }

  #toMark(): unknown[] {
    const at = this.#stack.lastIndexOf(MARK);
    if (at < 0) throw this.#damaged("its marks do not match");
    const items = this.#stack.slice(at + 1);
    this.#stack.length = at;
    return items;
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }
  #peek(): unknown {
    const value = this.#stack.at(-1);
    if (value === undefined || value === MARK) throw this.#damaged("its stack is empty");
    return value;
  }
  #pop(): unknown {
    const value = this.#peek();
    this.#stack.pop();
    return value;
  }
  #put(index: number): void {
    this.#memo.set(index, this.#peek());
  }
  #get(index: number): void {
    if (!this.#memo.has(index)) throw this.#damaged(`memo ${index} is not set`);
    this.#push(this.#memo.get(index));
  }

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
  #u8(): number {
    const at = this.#take(1);
    return this.#view.getUint8(at);
  }
  #u16(): number {
    const at = this.#take(2);
    return this.#view.getUint16(at, true);
  }
  #u32(): number {
    const at = this.#take(4);
    return this.#view.getUint32(at, true);
  }
  #i32(): number {
    const at = this.#take(4);
    return this.#view.getInt32(at, true);
  }
  #u64(): number {
    const at = this.#take(8);
    return Number(this.#view.getBigUint64(at, true));
  }
  #f64(): number {
    const at = this.#take(8);
    return this.#view.getFloat64(at, false);
  }
  #raw(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.slice(at, at + count);
  }
  #text(count: number): string {
    const at = this.#take(count);
    return utf8.decode(this.#bytes.subarray(at, at + count));
  }
  #line(): string {
    let end = this.#bytes.indexOf(0x0a, this.#at);
    while (end < 0 && this.#more(this.#bytes.byteLength + 1)) end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#damaged("it ends too early");
    const text = this.#text(end - this.#at);
    this.#at = end + 1;
    return text;
  }
  #long(count: number): number | bigint {
    const value = longFromBytes(this.#raw(count));
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  #damaged(what: string): Error {
    return this.#handlers.damaged(what);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asTuple(items: readonly unknown[]): Tuple {
  const out = new Tuple();
  for (const item of items) out.push(item);
  return out;
}
