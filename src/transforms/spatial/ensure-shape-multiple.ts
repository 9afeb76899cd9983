import { z } from "zod";
import { perImage, transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { centred, setExtent } from "./extent.ts";

const size = z.int().min(1);

/**
 * Brings images and masks to a size that is a multiple of `targetMultiple` (one number, or one for x, y and z), which networks that halve their input
 * need: to the next greater one, with zeros around it (`method` "pad", the default), or to the next smaller one ("crop"). As TorchIO's
 * `EnsureShapeMultiple`.
 */
export class EnsureShapeMultipleConfig
  extends transformConfig("EnsureShapeMultiple", {
    targetMultiple: z.union([size, z.tuple([size, size, size])]),
    method: z.enum(["pad", "crop"]).default("pad"),
  })
  implements TransformConfig
{
  getObject(): Transform {
    const { targetMultiple, method } = this;
    const multiples = typeof targetMultiple === "number" ? [0, 1, 2].map(() => targetMultiple) : targetMultiple;
    return perImage(this, "all", (image) => {
      const target = multiples.map((multiple, axis) => {
        const times = (image.tensor.shape[axis + 1] ?? 0) / multiple;
        return Math.max(1, multiple * (method === "pad" ? Math.ceil(times) : Math.floor(times)));
      });
      setExtent(image, centred(image, target), target, 0);
    });
  }
}
