import { z } from "zod";
import { configClass, type JsonObject } from "../../utils/config.ts";
import {
  type BatchTransform,
  batchTransformFromJson,
  isBatchTransform,
  toBatchTransform,
} from "./batch-transforms/registry.ts";
import { type CollateFn, collateFnFromJson, isCollateFn, toCollateFn } from "./collate-fns.ts";

const schema = z
  .strictObject({
    batchSize: z.int().min(1).default(1),
    samplingWeights: z.string().nullable().default(null),
    shuffle: z.boolean().default(true),
    numWorkers: z.union([z.int().min(0).max(1024), z.literal("auto")]).default("auto"),
    pinMemory: z.boolean().default(true),
    dropLast: z.boolean().default(false),
    prefetchFactor: z.int().min(0).max(1024).nullable().default(null),
    persistentWorkers: z.boolean().default(false),
    collateFn: z
      .preprocess(
        toCollateFn,
        z.custom<CollateFn | null>((value) => value === null || isCollateFn(value), {
          error: "Expected null, or a ToBatchCollate, ToBatchesCollate or MergeBatchesCollate",
        }),
      )
      .default(null),
    batchTransform: z
      .preprocess(
        toBatchTransform,
        z.custom<BatchTransform | null>((value) => value === null || isBatchTransform(value), {
          error: "Expected null, or a MixUp or CutMix",
        }),
      )
      .default(null),
  })
  .check((ctx) => {
    const { numWorkers, prefetchFactor, persistentWorkers } = ctx.value;
    const threads = numWorkers !== "auto" && numWorkers > 0;
    const refuse = (field: string, input: unknown): void => {
      ctx.issues.push({ code: "custom", input, path: [field], message: "It needs numWorkers of at least 1" });
    };
    if (!threads && prefetchFactor !== null && prefetchFactor > 0) refuse("prefetchFactor", prefetchFactor);
    if (!threads && persistentWorkers) refuse("persistentWorkers", persistentWorkers);
  });

/**
 * How samples become batches.
 *
 * - `batchSize`: samples per batch. Default 1.
 * - `samplingWeights`: a column of the dataset with weights; samples are then drawn with replacement. Default null.
 * - `shuffle`: a new order each epoch, which follows from seed and epoch. Default true.
 * - `numWorkers`: threads that read and transform; with 0 the calling thread does. Default "auto": it begins, and threads go on where loading would take more
 *   than a twentieth of the time, and seconds; one less than there are processors, 4 at most. In JSON it is 0.
 * - `pinMemory`: page-locked memory, for faster copies to a GPU; without a GPU it does nothing. Default true.
 * - `dropLast`: whether an incomplete last batch is left out. Default false.
 * - `prefetchFactor`: batches in work per worker. Default null: 2.
 * - `persistentWorkers`: whether workers stay from one epoch to the next. Default false.
 * - `collateFn`: how items are put together; `new MergeBatchesCollate()` makes one sample of each tuple. Default null: of samples
 *   a batch, of tuples a tuple of batches.
 * - `batchTransform`: what is done to each batch in training: `new MixUp({ alpha: 0.4 })`, `new CutMix()`. Default null: nothing.
 * @example
 * ```ts
 * const config = new DataLoaderConfig({ batchSize: 8, shuffle: false, numWorkers: 2 });
 * console.log(config.toDict().batch_size, config.dropLast); // → 8 false
 * ```
 */
export class DataLoaderConfig extends configClass("DataLoader", schema, {
  // ClinicaDL knows numbers only, and has 0 where nothing was asked
  readers: {
    numWorkers: (json) => (json === 0 ? "auto" : json),
    collateFn: collateFnFromJson,
    batchTransform: batchTransformFromJson,
  },
  ours: { batchTransform: null },
}) {
  override toDict(): JsonObject {
    return { ...super.toDict(), num_workers: this.numWorkers === "auto" ? 0 : this.numWorkers };
  }
}

export type DataLoaderFields = Omit<z.input<typeof schema>, "collateFn" | "batchTransform">;
