/** Every transform: a line here makes it public, and known by its `name_` in plain objects, JSON and a MAPS. */

export * from "./composition/compose.ts";
export * from "./composition/one-of.ts";
export * from "./intensity/clamp.ts";
export * from "./intensity/mask.ts";
export * from "./intensity/random-bias-field.ts";
export * from "./intensity/random-blur.ts";
export * from "./intensity/random-gamma.ts";
export * from "./intensity/random-noise.ts";
export * from "./intensity/random-swap.ts";
export * from "./intensity/rescale-intensity.ts";
export * from "./intensity/z-normalization.ts";
export * from "./label/one-hot.ts";
export * from "./label/remap-labels.ts";
export * from "./post/activations.ts";
export * from "./post/as-discrete.ts";
export * from "./post/label-filter.ts";
export * from "./spatial/crop.ts";
export * from "./spatial/crop-or-pad.ts";
export * from "./spatial/ensure-shape-multiple.ts";
export * from "./spatial/pad.ts";
export * from "./spatial/random-affine.ts";
export * from "./spatial/random-anisotropy.ts";
export * from "./spatial/random-flip.ts";
export * from "./spatial/resample.ts";
export * from "./spatial/resize.ts";
export * from "./spatial/to-canonical.ts";
