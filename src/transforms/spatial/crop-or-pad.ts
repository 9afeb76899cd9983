import { z } from "zod";
import { ConfigError } from "../../utils/exceptions.ts";
import { transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { aroundMask } from "./around-mask.ts";
import { centred, paddingMode } from "./extent.ts";
import { spatial } from "./spatial-transform.ts";

const size = z.int().min(1);
const options = {
  /** The size in voxels: one number, or one for x, y and z. Default null: that of the box around `maskName`. */
  targetShape: z
    .union([size, z.tuple([size, size, size])])
    .nullable()
    .default(null),

  /** What voxels that are added hold: a number, a statistic of the image, or a continuation of it (NumPy's names); default 0. */
  paddingMode,

  /** The mask of which the middle becomes the middle of the image; default null: the image keeps its own. */
  maskName: z.string().min(1).nullable().default(null),

  /** Only these labels of the mask count; default null: all that are not 0. */
  labels: z.array(z.int()).min(1).nullable().default(null),
};

/**
 * Brings images and masks to `targetShape` (one size, or one for x, y and z) around their centre, or around the box of a mask (`maskName`, or its `labels` only): what is
 * too large is cropped, what is too small is padded with `paddingMode`: a number (default 0), a statistic of the image, or a continuation of it (NumPy's names).
 * Where the difference is odd, the larger half is at the beginning. Without `targetShape`, the box of the mask is what is left. As TorchIO's `CropOrPad`.
 *
 * @throws ImageError, naming the participant, when an image does not lie on the mask, or the box of an empty one is asked for; around an empty mask, of which there is a
 * warning, images keep their centre.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ imageTransforms: [new CropOrPadConfig({ targetShape: 16 })] });
 * console.log(sample.shape); // → [ 1, 16, 16, 16 ]
 * ```
 */
export class CropOrPadConfig
  extends transformConfig("CropOrPad", options, ({ targetShape, maskName, labels }, what) => {
    if (targetShape === null && maskName === null)
      throw new ConfigError(`${what}: neither 'targetShape' nor 'maskName' is given. Give one of them, or both.`, {
        fieldNames: ["targetShape", "maskName"],
      });
    if (labels !== null && maskName === null)
      throw new ConfigError(`${what}: 'labels' are those of a mask: give its name as 'maskName'.`, {
        fieldNames: ["labels", "maskName"],
      });
  })
  implements TransformConfig
{
  getObject(): Transform {
    const { targetShape, paddingMode: mode, maskName, labels } = this;
    const size = typeof targetShape === "number" ? [targetShape, targetShape, targetShape] : targetShape;
    return spatial(this, {
      looksAtVoxels: maskName !== null,
      step: (grid, place, grids) => {
        if (maskName !== null)
          return { kind: "extent", mode, ...aroundMask(grid, { maskName, labels, size, place, grids }) };
        if (size === null) throw place.error("has no shape to be brought to.");
        return { kind: "extent", start: centred(grid, size), size, mode };
      },
    });
  }
}
