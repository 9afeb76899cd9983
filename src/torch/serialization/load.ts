import { empty } from "../ops.ts";
import { scope } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, isFloatingPoint } from "../types.ts";
import { type ByteSource, openSource } from "./byte-source.ts";
import { DamagedTensorFileError, TensorFileError, TensorFileFormatError } from "./errors.ts";
import { finish } from "./finish.ts";
import { Globals, PickledStorage, type TensorFlags } from "./globals.ts";
import { isLegacy, LegacyRecords } from "./legacy-records.ts";
import { checkOptions } from "./options.ts";
import { PickleGlobal } from "./pickle-global.ts";
import type { Records } from "./records.ts";
import type { StorageType } from "./storage-types.ts";
import { ZipRecords } from "./zip-records.ts";

export interface LoadOptions {
  /** Where the tensors go, whatever device they were saved from. Default `cpu`. */
  readonly mapLocation?: string | undefined;
  /**
   * Map the file into memory instead of reading it: nothing is read before it is used, and checksums are not looked at.
   * Writing into such a tensor does not change the file; do not change the file while it lives. Default false, as in
   * PyTorch. Needs a path.
   */
  readonly mmap?: boolean | undefined;
}

/**
 * Reads a file of `torch.save` (of the format before PyTorch 1.6, too), given as its path or its bytes. Nothing in it is run: what a
 * file may name is a closed list, as with `weights_only=True`.
 *
 * A dict with text keys comes as a plain object; another one, and one with a key like "0", whose order an object would
 * lose, as a Map; an OrderedDict (a state dict) as a Map; a tuple as a `torch.Tuple` (an array); an int beyond 2^53 as a
 * bigint; numpy's bool arrays as 0 and 1, its float16 arrays as float32. Attributes that Python code gave to a tensor are
 * left out. The tensors belong to the open scope, or to the caller.
 *
 * Errors name the file: {@link DamagedTensorFileError} (cut short, wrong checksum), {@link TensorFileFormatError}
 * (another format, or a kind of value that is not read), `RefusedGlobalError` (a class that is not on the list), `TensorFileError` (not there).
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(4, 2);
 * torch.save({ epoch: 3, model: layer.stateDict() }, "model.pt");
 * using scope = torch.scope();
 * const { epoch, model } = torch.load("model.pt") as { epoch: number; model: Map<string, torch.Tensor> };
 * console.log(epoch, [...model.keys()]); // → 3 [ 'weight', 'bias' ]
 * layer.loadStateDict(model);
 * ```
 */
export function load(input: string | Uint8Array, options: LoadOptions = {}): unknown {
  checkOptions("torch.load", options, ["mapLocation", "mmap"]);
  using source = openSource(input);
  using within = scope();
  if (options.mmap === true && typeof input !== "string")
    throw new TypeError("torch.load: mmap needs the path of a file.");
  const mapped = options.mmap === true && typeof input === "string" ? input : null;
  const file = new TensorFile(source, options.mapLocation ?? "cpu", mapped);
  const value = file.read();
  within.keep([...file.tensors]);
  return value;
}

class TensorFile {
  /** All that was rebuilt. */
  readonly tensors = new Set<Tensor>();
  readonly #name: string;
  readonly #device: string;
  readonly #records: Records;
  readonly #storages = new Map<string, { type: StorageType; size: number; tensor: Tensor }>();

  constructor(source: ByteSource, device: string, mapped: string | null) {
    this.#name = source.name;
    this.#device = device;
    if (!isLegacy(source)) this.#records = new ZipRecords(source, device, mapped);
    else if (mapped === null) this.#records = new LegacyRecords(source, device);
    else
      throw new TensorFileFormatError(
        source.name,
        "a file of the format before PyTorch 1.6 cannot be mapped into memory.",
      );
  }

  read(): unknown {
    const damaged = (what: string) => new DamagedTensorFileError(this.#name, `the file is damaged: ${what}.`);
    const rebuild = this.#rebuild.bind(this, damaged);
    const globals = new Globals(this.#name, rebuild, damaged, this.#records.pickleSize);
    return this.#naming(() => {
      const pickled = this.#records.unpickle({
        global: (name) => globals.find(name),
        persistent: (id) => this.#storage(id, damaged),
        damaged: (what) => damaged(`its pickle cannot be read, ${what}`),
      });
      const value = finish(pickled, this.#name);
      this.#records.finish();
      return value;
    });
  }

  /** What libtorch says of a tensor that it does not make (a shape, the memory) becomes an error with the file's name. */
  #naming<T>(run: () => T): T {
    try {
      return run();
    } catch (cause) {
      if (cause instanceof TensorFileError) throw cause;
      const [reason] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
      throw new TensorFileError(this.#name, `the file cannot be loaded: ${reason}`, { cause });
    }
  }

  /** A storage by its persistent id: ("storage", class, key, device, number of elements, and in old files None). */
  #storage(id: unknown, damaged: (what: string) => Error): PickledStorage {
    const [kind, storageClass, key, , size, view]: unknown[] = Array.isArray(id) ? id : [];
    const type = storageClass instanceof PickleGlobal ? storageClass.storage : undefined;
    if (kind !== "storage" || type === undefined || typeof key !== "string" || typeof size !== "number") {
      throw damaged("a storage is not described");
    }
    if (view !== undefined && view !== null)
      throw new TensorFileFormatError(
        this.#name,
        "the file holds a storage that is a part of another, which is not read.",
      );
    const storage = new PickledStorage(key);
    // of a dtype that is not read, or for itself: either way an error will say so
    if (type === "untyped") return storage;
    const known = this.#storages.get(key);
    if (known !== undefined) {
      if (known.type !== type) throw damaged(`the storage ${key} has two types`);
      return storage;
    }
    const tensor = this.#records.storage(key, type, size);
    this.#storages.set(key, { type, size, tensor });
    return storage;
  }

  /** A tensor of its own over the storage, not a view of another tensor: autograd knows no base of it. */
  #rebuild(
    damaged: (what: string) => Error,
    key: unknown,
    offset: number,
    shape: readonly number[],
    stride: readonly number[],
    { requiresGrad, conj, neg }: TensorFlags,
  ): Tensor {
    const storage = key instanceof PickledStorage ? this.#storages.get(key.key) : undefined;
    if (storage === undefined) throw damaged("a tensor has no storage");
    const last = shape.reduce((sum, length, dim) => sum + (length - 1) * (stride[dim] ?? 0), offset);
    // strides of 0 let few numbers stand for many; beyond this, sizes are no longer exact
    if (!Number.isSafeInteger(shape.reduce((a, b) => a * b, storage.type.itemSize)) && !shape.includes(0))
      throw damaged("a tensor is larger than any can be");
    if (!shape.includes(0) && last >= storage.size) throw damaged("a tensor is larger than its storage");
    const { type, tensor } = storage;
    if (conj && !isComplex(type.dtype)) throw damaged(`a tensor of ${type.dtype} is conjugated`);
    if (neg && !isComplex(type.dtype) && !isFloatingPoint(type.dtype))
      throw damaged(`a tensor of ${type.dtype} is negated`);
    let out = empty([0], { dtype: type.dtype, device: this.#device });
    out.set_(tensor, offset, [...shape], [...stride]);
    if (conj) out = out._conj();
    if (neg) out = out._negView();
    if (requiresGrad) out.requiresGrad = true;
    this.tensors.add(out);
    return out;
  }
}

function isComplex(dtype: DType): boolean {
  return dtype === "complex64" || dtype === "complex128";
}
