import { statSync } from "node:fs";
import { ops } from "../invoke.ts";
import { empty } from "../ops.ts";
import { scope } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, isFloatingPoint } from "../types.ts";
import { type ByteSource, openSource } from "./byte-source.ts";
import { DamagedTensorFileError, TensorFileError, TensorFileFormatError } from "./errors.ts";
import { finish } from "./finish.ts";
import { Globals, PickledStorage, type TensorFlags } from "./globals.ts";
import { checkOptions } from "./options.ts";
import { PickleGlobal, unpickle } from "./pickle-reader.ts";
import type { StorageType } from "./storage-types.ts";
import { ZipReader } from "./zip-reader.ts";

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
 * Reads a file of `torch.save` (PyTorch 1.6 or later), given as its path or its bytes. Nothing in it is run: what a
 * file may name is a closed list, as with `weights_only=True`.
 *
 * A dict with text keys comes as a plain object; another one, and one with a key like "0", whose order an object would
 * lose, as a Map; an OrderedDict (a state dict) as a Map; a tuple as a `torch.Tuple` (an array); an int beyond 2^53 as a
 * bigint; numpy's bool arrays as 0 and 1, its float16 arrays as float32. Attributes that Python code gave to a tensor are
 * left out. The tensors belong to the open scope, or to the caller.
 *
 * Errors name the file: {@link DamagedTensorFileError} (cut short, wrong checksum), {@link TensorFileFormatError}
 * (another format, or a kind of value that is not read), `RefusedGlobalError` (a class that is not on the list), `TensorFileError` (not there).
 */
export function load(input: string | Uint8Array, options: LoadOptions = {}): unknown {
  checkOptions("torch.load", options, ["mapLocation", "mmap"]);
  using source = openSource(input);
  using within = scope();
  if (options.mmap === true && typeof input !== "string")
    throw new TypeError("torch.load: mmap needs the path of a file.");
  const mapping = options.mmap === true ? mapFile(input as string) : null;
  const file = new TensorFile(source, options.mapLocation ?? "cpu", mapping);
  const value = file.read();
  within.keep([...file.tensors]);
  return value;
}

/** The whole file as bytes, in memory that the system fills when it is read and that no write carries back. */
function mapFile(path: string): Tensor {
  return ops("aten::from_file", path, false, statSync(path).size, "uint8") as Tensor;
}

class TensorFile {
  /** All that was rebuilt. */
  readonly tensors = new Set<Tensor>();
  readonly #source: ByteSource;
  readonly #zip: ZipReader;
  readonly #device: string;
  readonly #prefix: string;
  readonly #mapping: Tensor | null;
  readonly #storages = new Map<string, { type: StorageType; size: number; tensor: Tensor }>();

  constructor(source: ByteSource, device: string, mapping: Tensor | null) {
    this.#source = source;
    this.#device = device;
    this.#mapping = mapping;
    this.#zip = new ZipReader(source);
    const data = this.#zip.names().find((name) => /^[^/]*\/data\.pkl$/.test(name));
    if (data === undefined) {
      throw new TensorFileFormatError(source.name, "this zip is not a file of torch.save (it has no data.pkl).");
    }
    this.#prefix = data.slice(0, data.indexOf("/") + 1);
    if (this.#zip.has(`${this.#prefix}constants.pkl`)) {
      throw new TensorFileFormatError(source.name, "this is a TorchScript program, not a file of torch.save.");
    }
    const order = this.#zip.has(`${this.#prefix}byteorder`) ? this.#text("byteorder") : "little";
    if (order !== "little")
      throw new TensorFileFormatError(source.name, `its byte order is '${order}'; only little is read.`);
  }

  #text(name: string): string {
    return new TextDecoder().decode(this.#zip.read(this.#prefix + name));
  }

  read(): unknown {
    const damaged = (what: string) => new DamagedTensorFileError(this.#source.name, `the file is damaged: ${what}.`);
    const bytes = this.#zip.read(`${this.#prefix}data.pkl`);
    const rebuild = this.#rebuild.bind(this, damaged);
    const globals = new Globals(this.#source.name, rebuild, damaged, bytes.byteLength);
    return this.#naming(() => {
      const pickled = unpickle(bytes, {
        global: (name) => globals.find(name),
        persistent: (id) => this.#storage(id, damaged),
        damaged: (what) => damaged(`its pickle cannot be read, ${what}`),
      });
      return finish(pickled, this.#source.name);
    });
  }

  /** What libtorch says of a tensor that it does not make (a shape, the memory) becomes an error with the file's name. */
  #naming<T>(run: () => T): T {
    try {
      return run();
    } catch (cause) {
      if (cause instanceof TensorFileError) throw cause;
      const [reason] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
      throw new TensorFileError(this.#source.name, `the file cannot be loaded: ${reason}`, { cause });
    }
  }

  /** A storage by its persistent id: ("storage", class, key, device, number of elements). */
  #storage(id: unknown, damaged: (what: string) => Error): PickledStorage {
    const [kind, storageClass, key, , size]: unknown[] = Array.isArray(id) ? id : [];
    const type = storageClass instanceof PickleGlobal ? storageClass.storage : undefined;
    if (kind !== "storage" || type === undefined || typeof key !== "string" || typeof size !== "number") {
      throw damaged("a storage is not described");
    }
    const storage = new PickledStorage(key);
    // of a dtype that is not read, or for itself: either way an error will say so
    if (type === "untyped") return storage;
    const known = this.#storages.get(key);
    if (known !== undefined) {
      if (known.type !== type) throw damaged(`the storage ${key} has two types`);
      return storage;
    }
    const record = `${this.#prefix}data/${key}`;
    const place = this.#zip.locate(record);
    if (place.size !== size * type.itemSize) {
      throw damaged(`the storage ${key} has ${place.size} bytes instead of ${size * type.itemSize}`);
    }
    if (this.#mapping !== null && this.#device === "cpu" && place.start % type.itemSize === 0) {
      const tensor = this.#mapping.narrow(0, place.start, place.size).view(type.dtype);
      this.#storages.set(key, { type, size, tensor });
      return storage;
    }
    const tensor = this.#zip.readTensor(record, type.dtype, [size], this.#device);
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
