import { RefusedGlobalError, TensorFileFormatError } from "./errors.ts";
import { numpyGlobals } from "./globals-numpy.ts";
import { PickleGlobal } from "./pickle-global.ts";
import { Counter, type StateDictMetadata, Tuple, tuple, type WithMetadata } from "./python-values.ts";
import { storageTypeOfClass, storageTypeOfDType } from "./storage-types.ts";

/** Makes a tensor from what a pickle says of it. */
export type RebuildTensor = (
  storage: unknown,
  offset: number,
  shape: readonly number[],
  stride: readonly number[],
  flags: TensorFlags,
) => object;

export interface TensorFlags {
  readonly requiresGrad: boolean;
  /** Lazily conjugated, or negated: the numbers in memory are not yet. */
  readonly conj: boolean;
  readonly neg: boolean;
}

/** An OrderedDict while its pickle is read; it may be given `_metadata`. */
export class PickledOrderedDict extends Map<unknown, unknown> implements WithMetadata {
  declare _metadata?: StateDictMetadata;
}

/** A storage while its pickle is read, by its name in the file. */
export class PickledStorage {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
}

/**
 * The closed list of what a file may name. Every other name is refused, and no Python code is ever run.
 * Several spellings are there because Python 2's names are pickled under protocol 2, and because numpy 2 moved its own.
 */
export class Globals {
  readonly #known: ReadonlyMap<string, PickleGlobal>;
  readonly #made = new Map<string, PickleGlobal>();
  readonly #file: string;
  #left: number;

  /** @param size bytes of the pickle: what its calls copy may be some times as much. */
  constructor(file: string, rebuild: RebuildTensor, damaged: (what: string) => Error, size: number) {
    this.#file = file;
    this.#left = COPIES * size;
    // a pickle could have one list copied by thousands of calls
    const spend = (count: number) => {
      this.#left -= count;
      if (this.#left < 0) throw damaged("it has the same values copied over and over");
    };
    const all = [...known(file, rebuild, damaged, spend), ...numpyGlobals(file, damaged, spend)];
    this.#known = new Map(all.map((global) => [global.name, global]));
  }

  find(name: string): PickleGlobal {
    const unread = Object.hasOwn(UNREAD, name) ? UNREAD[name] : undefined;
    if (unread !== undefined) {
      throw new TensorFileFormatError(this.#file, `the file holds ${unread} (${name}), which is not read.`);
    }
    const global = this.#known.get(name) ?? this.#made.get(name) ?? this.#ofTorch(name);
    if (global === undefined) throw new RefusedGlobalError(this.#file, name);
    return global;
  }

  /** `torch.FloatStorage`, `torch.float32`, and the dtypes that this engine does not have. */
  #ofTorch(name: string): PickleGlobal | undefined {
    if (!name.startsWith("torch.")) return undefined;
    const rest = name.slice("torch.".length);
    const storage = storageTypeOfClass(rest);
    const isDType = storageTypeOfDType(rest) !== undefined || /^(u?int|float|bits|q?u?int)\d+\w*$/.test(rest);
    if (storage === undefined && !isDType) return undefined;
    const made = new PickleGlobal(name, storage !== undefined ? { storage } : { value: rest });
    this.#made.set(name, made);
    return made;
  }
}

const COPIES = 16;

/** What a file of PyTorch may well hold and this engine does not have: refused by what it is. */
const UNREAD: Readonly<Record<string, string>> = {
  "torch._utils._rebuild_sparse_tensor": "a sparse tensor",
  "torch._utils._rebuild_nested_tensor": "a nested tensor",
  "torch._utils._rebuild_qtensor": "a quantized tensor",
  "torch._utils._rebuild_meta_tensor_no_storage": "a tensor without memory (device 'meta')",
  "torch._utils._rebuild_device_tensor_from_numpy": "a tensor of a device that is not the CPU or a GPU",
  "__builtin__.complex": "a complex number",
  "builtins.complex": "a complex number",
};

function known(
  file: string,
  rebuild: RebuildTensor,
  damaged: (what: string) => Error,
  spend: (count: number) => void,
): PickleGlobal[] {
  /** What the one argument of a container has in it. */
  const itemsOf = (items: unknown): readonly unknown[] => {
    if (items === undefined) return [];
    if (!Array.isArray(items) && !(items instanceof Set)) throw damaged("a container is made of what has no items");
    spend(Array.isArray(items) ? items.length : items.size);
    return [...items];
  };
  const orderedDict = new PickleGlobal("collections.OrderedDict", {
    call: ([items]) => {
      const out = new PickledOrderedDict();
      for (const pair of itemsOf(items)) {
        if (!Array.isArray(pair) || pair.length !== 2) throw damaged("an OrderedDict is made of what are no pairs");
        out.set(pair[0], pair[1]);
      }
      return out;
    },
    build(object, state) {
      const metadata = state instanceof Map ? state.get("_metadata") : undefined;
      if (!(object instanceof PickledOrderedDict) || !(metadata instanceof Map)) {
        throw damaged("an OrderedDict has attributes other than _metadata");
      }
      object._metadata = metadata;
    },
  });
  const counter = new PickleGlobal("collections.Counter", {
    call: ([counts]) => {
      const out = new Counter();
      if (counts === undefined) return out;
      if (!(counts instanceof Map)) throw damaged("a Counter is made of what is no dict");
      spend(counts.size);
      for (const [key, count] of counts) out.set(key, count);
      return out;
    },
  });
  const tensor = (name: string) =>
    new PickleGlobal(name, {
      call: ([storage, offset, shape, stride, requiresGrad, _hooks, metadata]) => {
        if (!isSize(offset) || !isSizes(shape) || !isSizes(stride) || shape.length !== stride.length) {
          throw damaged("a tensor has no shape");
        }
        spend(shape.length);
        const bits = metadata instanceof Map ? metadata : new Map<unknown, unknown>();
        return rebuild(storage, offset, [...shape], [...stride], {
          requiresGrad: requiresGrad === true,
          conj: bits.get("conj") === true,
          neg: bits.get("neg") === true,
        });
      },
    });
  // PyTorch has this for the dtypes that came later than its storage classes
  const laterTensor = new PickleGlobal("torch._utils._rebuild_tensor_v3", {
    call: (args) => {
      const dtype = args[6] instanceof PickleGlobal ? String(args[6].value) : "an unknown one";
      throw new TensorFileFormatError(
        file,
        `the file holds a tensor of dtype ${dtype}, which this engine does not have.`,
      );
    },
  });
  const setRequiresGrad = (data: unknown, requiresGrad: unknown): object => {
    if (typeof data !== "object" || data === null || !("requiresGrad" in data))
      throw damaged("a parameter is no tensor");
    data.requiresGrad = requiresGrad === true;
    return data;
  };
  const parameter = (name: string) =>
    new PickleGlobal(name, { call: ([data, requiresGrad]) => setRequiresGrad(data, requiresGrad) });
  // a tensor that was given attributes in Python, and nn.Buffer, which is one: the tensor alone is read
  const withAttributes = new PickleGlobal("torch._tensor._rebuild_from_type_v2", {
    call: ([rebuilt, type, args]) => {
      if (!(rebuilt instanceof PickleGlobal) || rebuilt.call === undefined || !(args instanceof Tuple))
        throw damaged("a tensor is made by what cannot be called");
      if (!(type instanceof PickleGlobal) || !TENSOR_CLASSES.includes(type.name))
        throw damaged("a tensor is of a class that is none of tensors");
      return rebuilt.call(args);
    },
  });
  const encode = new PickleGlobal("_codecs.encode", {
    call: ([text, encoding]) => {
      if (typeof text !== "string" || encoding !== "latin1") throw damaged("its bytes cannot be read");
      spend(text.length);
      return new Uint8Array(Buffer.from(text, "latin1"));
    },
  });
  const set = (name: string) => new PickleGlobal(name, { call: ([items]) => new Set(itemsOf(items)) });
  const bytes = (name: string) => new PickleGlobal(name, { call: () => new Uint8Array(0) });
  return [
    orderedDict,
    counter,
    // the first is of PyTorch before 0.4
    tensor("torch._utils._rebuild_tensor"),
    tensor("torch._utils._rebuild_tensor_v2"),
    laterTensor,
    parameter("torch._utils._rebuild_parameter"),
    parameter("torch._utils._rebuild_parameter_with_state"),
    withAttributes,
    ...TENSOR_CLASSES.map((name) => new PickleGlobal(name)),
    new PickleGlobal("torch.storage.UntypedStorage", { storage: "untyped" }),
    new PickleGlobal("torch.Size", { call: ([items]) => tuple(itemsOf(items)) }),
    new PickleGlobal("torch.device", { call: (args) => args.join(":") }),
    encode,
    set("__builtin__.set"),
    set("builtins.set"),
    set("__builtin__.frozenset"),
    set("builtins.frozenset"),
    bytes("__builtin__.bytes"),
    bytes("builtins.bytes"),
  ];
}

const TENSOR_CLASSES = ["torch.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer"];

// far more than any operator takes
const MAX_DIMS = 64;

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length <= MAX_DIMS && value.every(isSize);
}
