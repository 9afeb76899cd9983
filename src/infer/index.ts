/** Inference: how images go through a trained network. */

export * from "./all.ts";
export { addedFieldOf, infererRegistry } from "./catalogue.ts";
export type { Inferer } from "./inferer.ts";
export type { InferOptions } from "./output.ts";
export type { HasOutputGroups, OutputGroup } from "./output-groups.ts";
export { registerInferer } from "./registry.ts";
export { SALIENCY_METHODS, type SaliencyMethod } from "./saliency-methods.ts";
