import { z } from "zod";
import { transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { centred } from "./extent.ts";
import { spatial } from "./spatial-transform.ts";

const size = z.int().min(1);

/**
 * Brings images and masks to a size that is a multiple of `targetMultiple` (one number, or one for x, y and z), which networks that halve their input
 * need: to the next greater one, with zeros around it (`method` "pad", the default), or to the next smaller one ("crop"). As TorchIO's
 * `EnsureShapeMultiple`.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ imageTransforms: [new EnsureShapeMultipleConfig({ targetMultiple: 8 })] });
 * console.log(sample.shape); // → [ 1, 24, 24, 16 ]
 * ```
 */
export class EnsureShapeMultipleConfig
  extends transformConfig("EnsureShapeMultiple", {
    /** What the size is to be a multiple of: one number, or one for x, y and z. */
    targetMultiple: z.union([size, z.tuple([size, size, size])]),

    /** "pad" (default): to the next greater multiple, with zeros around the image; "crop": to the next smaller one. */
    method: z.enum(["pad", "crop"]).default("pad"),
  })
  implements TransformConfig
{
  getObject(): Transform {
    const { targetMultiple, method } = this;
    const multiples = typeof targetMultiple === "number" ? [0, 1, 2].map(() => targetMultiple) : targetMultiple;
    return spatial(this, {
      step: (grid) => {
        const size = multiples.map((multiple, axis) => {
          const times = (grid.shape[axis] ?? 0) / multiple;
          return Math.max(1, multiple * (method === "pad" ? Math.ceil(times) : Math.floor(times)));
        });
        return { kind: "extent", start: centred(grid, size), size, mode: 0 };
      },
    });
  }
}
