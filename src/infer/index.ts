/** Inference: how images go through a trained network. */

export type { Inferer } from "./inferer.ts";
export { infererRegistry, registerInferer } from "./registry.ts";
/** Whole images. */
export { SimpleInferer } from "./simple.ts";
