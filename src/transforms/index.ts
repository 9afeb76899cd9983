/** What is done to images before the network, and to its output after. */

/** One file per transform. */
export * from "./all.ts";
/** For transforms of one's own. */
export {
  type Drawing,
  ImagePlace,
  perImage,
  randomConfig,
  randomPerImage,
  randomTogether,
  transformConfig,
  wholeTransform,
} from "./base.ts";
export { extractionRegistry, transformRegistry } from "./catalogue.ts";
export { type Cut, isRandomExtraction } from "./extract.ts";
export { Image, Patch, RandomPatch, Slice } from "./extraction/index.ts";
export {
  type PortableTransforms,
  PostprocessingHandler,
  TransformsHandler,
  type TransformsHandlerOptions,
} from "./handlers.ts";
export { histogramLandmarks } from "./intensity/histogram-landmarks.ts";
export { type PortableTransform, portableTransform, transformFromPortable } from "./portable.ts";
export { type Range, type RangeOption, range } from "./ranges.ts";
export { registerTransform } from "./registry.ts";
export { replay } from "./replay.ts";
/** What a transform and a data point are to each other. */
export {
  type AnyExtraction,
  type Extraction,
  type HasImages,
  type ImageKind,
  type ImageLike,
  type ImageOutline,
  type RandomExtraction,
  type Region,
  Rng,
  type SamplePlace,
  type Transform,
  type TransformConfig,
  type TransformFunction,
  type TransformLike,
  type TransformRecord,
  type TransformReference,
} from "./types.ts";
