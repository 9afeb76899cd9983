import { statSync } from "node:fs";
import { fromBytes } from "../creation.ts";
import { ops } from "../invoke.ts";
import { empty } from "../ops.ts";
import { scope } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { type ByteSource, openSource } from "./byte-source.ts";
import { DamagedTensorFileError, TensorFileFormatError } from "./errors.ts";
import { finish, Globals, storageTypeOf } from "./globals.ts";
import { unpickle } from "./pickle-reader.ts";
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
 * A dict with text keys comes as a plain object, another one as a Map; an OrderedDict (a state dict) as a Map; a tuple
 * as a `torch.Tuple` (an array); an int beyond 2^53 as a bigint. The tensors belong to the open scope, or to the caller.
 *
 * Errors name the file: {@link DamagedTensorFileError} (cut short, wrong checksum), {@link TensorFileFormatError}
 * (another format), `RefusedGlobalError` (a class that is not on the list), `TensorFileError` (not there).
 */
export function load(input: string | Uint8Array, options: LoadOptions = {}): unknown {
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
    const globals = new Globals(this.#source.name, (...args) => this.#rebuild(damaged, ...args), damaged);
    const pickled = unpickle(this.#zip.read(`${this.#prefix}data.pkl`), {
      global: (name) => globals.find(name),
      persistent: (id) => this.#storage(id, damaged),
      damaged: (what) => damaged(`its pickle cannot be read, ${what}`),
    });
    return finish(pickled);
  }

  /** A storage by its persistent id: ("storage", class, key, device, number of elements). */
  #storage(id: unknown, damaged: (what: string) => Error): string {
    const [kind, storageClass, key, , size] = Array.isArray(id) ? id : [];
    const type = storageTypeOf(storageClass);
    if (kind !== "storage" || type === undefined || typeof key !== "string" || typeof size !== "number") {
      throw damaged("a storage is not described");
    }
    const known = this.#storages.get(key);
    if (known !== undefined) {
      if (known.type !== type) throw damaged(`the storage ${key} has two types`);
      return key;
    }
    const record = `${this.#prefix}data/${key}`;
    const place = this.#zip.locate(record);
    if (place.size !== size * type.itemSize) {
      throw damaged(`the storage ${key} has ${place.size} bytes instead of ${size * type.itemSize}`);
    }
    if (this.#mapping !== null && this.#device === "cpu" && place.start % type.itemSize === 0) {
      const tensor = this.#mapping.narrow(0, place.start, place.size).view(type.dtype);
      this.#storages.set(key, { type, size, tensor });
      return key;
    }
    const bytes = this.#zip.read(record);
    const onCpu = fromBytes(bytes, type.dtype, [size]);
    const tensor = this.#device === "cpu" ? onCpu : onCpu.to({ device: this.#device });
    if (tensor !== onCpu) onCpu.dispose();
    this.#storages.set(key, { type, size, tensor });
    return key;
  }

  /** A tensor of its own over the storage, not a view of another tensor: autograd knows no base of it. */
  #rebuild(
    damaged: (what: string) => Error,
    key: unknown,
    offset: number,
    shape: readonly number[],
    stride: readonly number[],
    requiresGrad: boolean,
  ): Tensor {
    const storage = typeof key === "string" ? this.#storages.get(key) : undefined;
    if (storage === undefined) throw damaged("a tensor has no storage");
    const last = shape.reduce((sum, length, dim) => sum + (length - 1) * (stride[dim] ?? 0), offset);
    if (!shape.includes(0) && last >= storage.size) throw damaged("a tensor is larger than its storage");
    const { type, tensor } = storage;
    const out = empty([0], { dtype: type.dtype, device: this.#device });
    out.set_(tensor, offset, [...shape], [...stride]);
    if (requiresGrad) out.requiresGrad = true;
    this.tensors.add(out);
    return out;
  }
}
