import { RefusedGlobalError } from "./errors.ts";
import { isNumpyCode, numbersFromBytes } from "./numpy.ts";
import { PickledDict, type PickleGlobal } from "./pickle-reader.ts";
import {
  Counter,
  markOrdered,
  NdArray,
  type StateDictMetadata,
  Tuple,
  tuple,
  type WithMetadata,
} from "./python-values.ts";
import { type StorageType, storageTypeOfClass, storageTypeOfDType } from "./storage-types.ts";

/** Makes a tensor from what a pickle says of it. */
export type RebuildTensor = (
  storage: unknown,
  offset: number,
  shape: readonly number[],
  stride: readonly number[],
  requiresGrad: boolean,
) => object;

/** A numpy dtype or array while its pickle is read: BUILD fills it in. */
class PickledDType {
  code: string;
  bigEndian = false;
  constructor(code: string) {
    this.code = code;
  }
}
export class PickledArray {
  value: NdArray | undefined;
}

/** An OrderedDict while its pickle is read; it may be given `_metadata`. */
class PickledOrderedDict extends Map<unknown, unknown> implements WithMetadata {
  declare _metadata?: StateDictMetadata;
}

/** What a global that names a storage class stands for. */
export function storageTypeOf(value: unknown): StorageType | undefined {
  return (value as { storage?: StorageType } | null)?.storage;
}

/**
 * The closed list of what a file may name. Every other name is refused, and no Python code is ever run.
 * Several spellings are there because Python 2's names are pickled under protocol 2, and because numpy 2 moved its own.
 */
export class Globals {
  readonly #known: ReadonlyMap<string, PickleGlobal>;
  readonly #made = new Map<string, PickleGlobal>();
  readonly #file: string;

  constructor(file: string, rebuild: RebuildTensor, damaged: (what: string) => Error) {
    this.#file = file;
    this.#known = new Map(known(rebuild, damaged).map((global) => [global.name, global]));
  }

  find(name: string): PickleGlobal {
    const global = this.#known.get(name) ?? this.#made.get(name) ?? this.#ofTorch(name);
    if (global === undefined) throw new RefusedGlobalError(this.#file, name);
    return global;
  }

  /** `torch.FloatStorage`, `torch.float32`. */
  #ofTorch(name: string): PickleGlobal | undefined {
    if (!name.startsWith("torch.")) return undefined;
    const rest = name.slice("torch.".length);
    const storage = storageTypeOfClass(rest);
    const made =
      storage !== undefined
        ? { name, storage }
        : storageTypeOfDType(rest) !== undefined
          ? { name, value: rest }
          : undefined;
    if (made !== undefined) this.#made.set(name, made);
    return made;
  }
}

function known(rebuild: RebuildTensor, damaged: (what: string) => Error): PickleGlobal[] {
  const orderedDict: PickleGlobal = {
    name: "collections.OrderedDict",
    call: ([items]) => new PickledOrderedDict(items === undefined ? [] : (items as [unknown, unknown][])),
    build(object, state) {
      const metadata = state instanceof Map ? state.get("_metadata") : undefined;
      if (!(object instanceof PickledOrderedDict) || !(metadata instanceof Map)) {
        throw damaged("an OrderedDict has attributes other than _metadata");
      }
      object._metadata = metadata as StateDictMetadata;
    },
  };
  const counter: PickleGlobal = {
    name: "collections.Counter",
    call: ([items]) => new Counter((items instanceof Map ? items : []) as Iterable<[unknown, number]>),
  };
  const tensor: PickleGlobal = {
    name: "torch._utils._rebuild_tensor_v2",
    call: ([storage, offset, shape, stride, requiresGrad]) => {
      if (!isSize(offset) || !isSizes(shape) || !isSizes(stride) || shape.length !== stride.length) {
        throw damaged("a tensor has no shape");
      }
      return rebuild(storage, offset, [...shape], [...stride], requiresGrad === true);
    },
  };
  const parameter: PickleGlobal = {
    name: "torch._utils._rebuild_parameter",
    call: ([data, requiresGrad]) => {
      if (typeof data !== "object" || data === null || !("requiresGrad" in data))
        throw damaged("a parameter is no tensor");
      data.requiresGrad = requiresGrad === true;
      return data;
    },
  };
  const size: PickleGlobal = { name: "torch.Size", call: ([items]) => tuple((items as Iterable<unknown>) ?? []) };
  const device: PickleGlobal = { name: "torch.device", call: (args) => args.join(":") };
  const encode: PickleGlobal = {
    name: "_codecs.encode",
    call: ([text, encoding]) => {
      if (typeof text !== "string" || encoding !== "latin1") throw damaged("its bytes cannot be read");
      return new Uint8Array(Buffer.from(text, "latin1"));
    },
  };
  const set = (name: string): PickleGlobal => ({
    name,
    call: ([items]) => new Set((items as Iterable<unknown>) ?? []),
  });
  const bytes = (name: string): PickleGlobal => ({ name, call: () => new Uint8Array(0) });
  return [
    orderedDict,
    counter,
    tensor,
    parameter,
    size,
    device,
    encode,
    set("__builtin__.set"),
    set("builtins.set"),
    bytes("__builtin__.bytes"),
    bytes("builtins.bytes"),
    ...numpyGlobals(damaged),
  ];
}

function numpyGlobals(damaged: (what: string) => Error): PickleGlobal[] {
  const reconstruct = (name: string): PickleGlobal => ({
    name,
    call: () => new PickledArray(),
    build(object, state) {
      if (!(object instanceof PickledArray) || !(state instanceof Tuple)) throw damaged("a numpy array cannot be read");
      const [, shape, dtype, fortran, data] = state;
      if (!isSizes(shape) || !(dtype instanceof PickledDType) || !(data instanceof Uint8Array) || fortran === true) {
        throw damaged("a numpy array has a layout that is not read (only C order is)");
      }
      object.value = new NdArray(numbers(dtype, data), [...shape]);
    },
  });
  const numbers = (dtype: PickledDType, data: Uint8Array) => {
    if (!isNumpyCode(dtype.code) || dtype.bigEndian) throw damaged(`numpy's dtype '${dtype.code}' is not read`);
    return numbersFromBytes(data, dtype.code);
  };
  const scalar = (name: string): PickleGlobal => ({
    name,
    call: ([dtype, data]) => {
      if (!(dtype instanceof PickledDType) || !(data instanceof Uint8Array))
        throw damaged("a numpy number cannot be read");
      return numbers(dtype, data)[0] ?? null;
    },
  });
  const dtype: PickleGlobal = {
    name: "numpy.dtype",
    call: ([code]) => new PickledDType(String(code)),
    build(object, state) {
      if (!(object instanceof PickledDType) || !(state instanceof Tuple)) throw damaged("a numpy dtype cannot be read");
      object.bigEndian = state[1] === ">";
    },
  };
  return [
    reconstruct("numpy.core.multiarray._reconstruct"),
    reconstruct("numpy._core.multiarray._reconstruct"),
    scalar("numpy.core.multiarray.scalar"),
    scalar("numpy._core.multiarray.scalar"),
    { name: "numpy.ndarray" },
    dtype,
  ];
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isSize);
}

/**
 * Turns what the unpickler made into what users get, in place: dicts with text keys become plain objects, other dicts
 * and OrderedDicts Maps. What was shared stays shared.
 */
export function finish(value: unknown, done: Map<object, unknown> = new Map()): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (done.has(value)) return done.get(value);
  if (value instanceof PickledArray) return value.value;
  if (Array.isArray(value)) {
    done.set(value, value);
    for (let i = 0; i < value.length; i++) value[i] = finish(value[i], done);
    return value;
  }
  if (value instanceof Set) {
    const items = [...value];
    done.set(value, value);
    value.clear();
    for (const item of items) value.add(finish(item, done));
    return value;
  }
  if (value instanceof PickledDict && [...value.keys()].every((key) => typeof key === "string")) {
    const object: Record<string, unknown> = {};
    done.set(value, object);
    for (const [key, item] of value) {
      // defineProperty, because assigning to __proto__ would not add a key
      Object.defineProperty(object, key as string, {
        value: finish(item, done),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return object;
  }
  if (value instanceof Map) {
    const map: Map<unknown, unknown> = value instanceof Counter ? new Counter() : new Map();
    done.set(value, map);
    for (const [key, item] of value) map.set(finish(key, done), finish(item, done));
    if (value instanceof PickledOrderedDict) markOrdered(map);
    if (value instanceof PickledOrderedDict && value._metadata !== undefined) {
      Object.defineProperty(map, "_metadata", {
        value: finish(value._metadata, done),
        writable: true,
        configurable: true,
      });
    }
    return map;
  }
  if ("name" in value && "value" in value && (value as PickleGlobal).name.startsWith("torch.")) return value.value;
  return value;
}
