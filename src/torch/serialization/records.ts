import type { Tensor } from "../tensor.ts";
import type { PickleHandlers } from "./pickle-reader.ts";
import type { StorageType } from "./storage-types.ts";

/** The parts of a file of `torch.save`, whichever of its two formats it has. */
export interface Records {
  /** Bytes in which the pickle is. */
  readonly pickleSize: number;
  /** Runs the pickle. */
  unpickle(handlers: PickleHandlers): unknown;
  /** A flat tensor with the `size` elements of a storage, which the pickle has named. They may come with `finish` only. */
  storage(key: string, type: StorageType, size: number): Tensor;
  /** What is left to do once the pickle's value is known; throws where the file has more than it tells of. */
  finish(): void;
}
