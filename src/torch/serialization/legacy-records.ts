import { empty } from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import type { ByteSource } from "./byte-source.ts";
import { DamagedTensorFileError, TensorFileFormatError } from "./errors.ts";
import { type PickleHandlers, unpickleAt } from "./pickle-reader.ts";
import { fillTensor } from "./read-tensor.ts";
import type { Records } from "./records.ts";
import type { StorageType } from "./storage-types.ts";

/** The first pickle of such a file: this number, 0x1950a86a20f9469cfc6c, under protocol 2. */
const MAGIC = [0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e] as const;
const PROTOCOL = 1001;

export function isLegacy(source: ByteSource): boolean {
  if (source.size < MAGIC.length) return false;
  const head = source.read(0, MAGIC.length);
  return MAGIC.every((byte, i) => head[i] === byte);
}

interface Place {
  readonly type: StorageType;
  readonly size: number;
  readonly tensor: Tensor;
}

/**
 * The format before PyTorch 1.6, which `_use_new_zipfile_serialization=False` still writes. One after the other: a magic
 * number, the number of the protocol, facts of the machine, the pickle, the keys of the storages, and for each of them the
 * number of its elements (8 bytes) and their bytes. There are no checksums.
 */
export class LegacyRecords implements Records {
  readonly #source: ByteSource;
  readonly #device: string;
  readonly #places = new Map<string, Place>();
  #at: number;
  #left: number;

  constructor(source: ByteSource, device: string) {
    this.#source = source;
    this.#device = device;
    this.#at = MAGIC.length;
    this.#left = source.size;
    const protocol = this.#plain();
    if (protocol !== PROTOCOL)
      throw new TensorFileFormatError(source.name, `its protocol is ${String(protocol)}; only ${PROTOCOL} is read.`);
    const machine = this.#plain();
    if (!(machine instanceof Map)) throw this.#damaged("it does not say on what machine it was written");
    if (machine.get("little_endian") !== true)
      throw new TensorFileFormatError(source.name, "its byte order is 'big'; only little is read.");
  }

  get pickleSize(): number {
    return this.#source.size;
  }

  unpickle(handlers: PickleHandlers): unknown {
    const { value, end } = unpickleAt(this.#source, this.#at, handlers);
    this.#at = end;
    return value;
  }

  /** A pickle of numbers and text. */
  #plain(): unknown {
    const damaged = (what: string) => this.#damaged(`its pickle cannot be read, ${what}`);
    const refuse = () => damaged("it names what it has no need of");
    return this.unpickle({
      global() {
        throw refuse();
      },
      persistent() {
        throw refuse();
      },
      damaged,
    });
  }

  /** Its elements come when the file is read to its end; the memory asked for is never more than the file. */
  storage(key: string, type: StorageType, size: number): Tensor {
    this.#left -= size * type.itemSize;
    if (!Number.isSafeInteger(size) || size < 0 || this.#left < 0)
      throw this.#damaged(`the storage ${key} is larger than the file, or the file is cut short`);
    const tensor = empty([size], { dtype: type.dtype, device: this.#device });
    this.#places.set(key, { type, size, tensor });
    return tensor;
  }

  finish(): void {
    const keys = this.#plain();
    if (!Array.isArray(keys) || keys.length !== this.#places.size || new Set(keys).size !== keys.length)
      throw this.#damaged("its storages are not those that it tells of");
    for (const key of keys) {
      const place = typeof key === "string" ? this.#places.get(key) : undefined;
      if (place === undefined) throw this.#damaged("its storages are not those that it tells of");
      this.#fill(String(key), place);
    }
    if (this.#at !== this.#source.size)
      throw this.#damaged(`there are ${this.#source.size - this.#at} bytes behind its last storage`);
  }

  #fill(key: string, { type, size, tensor }: Place): void {
    const head = this.#source.read(this.#at, 8);
    const count = new DataView(head.buffer, head.byteOffset, 8).getBigInt64(0, true);
    if (count !== BigInt(size)) throw this.#damaged(`the storage ${key} has ${count} elements instead of ${size}`);
    const place = { start: this.#at + 8, size: size * type.itemSize };
    fillTensor(this.#source, place, tensor);
    this.#at = place.start + place.size;
  }

  #damaged(what: string): DamagedTensorFileError {
    return new DamagedTensorFileError(this.#source.name, `the file is damaged: ${what}.`);
  }
}
