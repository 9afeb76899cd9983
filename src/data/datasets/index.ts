/** Images and what is known of them, as numbered samples. */
export { BidsDataset } from "./bids-dataset.ts";
export type { Dataset, RowSelection, SubsetOptions } from "./dataset.ts";
export { SampleError } from "./loading.ts";
export { listMissing, type Missing, type Pair, partPairs } from "./missing-pairs.ts";
export type { BidsDatasetOptions } from "./parts.ts";
/** Reading datasets back from JSON. */
export { DATASETS, datasetFromDict, datasetFromWorker } from "./registry.ts";
export type { MaskInput } from "./sources.ts";
export { type ColumnFunction, oddCell } from "./table.ts";
