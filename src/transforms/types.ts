import type { Tensor } from "../torch/index.ts";
import type { JsonObject, JsonValue, ToDict } from "../utils/config.ts";
import type { ModuleExport } from "../utils/module-export.ts";
import type { Rng } from "../utils/random/rng.ts";
import type { Named } from "../utils/registry.ts";

export { Rng } from "../utils/random/rng.ts";

/** Intensities (interpolated, normalised) or labels (masks, segmentations: values are names, never changed). */
export type ImageKind = "scalar" | "label";

/** What a transform needs of an image. */
export interface ImageLike {
  readonly kind: ImageKind;
  /**
   * (C, D, H, W) = (channels, x, y, z). A transform assigns a new tensor and never writes into the one it got (a cache
   * may own it), nor disposes of it: the caller runs the whole pipeline in a `torch.scope()`.
   */
  tensor: Tensor;
  /** Voxel indices → world millimetres (RAS+), 4×4 row-major, 16 numbers. Replaced, never written into. */
  affine: Float64Array;
}

/** That a transform was applied to a data point, and with what: plain JSON, from which `replay` does the same again. */
export interface TransformRecord {
  /** The transform: `RandomNoise`. */
  readonly name_: string;
  /** Its options as they are in JSON; null for a transform of one's own that has none. */
  readonly options: JsonObject | null;
  /** What was drawn, by image name or for all images together; null where nothing is drawn. */
  readonly parameters: JsonValue;
}

/**
 * What a transform needs of a data point; `DataPoint` and `Sample` (src/data/structures) implement it.
 * Named images (the image under `"image"`, and masks), and named fields that are not images (columns, "output", …).
 */
export interface HasImages {
  readonly participantId: string;
  readonly sessionId: string;
  /** What was done to it, in order. Replaced, never written into: copies share it. */
  history: readonly TransformRecord[];
  /** Every image with its name, "image" first. */
  namedImages(): Iterable<readonly [name: string, image: ImageLike]>;
  /** Names of the fields that are not images. */
  fieldNames(): Iterable<string>;
  hasField(name: string): boolean;
  /** The value of a field that is not an image; KeyError-like error when there is none. */
  getField(name: string): unknown;
  /** Adds or replaces a field that is not an image. */
  setField(name: string, value: unknown): void;
  /** Adds or replaces an image, of (C, D, H, W). An error where there is a field of that name that is not an image. */
  setImage(name: string, image: Readonly<ImageLike>): void;
  /** A data point with its own images and fields, whose tensors are shared until replaced. */
  copy(): this;
}

/** What can be looked at before a sample is cut out. Tensors of images that lie on disk are read when they are asked for. */
export type ShownImages = Pick<HasImages, "participantId" | "sessionId" | "namedImages">;

/** A transform ready to be applied. */
export interface Transform {
  /** For messages and logs: `ZNormalization`. */
  readonly name: string;
  /** Whether it draws from `rng`. */
  readonly random: boolean;
  /**
   * Transforms `dataPoint` in place (a shallow copy of it if `copy` was asked) and returns it.
   * Everything random is drawn from `rng`.
   */
  apply<T extends HasImages>(dataPoint: T, rng: Rng): T;
  /** Whether it adds a record of what it does to the data point's `history` itself. Default false: who applies it does. */
  readonly keepsHistory?: true;
  /** Does again what the parameters of a record say. */
  replay?<T extends HasImages>(dataPoint: T, parameters: JsonValue): T;
  /**
   * Moves an image, such as what a network made of the transformed one, back to where it was before the transform, by the
   * parameters of its record. Voxels that come in from outside are 0. Absent: it cannot be undone.
   */
  readonly undo?: (image: ImageLike, parameters: JsonValue, dataPoint: HasImages) => void;
}

/** A config whose `getObject()` is a transform: what a `TransformsHandler` takes. */
export interface TransformConfig extends ToDict {
  readonly name_: string;
  getObject(): Transform;
}

/** A transform of one's own: changes the data point or returns another. It is applied as it is, and cannot be read back from JSON. */
export type TransformFunction = <T extends HasImages>(dataPoint: T, rng: Rng) => T;

/**
 * A transform of one's own, by the module that exports it: so worker threads can import it too.
 *
 * @example
 * ```ts
 * // my-transforms.ts
 * import type { HasImages } from "clinicadl/transforms";
 *
 * export function tag<T extends HasImages>(point: T): T {
 *   point.setField("seen", 1);
 *   return point;
 * }
 * export const myTag = { module: import.meta.url, export: "tag" };
 * ```
 */
export interface TransformReference extends ModuleExport {
  /** The function itself, for a module that cannot be imported synchronously: one with `await` at its top level. */
  readonly transform?: TransformFunction;
  /** Whether it draws from its `rng`. Default true: it is not known. */
  readonly random?: boolean;
}

/** What the fields of a handler take; a plain object has the `name_` of a transform, and its options in camelCase. */
export type TransformLike = TransformConfig | Transform | TransformFunction | TransformReference | Named;

/** Where in the image a sample comes from. */
export type SamplePlace =
  | { readonly sampleType: "image"; readonly samplePosition: null }
  | { readonly sampleType: "patch"; readonly samplePosition: readonly [number, number, number] }
  | {
      readonly sampleType: "slice";
      readonly samplePosition: number;
      readonly sliceDirection: 0 | 1 | 2;
      readonly squeeze: boolean;
    };

/** What can be known of an image before its voxels are read: enough to count its samples. */
export interface ImageOutline {
  readonly participantId: string;
  readonly sessionId: string;
  /** [D, H, W], after the image transforms. */
  readonly spatialShape: readonly [number, number, number];
}

/** Voxels of an image, of all its channels. */
export interface Region {
  /** The first one. */
  readonly start: readonly [number, number, number];
  /** How many there are along each axis, at least one. */
  readonly size: readonly [number, number, number];
}

/** Cuts samples out of an image. */
export interface Extraction extends ToDict {
  /** `Image`, `Patch`, `Slice`. */
  readonly name_: string;
  readonly sampleType: SamplePlace["sampleType"];
  /** How many samples an image of this shape gives. */
  numSamplesPerImage(outline: ImageOutline): number;
  /**
   * Cuts sample number `index` out of every image of `dataPoint`, in place: tensors (slices keep a size of 1 along
   * their direction) and affines. Says where it was.
   * @param whole [D, H, W] of the whole images, where those of `dataPoint` hold only the voxels that `regionOf` says, with the
   * affines of the whole. Default: they are whole.
   * @throws RangeError when there is no such sample.
   */
  extract(dataPoint: HasImages, index: number, whole?: ImageOutline["spatialShape"] | null): SamplePlace;
  /** The voxels that `extract` needs for sample number `index`. Without this method, it is given whole images. */
  regionOf?(outline: ImageOutline, index: number): Region;
}

/** Cuts samples out of an image where it draws, in training; in evaluation another extraction cuts, which draws nothing. */
export interface RandomExtraction extends ToDict {
  /** `RandomPatch`. */
  readonly name_: string;
  readonly sampleType: "patch";
  /** How many samples every image gives in training. */
  readonly numSamples: number;
  /** How samples are cut in evaluation. */
  readonly inEvaluation: Extraction;
  /** Whether voxels (of a mask) decide where is cut; where not, only what is cut out may be read. */
  readonly looksAtVoxels: boolean;
  /**
   * Draws the first voxel of a sample.
   * @param spatialShape [D, H, W] of the images.
   * @param dataPoint the whole images; null where no voxels are looked at.
   */
  draw(spatialShape: ImageOutline["spatialShape"], rng: Rng, dataPoint: ShownImages | null): Region["start"];
  /** As of {@link Extraction}, of the sample at `position`. */
  extractAt(dataPoint: HasImages, position: Region["start"], whole?: ImageOutline["spatialShape"] | null): SamplePlace;
  /** As of {@link Extraction}, of the sample at `position`. */
  regionAt(spatialShape: ImageOutline["spatialShape"], position: Region["start"]): Region;
}

export type AnyExtraction = Extraction | RandomExtraction;
