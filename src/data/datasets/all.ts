/** Every dataset: a line here makes it public, and known by its `name_` in JSON, a MAPS and worker threads. */

export * from "./bids-dataset.ts";
export * from "./concat-dataset.ts";
export * from "./paired-dataset.ts";
export { TensorDataset, type TensorDatasetOptions } from "./tensor-dataset.ts";
export * from "./unpaired-dataset.ts";
