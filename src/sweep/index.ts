/** How the trials of a sweep are chosen and stopped. */
export { type AshaOptions, asha, type RungEntry } from "./asha.ts";
export { makeParzen, type NumericParzen, type Parzen } from "./parzen.ts";
export { bounds, drawUniform, fromScale, type Range } from "./space.ts";
export { type PastTrial, sampleTpe, splitTrials } from "./tpe.ts";
