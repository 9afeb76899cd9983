import { z } from "zod";
import { configClass, type JsonObject } from "../../utils/config.ts";
import { readTransforms, transformOf, transformsField, transformToJson } from "../like.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { composed } from "./composed.ts";
import { SampledOnce, sampledOnce } from "./once.ts";

const schema = z.strictObject({
  /** What is applied, in this order. */
  transforms: transformsField("Compose: 'transforms'"),
  /** Whether a data point is left as it is, and a copy is changed. Default false. */
  copy: z.boolean().default(false),
  /** How likely they are applied at all. Default 1. */
  p: z.number().min(0).max(1).default(1),
  /** Whether spatial transforms that follow each other interpolate once. Default false: each of them does. */
  once: z.boolean().default(false),
});

/**
 * Applies `transforms` one after the other; with a probability of 1 - `p`, none of them (default 1: always). As TorchIO's `Compose`.
 * ClinicaDL has no config for it.
 *
 * With `once` (default false), spatial transforms that follow each other are put together, so that each image is interpolated once, and fine detail is not
 * blurred each time: `RandomAffine`, `RandomElasticDeformation`, `RandomFlip`, `Resample`, `Resize`, `Crop`, `Pad`, `CropOrPad`, `EnsureShapeMultiple`
 * and `ToCanonical`. They draw what they draw without it. All other transforms between them need voxels, and so does padding that continues an image (`"edge"`, `"reflect"`,
 * …): these end what is put together, as do `OneOf` and `Compose`. Until the first that interpolates, voxels are what they are without `once`, bit for bit; from there on, they
 * differ as interpolating once differs from interpolating twice. A voxel that comes from outside of an image on the way has the padding value of the
 * transform that brought it in, without a blend at the border; a `"minimum"`, `"mean"` or `"otsu"` is that of the image before the first that interpolates.
 *
 * @throws ConfigError where, with `once`, transforms that are put together differ in an interpolation, or one has `copy: true`.
 * @example
 * ```ts
 * const transforms = [new RandomAffineConfig(), new RandomElasticDeformationConfig({ maxDisplacement: 2 }), new RandomFlipConfig()];
 * // voxels are interpolated once, not three times
 * using sample = await sampleWith({ augmentations: [new ComposeConfig({ transforms, once: true })] });
 * console.log(sample.shape); // → [ 1, 17, 20, 16 ]
 * ```
 */
export class ComposeConfig
  extends configClass("Compose", schema, {
    ours: { p: 1, once: false },
    readers: { transforms: (json) => readTransforms("Compose", "transforms", json) },
  })
  implements TransformConfig
{
  override toDict(): JsonObject {
    return Object.assign(super.toDict(), { transforms: this.transforms.map(transformToJson) });
  }

  getObject(): Transform {
    const transforms = this.transforms.map(transformOf);
    if (!this.once) return composed(this.name_, transforms, this);
    const sampled = sampledOnce(this.name_, transforms);
    const [first] = sampled;
    // its records are replayed by itself
    const alone = sampled.length === 1 && first instanceof SampledOnce && !this.copy && this.p === 1;
    return alone ? first : composed(this.name_, sampled, this);
  }
}
