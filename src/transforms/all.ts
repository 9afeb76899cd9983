/** Every transform: a line here makes it public, and known by its `name_` in plain objects, JSON and a MAPS. */

export * from "./composition/compose.ts";
export * from "./composition/one-of.ts";
export * from "./intensity/clamp.ts";
export * from "./intensity/random-gamma.ts";
export * from "./intensity/random-noise.ts";
export * from "./intensity/rescale-intensity.ts";
export * from "./intensity/z-normalization.ts";
export * from "./post/activations.ts";
export * from "./post/as-discrete.ts";
export * from "./spatial/crop-or-pad.ts";
export * from "./spatial/random-flip.ts";
export * from "./spatial/to-canonical.ts";
