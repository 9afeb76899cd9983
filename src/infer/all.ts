/** Every inferer: a line here makes it public, and known by its `name_` in plain objects, JSON and a MAPS. */

export * from "./patches-to-image.ts";
export * from "./saliency.ts";
export * from "./simple.ts";
export * from "./slices-to-image.ts";
export * from "./test-time-augmentation.ts";
