/** How the items of a batch are put together, as options of a loader: what a MAPS records as `collate_fn`. */
import { z } from "zod";
import { configClass, type JsonObject, type JsonValue } from "../../utils/config.ts";
import { Registry } from "../../utils/registry.ts";
import { SAMPLE_FIELDS, type Sample } from "../structures/index.ts";
import type { Batch } from "./batch.ts";
import type { BatchType, LoadedBatch } from "./batch-type.ts";

/** What says how batches are made; `B` is what they are. */
export interface CollateFn<B extends BatchType = LoadedBatch> {
  readonly name_: string;
  /** Says nothing at run time: it carries the type. */
  readonly gives?: B;
  toDict(): JsonObject;
}

/**
 * Samples become a `Batch`. What loaders do with them anyway.
 * @example
 * ```ts
 * const loader = new DataLoader(dataset.subset("bids/metadata.tsv"), { batchSize: 16, collateFn: new ToBatchCollate() });
 * for await (using batch of loader) console.log(batch.length); // → 16
 * ```
 */
export class ToBatchCollate
  extends configClass("ToBatchCollate", z.strictObject({}))
  implements CollateFn<Batch<Sample>>
{
  declare readonly gives?: Batch<Sample>;
}

/**
 * Tuples of samples become a tuple of batches. What loaders do with them anyway.
 * @example
 * ```ts
 * const loader = new DataLoader(new PairedDataset([dataset, dataset]), { batchSize: 16, collateFn: new ToBatchesCollate() });
 * for await (const batches of loader) {
 *   console.log(batches.map((batch) => batch.length)); // → [ 16, 16 ]
 *   disposeBatch(batches);
 * }
 * ```
 */
export class ToBatchesCollate
  extends configClass("ToBatchesCollate", z.strictObject({}))
  implements CollateFn<readonly Batch<Sample>[]>
{
  declare readonly gives?: readonly Batch<Sample>[];
}

const mergeSchema = z.strictObject({
  ignore: z
    .array(
      z.string().refine((name) => !SAMPLE_FIELDS.includes(name), {
        error: `A field that a sample can be without is needed, none of ${SAMPLE_FIELDS.join(", ")}`,
      }),
    )
    .nullable()
    .default(null),
});

/**
 * The samples of a tuple become one sample, so that a loader of tuples gives a `Batch`: images with the channels of all.
 *
 * The samples must be of one participant and session, and cut in the same way. Field by field, of the samples that have it:
 * - images and masks are joined along the channels; they must have the same shape, and voxel sizes to a thousandth;
 * - tensors are stacked along a new first dimension;
 * - of other values that are all equal there is one, else an array of all.
 *
 * - `ignore`: fields that the merged sample does not get. Default null: none.
 * @example
 * ```ts
 * const [t1w, pet] = [dataset, dataset];
 * const loader = new DataLoader(new PairedDataset([t1w, pet]), { batchSize: 16, collateFn: new MergeBatchesCollate() });
 * for await (using batch of loader) {
 *   using images = batch.getField("image");
 *   console.log(images.shape); // → [ 16, 2, 17, 20, 16 ]
 * }
 * ```
 */
export class MergeBatchesCollate
  extends configClass("MergeBatchesCollate", mergeSchema)
  implements CollateFn<Batch<Sample>>
{
  declare readonly gives?: Batch<Sample>;
}

/** The collations by their `name_`. */
export const collateFnRegistry = new Registry<CollateFn>("collate function", isCollateFn, {
  ToBatchCollate,
  ToBatchesCollate,
  MergeBatchesCollate,
});

/** One of them as it is, or made of a plain object with its `name_`; anything else as it is, to be refused. */
export function toCollateFn(value: unknown): unknown {
  return collateFnRegistry.from("'collateFn'", value) ?? value;
}

export function isCollateFn(value: unknown): value is CollateFn {
  return value instanceof ToBatchCollate || value instanceof ToBatchesCollate || value instanceof MergeBatchesCollate;
}

/** Reads what `toDict` wrote. @throws CannotReadFieldError */
export function collateFnFromJson(json: JsonValue | undefined): CollateFn | null {
  return json === null || json === undefined ? null : collateFnRegistry.read("DataLoader", "collate_fn", json);
}
