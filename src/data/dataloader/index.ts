/** Samples in batches, loaded by worker threads if wanted. */
export { Batch, type FieldOptions } from "./batch.ts";
export { type BatchOf, type BatchType, disposeBatch, isBatchType, participantsIn, partsOf } from "./batch-type.ts";
export { DataLoaderConfig } from "./config.ts";
export { WorkerError } from "./errors.ts";
export { DataLoader, type DataLoaderOptions, type IterateOptions } from "./loader.ts";
export { checkOpenFiles } from "./open-files.ts";
