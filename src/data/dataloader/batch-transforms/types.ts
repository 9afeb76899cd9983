import type { JsonObject } from "../../../utils/config.ts";
import type { Rng } from "../../../utils/random/index.ts";
import type { BatchType } from "../batch-type.ts";

/** Changes a whole batch, in training, after its samples were put together. */
export interface BatchTransform {
  readonly name_: string;
  /** The fields that it mixes, besides images. */
  readonly targets: readonly string[];
  /** How many classes the fields have that become probabilities; null: they are mixed as numbers. */
  readonly numClasses: number | null;
  /** Whether masks change with the images and keep their labels. */
  readonly cutsMasks: boolean;
  /** Changes the batch, in place. The same numbers give the same batch. */
  apply(batch: BatchType, rng: Rng): void;
  toDict(): JsonObject;
}
