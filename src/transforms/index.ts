/** What is done to images before the network, and to its output after. */

export { Image, Patch, Slice } from "./extraction/index.ts";
/** Reading configs back from JSON. */
export { extractionFromDict, transformConfigs, transformFromDict } from "./factory.ts";
export { PostprocessingHandler, TransformsHandler, type TransformsHandlerOptions } from "./handlers.ts";
export { ClampConfig } from "./intensity/clamp.ts";
export { RandomNoiseConfig } from "./intensity/random-noise.ts";
export { RescaleIntensityConfig } from "./intensity/rescale-intensity.ts";
export { ZNormalizationConfig } from "./intensity/z-normalization.ts";
/** Of the output. */
export { ActivationsConfig, AsDiscreteConfig } from "./post/post-processing.ts";
export { CropOrPadConfig } from "./spatial/crop-or-pad.ts";
/** Augmentations. */
export { RandomFlipConfig } from "./spatial/random-flip.ts";
export { ToCanonicalConfig } from "./spatial/to-canonical.ts";
/** What a transform and a data point are to each other. */
export {
  type Extraction,
  type HasImages,
  type ImageKind,
  type ImageLike,
  type ImageOutline,
  Rng,
  type SamplePlace,
  type Transform,
  type TransformConfig,
  type TransformFunction,
  type TransformLike,
} from "./types.ts";
