/** Samples in batches, loaded by worker threads if wanted. */
export { Batch, type BatchPlace, type FieldOptions } from "./batch.ts";
export { type BatchTransform, CutMix, MixUp } from "./batch-transforms/registry.ts";
export {
  type BatchOf,
  type BatchType,
  disposeBatch,
  isBatchType,
  type LoadedBatch,
  participantsIn,
  partsOf,
} from "./batch-type.ts";
export { type CollateFn, MergeBatchesCollate, ToBatchCollate, ToBatchesCollate } from "./collate-fns.ts";
export { DataLoaderConfig } from "./config.ts";
export { WorkerError } from "./errors.ts";
export { type CollateOption, DataLoader, type DataLoaderOptions, type IterateOptions } from "./loader.ts";
export { checkOpenFiles, type ThreadsOf } from "./open-files.ts";
/** How the samples of a data set are shared by processes that evaluate it together. */
export { boundsOf } from "./order.ts";
