import { Parameter } from "../nn/parameter.ts";
import { scope } from "../scope.ts";
import { Tensor } from "../tensor.ts";
import { NotSerializableError } from "./errors.ts";
import type { TensorRecord } from "./pickle-writer.ts";
import { storageTypeOfDType } from "./storage-types.ts";

interface Storage {
  readonly key: string;
  readonly dtype: string;
  /** Any of its tensors, to read it through. */
  readonly through: Tensor;
  /** The elements that its tensors use: `[start, end)`. */
  start: number;
  end: number;
}

/** The storages of the tensors of a file, numbered in the order in which they are met. */
export class Storages {
  readonly #records = new Map<Tensor, TensorRecord>();
  readonly #storages = new Map<bigint, Storage>();

  /** Meets `value` for the first time; undefined if it is no tensor. */
  meet(value: object): TensorRecord | undefined {
    if (!(value instanceof Tensor)) return undefined;
    const known = this.#records.get(value);
    if (known !== undefined) return known;
    const dtype = value.dtype;
    const type = storageTypeOfDType(dtype);
    if (type === undefined) throw new NotSerializableError(`Cannot save a tensor of dtype ${dtype}.`);
    const record: TensorRecord = {
      key: "",
      storageClass: type.className,
      storageSize: 0,
      offset: value.storageOffset(),
      shape: value.shape,
      stride: value.stride(),
      // a state dict holds detached tensors, as in PyTorch
      requiresGrad: value.requiresGrad && !(value instanceof Parameter),
      conj: value.isConj(),
      neg: value.isNeg(),
    };
    this.#records.set(value, record);
    const end = record.offset + span(record.shape, record.stride);
    const id = value.storageId();
    const storage = this.#storages.get(id);
    if (storage === undefined) {
      this.#storages.set(id, { key: String(this.#storages.size), dtype, through: value, start: record.offset, end });
    } else if (storage.dtype !== dtype) {
      throw new NotSerializableError(
        `Cannot save tensors of ${storage.dtype} and ${dtype} over the same memory; clone one of them.`,
      );
    } else {
      storage.start = Math.min(storage.start, record.offset);
      storage.end = Math.max(storage.end, end);
    }
    return record;
  }

  /** The final description of a tensor that has been met. */
  describe(value: object): TensorRecord | undefined {
    if (!(value instanceof Tensor)) return undefined;
    const record = this.#records.get(value);
    const storage = this.#storages.get(value.storageId());
    if (record === undefined || storage === undefined)
      throw new NotSerializableError("The value changed while it was saved.");
    return {
      ...record,
      key: storage.key,
      storageSize: storage.end - storage.start,
      offset: record.offset - storage.start,
    };
  }

  /** Every storage; `elements()` is its used part in the memory of the CPU, where it is there already without a copy; it is the caller's to dispose. */
  *all(): Generator<{ key: string; elements: () => Tensor }> {
    for (const { key, through, start, end } of this.#storages.values()) {
      yield {
        key,
        elements: () => {
          using within = scope();
          // the numbers as they are in memory: conjugating what is lazily conjugated, or negating, leaves nothing to do
          let plain = through.detach();
          if (plain.isConj()) plain = plain._conj();
          if (plain.isNeg()) plain = plain._negView();
          return within.keep(plain.asStrided([end - start], [1], start).cpu());
        },
      };
    }
  }
}

/** How many elements of memory a tensor reaches over. */
function span(shape: readonly number[], stride: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((sum, length, dim) => sum + (length - 1) * (stride[dim] ?? 0), 1);
}
