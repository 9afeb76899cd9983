/** Models: networks and how they learn. */

/** From image to several labels. */
export type { Heads } from "./joined-heads.ts";
/** Loading trained weights. */
export { type FreezeOptions, type LoadedWeights, type LoadWeightsOptions, WeightsError } from "./load-weights.ts";
/** Several losses, or one, by name. */
export { namedLosses } from "./losses.ts";
/** The parent of all models. */
export { type Losses, type LossWeight, Model, type NeededField, type Scaler, type Shares } from "./model.ts";
export { MultiTaskModel, type MultiTaskModelOptions } from "./multi-task.ts";
/** From image to image. */
export { ReconstructionModel } from "./reconstruction.ts";
/** Reading a model from JSON, and models of one's own. */
export { type ModelClass, modelFromDict, modelRegistry, registerModel } from "./registry.ts";
/** From image to mask. */
export { SegmentationModel, type SegmentationModelOptions } from "./segmentation.ts";
/** From image to label. */
export { SupervisedModel, type SupervisedModelOptions } from "./supervised.ts";
export type { Task, TaskOptions } from "./tasks.ts";
/** From image to a distribution, and back. */
export { VAEModel, type VAEModelOptions } from "./vae.ts";
export { VanillaModel, type VanillaModelOptions } from "./vanilla.ts";
export type { Mismatch, WeightPrefix } from "./weight-names.ts";
