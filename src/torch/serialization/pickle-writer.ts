import { NotSerializableError } from "./errors.ts";
import { bytesOf, numpyCode } from "./numpy.ts";
import { PairDict } from "./pair-dict.ts";
import { longBytes } from "./pickle-bytes.ts";
import { PickleWords } from "./pickle-words.ts";
import { Counter, isMarkedOrdered, NdArray, PyFloat, Tuple } from "./python-values.ts";
import { deriveMetadata, metadataOf } from "./state-dict-metadata.ts";

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
  readonly #to = new PickleWords();
  readonly #describe: DescribeTensor;
  readonly #path: string[] = [];

  constructor(describe: DescribeTensor) {
    this.#describe = describe;
  }

  run(value: unknown): Uint8Array {
    this.#to.out.ascii("\x80\x02");
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
    return this.#to.out.ascii(".").done();
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case "string":
        this.#text(value);
        return;
      case "number":
        if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.#to.integer(value);
        else this.#to.float(value);
        return;
      case "bigint":
        this.#long(value);
        return;
      case "boolean":
        this.#to.out.ascii(value ? "\x88" : "\x89");
        return;
      case "object":
        if (value === null) this.#to.out.ascii("N");
        else this.#object(value);
        return;
      case "undefined":
      case "function":
      case "symbol":
        throw this.#refusal(`a value of type ${typeof value}`);
    }
  }

  #object(value: object): void {
    if (this.#to.again(value)) return;
    if (value instanceof PyFloat) {
      this.#to.float(value.value);
      return;
    }
    if (value instanceof PairDict) {
      this.#to.out.ascii("}");
      this.#to.put(value);
      this.#to.out.raw(value.opcodes);
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
    this.#to.out.ascii("}");
    this.#to.put(value);
    this.#items(Object.entries(value));
  }

  #long(value: bigint): void {
    const bytes = longBytes(value);
    if (bytes.length > 255) throw this.#refusal("an integer of more than 255 bytes");
    this.#to.long(bytes);
  }

  #text(text: string): void {
    if (!text.isWellFormed()) throw this.#refusal("text with half of a surrogate pair");
    this.#to.text(text);
  }

  #items(entries: Iterable<readonly [unknown, unknown]>): void {
    let any = false;
    for (const [key, value] of entries) {
      if (!any) this.#to.out.ascii("(");
      any = true;
      this.#path.push(typeof key === "object" && key !== null ? "(…)" : String(key));
      this.#value(key);
      this.#value(value);
      this.#path.pop();
    }
    if (any) this.#to.out.ascii("u");
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
      this.#to.out.ascii(")");
      return;
    }
    if (!short) this.#to.out.ascii("(");
    this.#elements(value);
    this.#to.out.ascii(short ? (["\x85", "\x86", "\x87"][value.length - 1] ?? "t") : "t");
    this.#to.put(value);
  }

  #list(value: readonly unknown[]): void {
    this.#to.out.ascii("]");
    this.#to.put(value);
    if (value.length === 0) return;
    this.#to.out.ascii("(");
    this.#elements(value);
    this.#to.out.ascii("e");
  }

  #counter(value: Counter): void {
    this.#to.global("collections", "Counter");
    this.#to.out.ascii("}");
    this.#items(value);
    this.#to.out.ascii("\x85R");
    this.#to.put(value);
  }

  #set(value: ReadonlySet<unknown>): void {
    this.#to.global("__builtin__", "set");
    this.#to.out.ascii("]");
    if (value.size > 0) {
      this.#to.out.ascii("(");
      this.#elements(value);
      this.#to.out.ascii("e");
    }
    this.#to.out.ascii("\x85R");
    this.#to.put(value);
  }

  #map(value: Map<unknown, unknown>): void {
    const metadata = metadataOf(value) ?? (this.#isStateDict(value) ? deriveMetadata(value.keys()) : undefined);
    if (metadata === undefined && !isMarkedOrdered(value)) this.#to.out.ascii("}");
    else this.#to.emptyOrderedDict();
    this.#to.put(value);
    this.#items(value);
    if (metadata === undefined) return;
    this.#to.out.ascii("}");
    this.#text("_metadata");
    this.#to.emptyOrderedDict();
    this.#items(metadata);
    this.#to.out.ascii("sb");
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
    this.#to.global("torch._utils", "_rebuild_tensor_v2");
    this.#to.out.ascii("((");
    this.#text("storage");
    this.#to.global("torch", tensor.storageClass);
    this.#text(tensor.key);
    // wherever the tensor lives now, a machine without that device must be able to open the file
    this.#text("cpu");
    this.#to.integer(tensor.storageSize);
    this.#to.out.ascii("tQ");
    this.#to.integer(tensor.offset);
    this.#to.integers(tensor.shape);
    this.#to.integers(tensor.stride);
    this.#value(tensor.requiresGrad);
    this.#to.emptyOrderedDict();
    if (tensor.conj || tensor.neg) {
      this.#to.out.ascii("}");
      this.#items([...(tensor.conj ? [["conj", true] as const] : []), ...(tensor.neg ? [["neg", true] as const] : [])]);
    }
    this.#to.out.ascii("tR");
    this.#to.put(value);
  }

  #bytes(value: Uint8Array): void {
    // protocol 2 has no bytes: Python writes them as text and a call of codecs.encode
    if (value.byteLength === 0) {
      this.#to.global("__builtin__", "bytes");
      this.#to.out.ascii(")R");
    } else {
      this.#to.global("_codecs", "encode");
      this.#text(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1"));
      this.#text("latin1");
      this.#to.out.ascii("\x86R");
    }
    this.#to.put(value);
  }

  #ndarray(value: NdArray): void {
    this.#to.global("numpy.core.multiarray", "_reconstruct");
    this.#to.global("numpy", "ndarray");
    this.#to.integers([0]);
    this.#bytes(Uint8Array.of(0x62));
    this.#to.out.ascii("\x87R");
    this.#to.put(value);
    this.#to.out.ascii("(");
    this.#to.integer(1);
    this.#to.integers(value.shape);
    const code = numpyCode(value.data);
    this.#to.global("numpy", "dtype");
    this.#text(code);
    this.#to.out.ascii("\x89\x88\x87R(");
    this.#to.integer(3);
    this.#text(code.endsWith("1") ? "|" : "<");
    this.#to.out.ascii("NNN");
    this.#to.integer(-1);
    this.#to.integer(-1);
    this.#to.integer(0);
    this.#to.out.ascii("tb\x89");
    this.#bytes(bytesOf(value.data));
    this.#to.out.ascii("tb");
  }

  #refusal(what: string): Error {
    const where = this.#path.length > 0 ? ` at '${this.#path.join(".")}'` : "";
    return new NotSerializableError(
      `Cannot save ${what}${where}: tensors, numbers, text, null, arrays, Maps, Sets and plain objects can be.`,
    );
  }
}
