/** Images and what is known of them, as numbered samples. */

/** One file per dataset. */
export * from "./all.ts";
/** From JSON and in worker threads. */
export { datasetFromDict, datasetFromWorker, isKnownEverywhere } from "./catalogue.ts";
export type { ColumnCodes } from "./columns.ts";
/** The parent of one's own. */
export { Dataset, type DatasetOptions } from "./dataset.ts";
export type { DatasetLike, InfoOf, RowSelection, SubsetOptions } from "./dataset-like.ts";
export type { LoadContext, Loaded, LoadedParts } from "./loaded.ts";
export { listMissing, type Missing, type MissingMember, type Pair, partPairs } from "./missing-pairs.ts";
export { SampleError } from "./named-error.ts";
export type { DatasetRow } from "./own-rows.ts";
export type { BidsDatasetOptions } from "./parts.ts";
export type { PortableDataset } from "./portable.ts";
export { datasetRegistry, registerDataset } from "./registry.ts";
export type { MaskInput } from "./sources.ts";
export { SPATIAL_CHECKS, type SpatialCheck, type SpatialCheckOption } from "./spatial-checks.ts";
export { type ColumnFunction, oddCell } from "./table.ts";
export type { TensorProgress, ToTensorsOptions } from "./tensors/options.ts";
export { removeTensors } from "./tensors/remove.ts";
