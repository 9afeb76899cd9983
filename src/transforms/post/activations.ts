import { z } from "zod";
import type { Tensor } from "../../torch/index.ts";
import { transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { exactlyOne, perValue } from "./values.ts";

/**
 * Applies one of `sigmoid`, `softmax` (along `dim`, default 0: the channels) and `other` (a function of a tensor) to the fields and images in
 * `include`; without it, to all images. As MONAI's `Activations`.
 *
 * @example
 * ```ts
 * using batch = batchOf([[[[[0.25, 0.75]]]]], [[[[[0, 1]]]]]);
 * const [sample] = batch.samples;
 * if (sample !== undefined) new ActivationsConfig({ include: ["output"], sigmoid: true }).getObject().apply(sample, new Rng(0));
 * console.log(sample?.getField("output")); // → tensor([[[[0.5622, 0.6792]]]])
 * ```
 */
export class ActivationsConfig
  extends transformConfig(
    "Activations",
    {
      /** Whether the sigmoid is applied; default false. */
      sigmoid: z.boolean().default(false),

      /** Whether the softmax is applied, along `dim`; default false. */
      softmax: z.boolean().default(false),

      /** Another function of a tensor, in a script only; default null. */
      other: z
        .custom<((x: Tensor) => Tensor) | null>(
          (v) => v === null || typeof v === "function",
          "Expected a function of a tensor",
        )
        .default(null),

      /** Along which dimension `softmax` sums up to 1; default 0, the channels. */
      dim: z.int().default(0),
    },
    ({ sigmoid, softmax, other }, what) => exactlyOne(what, { sigmoid, softmax, other: other !== null }),
  )
  implements TransformConfig
{
  getObject(): Transform {
    const { other, dim, sigmoid } = this;
    return perValue(this, other ?? (sigmoid ? (x) => x.sigmoid() : (x) => x.softmax(dim)));
  }
}
