import { z } from "zod";
import { checkKeys, type JsonObject, parseWith, type ToDict } from "../utils/config.ts";
import { Rng } from "../utils/random/index.ts";
import type { Named } from "../utils/registry.ts";
import { extractionRegistry } from "./catalogue.ts";
import { type Cut, cutOf, isRandomExtraction } from "./extract.ts";
import { Image } from "./extraction/index.ts";
import { type HeldTransform, readTransforms, transformOf, transformsField, transformToJson } from "./like.ts";
import { naming } from "./named-error.ts";
import { isOfPackage, type PortableTransform, portableTransform, transformFromPortable } from "./portable.ts";
import type { AnyExtraction, HasImages, ImageOutline, Transform, TransformLike } from "./types.ts";

const schema = z.strictObject({
  extraction: z
    .unknown()
    .default(undefined)
    .transform((value, ctx): AnyExtraction => {
      const extraction = value === undefined ? new Image() : extractionRegistry.from("'extraction'", value);
      if (extraction !== null) return extraction;
      ctx.addIssue({ code: "custom", message: "Expected an extraction: Image, Patch, RandomPatch or Slice" });
      return z.NEVER;
    }),
  imageTransforms: transformsField("'imageTransforms'").default([]),
  sampleTransforms: transformsField("'sampleTransforms'").default([]),
  augmentations: transformsField("'augmentations'").default([]),
});

export interface TransformsHandlerOptions {
  /** How samples are cut out of the image. Default: `new Image()`, the image itself. */
  readonly extraction?: AnyExtraction | Named;
  /** Done to the image, before samples are cut out. */
  readonly imageTransforms?: readonly TransformLike[];
  /** Done to each sample. */
  readonly sampleTransforms?: readonly TransformLike[];
  /** Done to each sample after that, in training only. */
  readonly augmentations?: readonly TransformLike[];
}

/** What a worker thread needs to build a handler again; `postMessage` can clone it. */
export interface PortableTransforms {
  readonly extraction: JsonObject;
  readonly imageTransforms: readonly PortableTransform[];
  readonly sampleTransforms: readonly PortableTransform[];
  readonly augmentations: readonly PortableTransform[];
}

/**
 * What happens to an image before the network sees it, in this order: image transforms, extraction, sample transforms, and in training
 * augmentations. The caller opens a `torch.scope()` around it: intermediates are not disposed here.
 *
 * @example
 * ```ts
 * const transforms = new TransformsHandler({
 *   imageTransforms: [new ToCanonicalConfig(), new ZNormalizationConfig()],
 *   extraction: new Patch({ patchSize: 8 }),
 *   augmentations: [new RandomFlipConfig({ axes: [0] })],
 * });
 * using sample = await sampleWith(transforms);
 * console.log(sample.shape); // → [ 1, 8, 8, 8 ]
 * ```
 */
export class TransformsHandler implements ToDict {
  readonly extraction: AnyExtraction;
  readonly imageTransforms: readonly HeldTransform[];
  readonly sampleTransforms: readonly HeldTransform[];
  readonly augmentations: readonly HeldTransform[];
  readonly #image: readonly Transform[];
  readonly #sample: readonly Transform[];
  readonly #augmentations: readonly Transform[];
  /** The number of the first image transform that draws; how many there are, where none does. */
  readonly #firstRandom: number;

  constructor(options: TransformsHandlerOptions = {}) {
    const parsed = parseWith(schema, options, "TransformsHandler");
    this.extraction = parsed.extraction;
    this.imageTransforms = Object.freeze(parsed.imageTransforms);
    this.sampleTransforms = Object.freeze(parsed.sampleTransforms);
    this.augmentations = Object.freeze(parsed.augmentations);
    this.#image = this.imageTransforms.map(transformOf);
    const first = this.#image.findIndex((transform) => transform.random);
    this.#firstRandom = first < 0 ? this.#image.length : first;
    this.#sample = this.sampleTransforms.map(transformOf);
    this.#augmentations = this.augmentations.map(transformOf);
  }

  get name_(): string {
    return "TransformsHandler";
  }

  /**
   * How many image transforms stand before the first that draws: they give the same each time, so that this may be cached.
   * @param ofPackage count only up to the first that is not this package's: of these, what they do follows from their JSON. Default false.
   */
  fixedImageTransforms({ ofPackage = false }: { readonly ofPackage?: boolean } = {}): number {
    const own = ofPackage ? this.imageTransforms.findIndex((held) => !isOfPackage(held)) : -1;
    return own < 0 ? this.#firstRandom : Math.min(own, this.#firstRandom);
  }

  /** Whether samples are the images as they are after the image transforms. */
  leavesImages(augment: boolean): boolean {
    const changes = this.#sample.length + (augment ? this.#augmentations.length : 0);
    return changes === 0 && this.extraction.sampleType === "image";
  }

  /** Does the image transforms. */
  applyImageTransforms<T extends HasImages>(dataPoint: T, rng: Rng): T {
    return applyAll(this.#image, dataPoint, rng);
  }

  /** Does the first image transforms, `count` of them. */
  applyFirstImageTransforms<T extends HasImages>(dataPoint: T, rng: Rng, count: number): T {
    return applyAll(this.#image.slice(0, count), dataPoint, rng);
  }

  /** Does the image transforms after the first `count`. */
  applyOtherImageTransforms<T extends HasImages>(dataPoint: T, rng: Rng, count: number): T {
    return applyAll(this.#image.slice(count), dataPoint, rng);
  }

  /**
   * How many samples an image of this shape (after the image transforms) gives.
   * @param training whether extractions draw where they cut. Default true.
   */
  numSamplesPerImage(outline: ImageOutline, training = true): number {
    const { extraction } = this;
    if (!isRandomExtraction(extraction)) return extraction.numSamplesPerImage(outline);
    return training ? extraction.numSamples : extraction.inEvaluation.numSamplesPerImage(outline);
  }

  /**
   * How sample number `index` is cut out of the images.
   * @param rng what an extraction that draws draws from, in training; null: nothing is drawn, in evaluation.
   */
  cutOf(index: number, rng: Rng | null): Cut {
    return cutOf(this.extraction, index, rng);
  }

  applySampleTransforms<T extends HasImages>(sample: T, rng: Rng): T {
    return applyAll(this.#sample, sample, rng);
  }

  applyAugmentations<T extends HasImages>(sample: T, rng: Rng): T {
    return applyAll(this.#augmentations, sample, rng);
  }

  toDict(): JsonObject {
    return {
      name_: this.name_,
      extraction: this.extraction.toDict(),
      image_transforms: this.imageTransforms.map(transformToJson),
      sample_transforms: this.sampleTransforms.map(transformToJson),
      augmentations: this.augmentations.map(transformToJson),
    };
  }

  static fromDict(dict: JsonObject): TransformsHandler {
    const what = "TransformsHandler";
    checkKeys(what, dict, ["name_", "extraction", "image_transforms", "sample_transforms", "augmentations"]);
    const list = (field: string): HeldTransform[] => readTransforms(what, field, dict[field]);
    return new TransformsHandler({
      extraction: extractionRegistry.read(what, "extraction", dict.extraction),
      imageTransforms: list("image_transforms"),
      sampleTransforms: list("sample_transforms"),
      augmentations: list("augmentations"),
    });
  }

  /** What a worker thread needs to build it again. Nothing is sent or run. @throws ConfigError naming a transform that cannot travel, and what to do. */
  toWorker(): PortableTransforms {
    return {
      extraction: this.extraction.toDict(),
      imageTransforms: this.imageTransforms.map((held) => portableTransform("imageTransforms", held)),
      sampleTransforms: this.sampleTransforms.map((held) => portableTransform("sampleTransforms", held)),
      augmentations: this.augmentations.map((held) => portableTransform("augmentations", held)),
    };
  }

  /** The handler again, in a worker thread: it imports the modules of transforms of one's own. */
  static async fromWorker(portable: PortableTransforms): Promise<TransformsHandler> {
    const list = (transforms: readonly PortableTransform[]): Promise<HeldTransform[]> =>
      Promise.all(transforms.map(transformFromPortable));
    return new TransformsHandler({
      extraction: extractionRegistry.read("TransformsHandler", "extraction", portable.extraction),
      imageTransforms: await list(portable.imageTransforms),
      sampleTransforms: await list(portable.sampleTransforms),
      augmentations: await list(portable.augmentations),
    });
  }

  toString(): string {
    const list = (title: string, transforms: readonly Transform[]): string =>
      `  ${title}: ${transforms.map((t) => t.name).join(" → ") || "none"}`;
    return [
      "TransformsHandler:",
      list("image transforms", this.#image),
      `  extraction: ${this.extraction.name_}`,
      list("sample transforms", this.#sample),
      list("augmentations (training only)", this.#augmentations),
    ].join("\n");
  }
}

/**
 * What is done to the output of a network: an activation, a threshold.
 *
 * @example
 * ```ts
 * const postprocessing = new PostprocessingHandler({ transforms: [new ActivationsConfig({ include: ["output"], sigmoid: true })] });
 * console.log(postprocessing.transforms.length); // → 1
 * ```
 */
export class PostprocessingHandler implements ToDict {
  readonly transforms: readonly HeldTransform[];
  readonly #transforms: readonly Transform[];

  constructor(options: { readonly transforms?: readonly TransformLike[] } = {}) {
    const parsed = parseWith(
      z.strictObject({ transforms: transformsField("'transforms'").default([]) }),
      options,
      "PostprocessingHandler",
    );
    this.transforms = Object.freeze(parsed.transforms);
    this.#transforms = this.transforms.map(transformOf);
  }

  get name_(): string {
    return "PostprocessingHandler";
  }

  /** Transforms one data point. A transform that draws at random draws from `rng`. */
  apply<T extends HasImages>(dataPoint: T, rng: Rng = new Rng(0)): T {
    return applyAll(this.#transforms, dataPoint, rng);
  }

  /**
   * Transforms every data point of a batch, in place, and returns the batch.
   * @throws TypeError when a transform gives back another data point (`copy: true`): a batch keeps its own.
   */
  batchApply<B extends Iterable<HasImages>>(batch: B): B {
    let i = 0;
    for (const dataPoint of batch) {
      if (this.apply(dataPoint, new Rng(0, i)) !== dataPoint) {
        throw new TypeError(
          "PostprocessingHandler.batchApply: a transform gave back another data point. Leave out copy: true, and change the data point that is given.",
        );
      }
      i++;
    }
    return batch;
  }

  toDict(): JsonObject {
    return { name_: this.name_, transforms: this.transforms.map(transformToJson) };
  }

  static fromDict(dict: JsonObject): PostprocessingHandler {
    checkKeys("PostprocessingHandler", dict, ["name_", "transforms"]);
    return new PostprocessingHandler({
      transforms: readTransforms("PostprocessingHandler", "transforms", dict.transforms),
    });
  }
}

function applyAll<T extends HasImages>(transforms: readonly Transform[], dataPoint: T, rng: Rng): T {
  return transforms.reduce(
    (current, transform) => naming(transform.name, () => transform.apply(current, rng)),
    dataPoint,
  );
}
