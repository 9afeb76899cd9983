import { NotSerializableError } from "./errors.ts";
import { bytesOf, numpyCode } from "./numpy.ts";
import { PairDict } from "./pair-dict.ts";
import { longBytes, PickleBytes } from "./pickle-bytes.ts";
import { Counter, isMarkedOrdered, NdArray, PyFloat, type StateDictMetadata, Tuple } from "./python-values.ts";

/** A tensor, as its pickle describes it: which storage, and where in it. */
export interface TensorRecord {
  /** The number under which the storage is saved. */
  readonly key: string;
  /** `FloatStorage`, … */
  readonly storageClass: string;
  /** Elements in the storage. */
  readonly storageSize: number;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly requiresGrad: boolean;
  /** Lazily conjugated, or negated: the numbers in the storage are not yet. */
  readonly conj: boolean;
  readonly neg: boolean;
}

/** How the pickler asks about values that it does not know; undefined if `value` is not a tensor. */
export type DescribeTensor = (value: object) => TensorRecord | undefined;

/** `value` as a pickle of protocol 2 that PyTorch's `weights_only` unpickler reads. */
export function pickle(value: unknown, describe: DescribeTensor): Uint8Array {
  return new Pickler(describe).run(value);
}

class Pickler {
  readonly #out = new PickleBytes();
  readonly #describe: DescribeTensor;
  // what has been written: text and globals by their spelling, containers and tensors by identity
  readonly #texts = new Map<string, number>();
  readonly #globals = new Map<string, number>();
  readonly #objects = new Map<object, number>();
  readonly #path: string[] = [];
  #memoSize = 0;

  constructor(describe: DescribeTensor) {
    this.#describe = describe;
  }

  run(value: unknown): Uint8Array {
    this.#out.ascii("\x80\x02");
    try {
      this.#value(value);
    } catch (error) {
      // one call for each container in another, as in Python
      if (!(error instanceof RangeError) || !error.message.includes("call stack")) throw error;
      const path = this.#path.slice(0, 3).join(".");
      throw new NotSerializableError(
        `Cannot save what is nested ${this.#path.length} levels deep, from '${path}' on.`,
        {
          cause: error,
        },
      );
    }
    return this.#out.ascii(".").done();
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case "string":
        this.#text(value);
        return;
      case "number":
        if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.#integer(value);
        else this.#float(value);
        return;
      case "bigint":
        this.#long(value);
        return;
      case "boolean":
        this.#out.ascii(value ? "\x88" : "\x89");
        return;
      case "object":
        if (value === null) this.#out.ascii("N");
        else this.#object(value);
        return;
      case "undefined":
      case "function":
      case "symbol":
        throw this.#refusal(`a value of type ${typeof value}`);
    }
  }

  #object(value: object): void {
    const known = this.#objects.get(value);
    if (known !== undefined) {
      this.#get(known);
      return;
    }
    if (value instanceof PyFloat) {
      this.#float(value.value);
      return;
    }
    if (value instanceof PairDict) {
      this.#out.ascii("}");
      this.#put(value);
      this.#out.raw(value.opcodes);
      return;
    }
    const tensor = this.#describe(value);
    if (tensor !== undefined) {
      this.#tensor(value, tensor);
      return;
    }
    if (value instanceof Tuple) {
      this.#tuple(value);
      return;
    }
    if (Array.isArray(value)) {
      this.#list(value);
      return;
    }
    if (value instanceof Counter) {
      this.#counter(value);
      return;
    }
    if (value instanceof Map) {
      this.#map(value);
      return;
    }
    if (value instanceof Set) {
      this.#set(value);
      return;
    }
    if (value instanceof NdArray) {
      this.#ndarray(value);
      return;
    }
    if (value instanceof Uint8Array) {
      this.#bytes(value);
      return;
    }
    const proto: unknown = Object.getPrototypeOf(value);
    if (proto !== Object.prototype && proto !== null)
      throw this.#refusal(`an object of class ${value.constructor.name}`);
    this.#out.ascii("}");
    this.#put(value);
    this.#items(Object.entries(value));
  }

  #integer(value: number): void {
    if (value >= 0 && value < 0x100) this.#out.ascii("K").u8(value);
    else if (value >= 0 && value < 0x10000) this.#out.ascii("M").u16(value);
    else if (value >= -0x80000000 && value < 0x80000000) this.#out.ascii("J").i32(value);
    else this.#long(BigInt(value));
  }

  #long(value: bigint): void {
    const bytes = longBytes(value);
    if (bytes.length > 255) throw this.#refusal("an integer of more than 255 bytes");
    this.#out.ascii("\x8a").u8(bytes.length).raw(bytes);
  }

  #float(value: number): void {
    this.#out.ascii("G").f64(value);
  }

  #text(text: string): void {
    const known = this.#texts.get(text);
    if (known !== undefined) {
      this.#get(known);
      return;
    }
    if (!text.isWellFormed()) throw this.#refusal("text with half of a surrogate pair");
    const encoded = new TextEncoder().encode(text);
    this.#out.ascii("X").u32(encoded.byteLength).raw(encoded);
    this.#texts.set(text, this.#put());
  }

  #global(module: string, name: string): void {
    const line = `c${module}\n${name}\n`;
    const known = this.#globals.get(line);
    if (known !== undefined) {
      this.#get(known);
      return;
    }
    this.#out.ascii(line);
    this.#globals.set(line, this.#put());
  }

  #emptyOrderedDict(): void {
    this.#global("collections", "OrderedDict");
    this.#out.ascii(")R");
  }

  #items(entries: Iterable<readonly [unknown, unknown]>): void {
    let any = false;
    for (const [key, value] of entries) {
      if (!any) this.#out.ascii("(");
      any = true;
      this.#path.push(typeof key === "object" && key !== null ? "(…)" : String(key));
      this.#value(key);
      this.#value(value);
      this.#path.pop();
    }
    if (any) this.#out.ascii("u");
  }

  #elements(values: Iterable<unknown>): void {
    let index = 0;
    for (const value of values) {
      this.#path.push(String(index++));
      this.#value(value);
      this.#path.pop();
    }
  }

  #tuple(value: Tuple): void {
    const short = value.length <= 3;
    if (value.length === 0) {
      this.#out.ascii(")");
      return;
    }
    if (!short) this.#out.ascii("(");
    this.#elements(value);
    this.#out.ascii(short ? (["\x85", "\x86", "\x87"][value.length - 1] ?? "t") : "t");
    this.#put(value);
  }

  #list(value: readonly unknown[]): void {
    this.#out.ascii("]");
    this.#put(value);
    if (value.length === 0) return;
    this.#out.ascii("(");
    this.#elements(value);
    this.#out.ascii("e");
  }

  #counter(value: Counter): void {
    this.#global("collections", "Counter");
    this.#out.ascii("}");
    this.#items(value);
    this.#out.ascii("\x85R");
    this.#put(value);
  }

  #set(value: ReadonlySet<unknown>): void {
    this.#global("__builtin__", "set");
    this.#out.ascii("]");
    if (value.size > 0) {
      this.#out.ascii("(");
      this.#elements(value);
      this.#out.ascii("e");
    }
    this.#out.ascii("\x85R");
    this.#put(value);
  }

  #map(value: Map<unknown, unknown>): void {
    const metadata = metadataOf(value) ?? (this.#isStateDict(value) ? deriveMetadata(value.keys()) : undefined);
    if (metadata === undefined && !isMarkedOrdered(value)) this.#out.ascii("}");
    else this.#emptyOrderedDict();
    this.#put(value);
    this.#items(value);
    if (metadata === undefined) return;
    this.#out.ascii("}");
    this.#text("_metadata");
    this.#emptyOrderedDict();
    this.#items(metadata);
    this.#out.ascii("sb");
  }

  /** A Map of names to tensors is what Python has as an OrderedDict. */
  #isStateDict(value: ReadonlyMap<unknown, unknown>): value is Map<string, object> {
    if (value.size === 0) return false;
    for (const [key, item] of value) {
      if (typeof key !== "string" || typeof item !== "object" || item === null || this.#describe(item) === undefined)
        return false;
    }
    return true;
  }

  #tensor(value: object, tensor: TensorRecord): void {
    this.#global("torch._utils", "_rebuild_tensor_v2");
    this.#out.ascii("((");
    this.#text("storage");
    this.#global("torch", tensor.storageClass);
    this.#text(tensor.key);
    // wherever the tensor lives now, a machine without that device must be able to open the file
    this.#text("cpu");
    this.#integer(tensor.storageSize);
    this.#out.ascii("tQ");
    this.#integer(tensor.offset);
    this.#integers(tensor.shape);
    this.#integers(tensor.stride);
    this.#value(tensor.requiresGrad);
    this.#emptyOrderedDict();
    if (tensor.conj || tensor.neg) {
      this.#out.ascii("}");
      this.#items([...(tensor.conj ? [["conj", true] as const] : []), ...(tensor.neg ? [["neg", true] as const] : [])]);
    }
    this.#out.ascii("tR");
    this.#put(value);
  }

  #integers(values: readonly number[]): void {
    if (values.length === 0) {
      this.#out.ascii(")");
      return;
    }
    this.#out.ascii("(");
    for (const value of values) this.#integer(value);
    this.#out.ascii("t");
  }

  #bytes(value: Uint8Array): void {
    // protocol 2 has no bytes: Python writes them as text and a call of codecs.encode
    if (value.byteLength === 0) {
      this.#global("__builtin__", "bytes");
      this.#out.ascii(")R");
    } else {
      this.#global("_codecs", "encode");
      this.#text(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1"));
      this.#text("latin1");
      this.#out.ascii("\x86R");
    }
    this.#put(value);
  }

  #ndarray(value: NdArray): void {
    this.#global("numpy.core.multiarray", "_reconstruct");
    this.#global("numpy", "ndarray");
    this.#integers([0]);
    this.#bytes(Uint8Array.of(0x62));
    this.#out.ascii("\x87R");
    this.#put(value);
    this.#out.ascii("(");
    this.#integer(1);
    this.#integers(value.shape);
    const code = numpyCode(value.data);
    this.#global("numpy", "dtype");
    this.#text(code);
    this.#out.ascii("\x89\x88\x87R(");
    this.#integer(3);
    this.#text(code.endsWith("1") ? "|" : "<");
    this.#out.ascii("NNN");
    this.#integer(-1);
    this.#integer(-1);
    this.#integer(0);
    this.#out.ascii("tb\x89");
    this.#bytes(bytesOf(value.data));
    this.#out.ascii("tb");
  }

  #put(value?: object): number {
    const index = this.#memoSize++;
    if (value !== undefined) this.#objects.set(value, index);
    if (index < 256) this.#out.ascii("q").u8(index);
    else this.#out.ascii("r").u32(index);
    return index;
  }

  #get(index: number): void {
    if (index < 256) this.#out.ascii("h").u8(index);
    else this.#out.ascii("j").u32(index);
  }

  #refusal(what: string): Error {
    const where = this.#path.length > 0 ? ` at '${this.#path.join(".")}'` : "";
    return new NotSerializableError(
      `Cannot save ${what}${where}: tensors, numbers, text, null, arrays, Maps, Sets and plain objects can be.`,
    );
  }
}

function metadataOf(value: object): StateDictMetadata | undefined {
  const metadata: unknown = (value as { _metadata?: unknown })._metadata;
  return metadata instanceof Map ? metadata : undefined;
}

/**
 * The modules behind the keys of a state dict, with PyTorch's version of each: 2 for normalisations that count
 * their batches (older files lack the count), 1 for all others.
 */
export function deriveMetadata(keys: Iterable<string>): StateDictMetadata {
  const metadata: StateDictMetadata = new Map([["", { version: 1 }]]);
  for (const key of keys) {
    const parts = key.split(".");
    const last = parts.pop();
    for (let depth = 1; depth <= parts.length; depth++) {
      const path = parts.slice(0, depth).join(".");
      if (!metadata.has(path)) metadata.set(path, { version: 1 });
    }
    if (last === "num_batches_tracked") metadata.set(parts.join("."), { version: 2 });
  }
  return metadata;
}
