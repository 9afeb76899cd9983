/** What is done to images before the network, and to its output after. */
export { ClampConfig } from "./clamp.ts";
export { CropOrPadConfig } from "./crop-or-pad.ts";
export { Image, Patch, Slice } from "./extraction/index.ts";
/** Reading configs back from JSON. */
export { extractionFromDict, transformConfigs, transformFromDict } from "./factory.ts";
export { PostprocessingHandler, TransformsHandler, type TransformsHandlerOptions } from "./handlers.ts";
/** Of the output. */
export { ActivationsConfig, AsDiscreteConfig } from "./post-processing.ts";
/** Augmentations. */
export { RandomFlipConfig } from "./random-flip.ts";
export { RandomNoiseConfig } from "./random-noise.ts";
export { RescaleIntensityConfig } from "./rescale-intensity.ts";
export { ToCanonicalConfig } from "./to-canonical.ts";
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
export { ZNormalizationConfig } from "./z-normalization.ts";
