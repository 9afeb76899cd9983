/** Random numbers: NumPy's legacy stream for splits, keyed streams for augmentations. */
export { beta } from "./beta.ts";
export { freshSeed, RandomState } from "./mt19937.ts";
export { Rng } from "./rng.ts";
