import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { perValue } from "./values.ts";

/**
 * Keeps `appliedLabels` (one, or a list) and makes everything else 0, in the fields and images in `include`; without it, in all images. As MONAI's
 * `LabelFilter`.
 *
 * @example
 * ```ts
 * using batch = batchOf([[[[[1, 2, 3]]]]], [0]);
 * const [sample] = batch.samples;
 * const filter = new LabelFilterConfig({ include: ["output"], appliedLabels: [1, 3] }).getObject();
 * if (sample !== undefined) filter.apply(sample, new Rng(0));
 * console.log(sample?.getField("output")); // → tensor([[[[1., 0., 3.]]]])
 * ```
 */
export class LabelFilterConfig
  extends transformConfig("LabelFilter", {
    /** The labels to keep: one, or a list. */
    appliedLabels: z.union([z.int(), z.array(z.int()).min(1)]),
  })
  implements TransformConfig
{
  getObject(): Transform {
    const labels = [this.appliedLabels].flat();
    return perValue(this, (x) => torch.voxels.fillWhere(x, x, { labels, where: false, value: 0 }));
  }
}
