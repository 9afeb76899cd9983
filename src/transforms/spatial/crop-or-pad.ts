import { z } from "zod";
import { transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { centred, paddingMode } from "./extent.ts";
import { spatial } from "./spatial-transform.ts";

const size = z.int().min(1);
const options = {
  /** The size in voxels: one number, or one for x, y and z. */
  targetShape: z.union([size.transform((n): [number, number, number] => [n, n, n]), z.tuple([size, size, size])]),

  /** What voxels that are added hold: a number, a statistic of the image, or a continuation of it (NumPy's names); default 0. */
  paddingMode,

  /** Of ClinicaDL, not offered here: null. */
  maskName: z.null("Cropping around a mask is not offered: leave it out").default(null),

  /** Of ClinicaDL, not offered here: null. */
  labels: z.null("Cropping around a mask is not offered: leave it out").default(null),
};

/**
 * Brings images and masks to `targetShape` (one size, or one for x, y and z) around their centre: what is too large is cropped, what
 * is too small is padded with `paddingMode`: a number (default 0), a statistic of the image, or a continuation of it (NumPy's names).
 * Where the difference is odd, the larger half is at the beginning. As TorchIO's `CropOrPad`.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ imageTransforms: [new CropOrPadConfig({ targetShape: 16 })] });
 * console.log(sample.shape); // → [ 1, 16, 16, 16 ]
 * ```
 */
export class CropOrPadConfig extends transformConfig("CropOrPad", options) implements TransformConfig {
  getObject(): Transform {
    const { targetShape: size, paddingMode: mode } = this;
    return spatial(this, { step: (grid) => ({ kind: "extent", start: centred(grid, size), size, mode }) });
  }
}
