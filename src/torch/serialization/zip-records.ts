import { statSync } from "node:fs";
import { ops } from "../invoke.ts";
import type { Tensor } from "../tensor.ts";
import type { ByteSource } from "./byte-source.ts";
import { DamagedTensorFileError, TensorFileFormatError } from "./errors.ts";
import { type PickleHandlers, unpickle } from "./pickle-reader.ts";
import type { Records } from "./records.ts";
import type { StorageType } from "./storage-types.ts";
import { isTorchScript, ZipReader } from "./zip-reader.ts";

/** The format since PyTorch 1.6: a zip with the pickle and each storage as an entry. */
export class ZipRecords implements Records {
  readonly #name: string;
  readonly #zip: ZipReader;
  readonly #device: string;
  readonly #prefix: string;
  readonly #mapping: Tensor | null;

  /** @param mapped the path of the file, if it is to be mapped into memory. */
  constructor(source: ByteSource, device: string, mapped: string | null) {
    this.#name = source.name;
    this.#device = device;
    this.#zip = new ZipReader(source);
    const data = this.#zip.names().find((name) => /^[^/]*\/data\.pkl$/.test(name));
    if (data === undefined) {
      throw new TensorFileFormatError(source.name, "this zip is not a file of torch.save (it has no data.pkl).");
    }
    this.#prefix = data.slice(0, data.indexOf("/") + 1);
    if (this.#zip.has(`${this.#prefix}constants.pkl`)) {
      throw isTorchScript(source.name);
    }
    const order = this.#zip.has(`${this.#prefix}byteorder`) ? this.#text("byteorder") : "little";
    if (order !== "little")
      throw new TensorFileFormatError(source.name, `its byte order is '${order}'; only little is read.`);
    this.#mapping = mapped === null || device !== "cpu" ? null : mapFile(mapped);
  }

  #text(name: string): string {
    return new TextDecoder().decode(this.#zip.read(this.#prefix + name));
  }

  get pickleSize(): number {
    return this.#zip.sizeOf(`${this.#prefix}data.pkl`);
  }

  unpickle(handlers: PickleHandlers): unknown {
    return unpickle(this.#zip.read(`${this.#prefix}data.pkl`), handlers);
  }

  storage(key: string, type: StorageType, size: number): Tensor {
    const record = `${this.#prefix}data/${key}`;
    const place = this.#zip.locate(record);
    if (place.size !== size * type.itemSize) {
      throw new DamagedTensorFileError(
        this.#name,
        `the file is damaged: the storage ${key} has ${place.size} bytes instead of ${size * type.itemSize}.`,
      );
    }
    if (this.#mapping !== null && place.start % type.itemSize === 0) {
      return this.#mapping.narrow(0, place.start, place.size).view(type.dtype);
    }
    return this.#zip.readTensor(record, type.dtype, [size], this.#device);
  }

  finish(): void {}
}

/** The whole file as bytes, in memory that the system fills when it is read and that no write carries back. */
function mapFile(path: string): Tensor {
  return ops("aten::from_file", path, false, statSync(path).size, "uint8") as Tensor;
}
