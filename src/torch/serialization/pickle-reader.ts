import type { ByteSource } from "./byte-source.ts";
import { PickleCursor } from "./pickle-cursor.ts";
import { PickleGlobal } from "./pickle-global.ts";
import { Tuple } from "./python-values.ts";

/** What the bytes of a pickle mean, as far as that is the file's and not the protocol's. */
export interface PickleHandlers {
  /** A class or function by its name in Python; throws for those that are not on the list. */
  global(name: string): PickleGlobal;
  /** What a persistent id (a storage) stands for. */
  persistent(id: unknown): unknown;
  /** The pickle breaks its protocol. */
  damaged(what: string): Error;
}

/** A Python dict while its pickle is read. */
export class PickledDict extends Map<unknown, unknown> {}

const MARK = Symbol("mark");

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
  readonly #from: PickleCursor;
  readonly #handlers: PickleHandlers;
  readonly #memo = new Map<number, unknown>();
  // which global made an object, for BUILD
  readonly #makers = new WeakMap<object, PickleGlobal>();
  #stack: unknown[] = [];

  /** @param window the bytes from the start, as many as wanted or more; fewer where there are no more. */
  constructor(window: (wanted: number) => Uint8Array, handlers: PickleHandlers) {
    this.#from = new PickleCursor(window, (what) => handlers.damaged(what));
    this.#handlers = handlers;
  }

  run(): { value: unknown; length: number } {
    for (;;) {
      const opcode = String.fromCharCode(this.#from.u8());
      if (opcode === ".") {
        if (this.#stack.length !== 1) throw this.#damaged("it does not end with one value");
        return { value: this.#pop(), length: this.#from.at };
      }
      this.#step(opcode);
    }
  }

  #step(opcode: string): void {
    switch (opcode) {
      case "\x80": // PROTO
        if (this.#from.u8() > 5) throw this.#damaged("its protocol is unknown");
        return;
      case "\x95": // FRAME
        this.#from.skip(8);
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
        this.#push(this.#from.u8());
        return;
      case "M":
        this.#push(this.#from.u16());
        return;
      case "J":
        this.#push(this.#from.i32());
        return;
      case "\x8a":
        this.#push(this.#from.long(this.#from.u8()));
        return;
      case "\x8b":
        this.#push(this.#from.long(this.#from.u32()));
        return;
      case "G":
        this.#push(this.#from.f64());
        return;
      case "X":
        this.#push(this.#from.text(this.#from.u32()));
        return;
      case "\x8c":
        this.#push(this.#from.text(this.#from.u8()));
        return;
      case "\x8d":
        this.#push(this.#from.text(this.#from.u64()));
        return;
      case "U": // text of Python 2
        this.#push(this.#from.text(this.#from.u8()));
        return;
      case "T":
        this.#push(this.#from.text(this.#from.u32()));
        return;
      case "C":
        this.#push(this.#from.raw(this.#from.u8()));
        return;
      case "B":
        this.#push(this.#from.raw(this.#from.u32()));
        return;
      case "\x8e":
        this.#push(this.#from.raw(this.#from.u64()));
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
        this.#put(this.#from.u8());
        return;
      case "r":
        this.#put(this.#from.u32());
        return;
      case "\x94": // MEMOIZE
        this.#put(this.#memo.size);
        return;
      case "h":
        this.#get(this.#from.u8());
        return;
      case "j":
        this.#get(this.#from.u32());
        return;
      case "c":
        this.#push(this.#handlers.global(`${this.#from.line()}.${this.#from.line()}`));
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
          `opcode 0x${opcode.charCodeAt(0).toString(16)} at ${this.#from.at - 1} is not one of tensor files`,
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

  #damaged(what: string): Error {
    return this.#handlers.damaged(what);
  }
}

function asTuple(items: readonly unknown[]): Tuple {
  const out = new Tuple();
  for (const item of items) out.push(item);
  return out;
}
