import { z } from "zod";
import type { Tensor } from "../../torch/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { dtypeOption } from "./dtype.ts";
import { exactlyOne, perValue } from "./values.ts";

/**
 * Makes values discrete, in one of four ways: `argmax` along `dim` (default 0: the channels; the dimension stays, with size 1), `toOnehot` (how many
 * classes; `dim` must have size 1), `threshold` (1 where the value is at least that, else 0), `rounding` ("torchrounding": to
 * the nearest whole number, halves to even). The result has `dtype` (float32). As MONAI's `AsDiscrete`.
 *
 * @example
 * ```ts
 * using batch = batchOf([[[[[0.25, 0.75]]]]], [[[[[0, 1]]]]]);
 * const [sample] = batch.samples;
 * if (sample !== undefined) new AsDiscreteConfig({ include: ["output"], threshold: 0.5 }).getObject().apply(sample, new Rng(0));
 * console.log(sample?.getField("output")); // → tensor([[[[0., 1.]]]])
 * ```
 */
export class AsDiscreteConfig
  extends transformConfig(
    "AsDiscrete",
    {
      /** Whether the index of the greatest value along `dim` is taken; default false. */
      argmax: z.boolean().default(false),

      /** How many classes labels become channels of; default null: they do not. */
      toOnehot: z.int().min(1).nullable().default(null),

      /** What is at least this becomes 1, all else 0; default null: no threshold. */
      threshold: z.number().nullable().default(null),

      /** "torchrounding": to the nearest whole number, halves to even; default null: no rounding. */
      rounding: z.literal("torchrounding").nullable().default(null),

      /** The dtype of the result; default float32. */
      dtype: dtypeOption.default("float32"),

      /** The dimension of `argmax` and `toOnehot`; default 0, the channels. */
      dim: z.int().default(0),
    },
    ({ argmax, toOnehot, threshold, rounding }, what) =>
      exactlyOne(what, {
        argmax,
        toOnehot: toOnehot !== null,
        threshold: threshold !== null,
        rounding: rounding !== null,
      }),
  )
  implements TransformConfig
{
  override toDict(): JsonObject {
    return Object.assign(super.toDict(), { dtype: `torch.${this.dtype}` });
  }

  getObject(): Transform {
    const { dim, toOnehot, threshold, dtype } = this;
    return perValue(this, (x) => {
      if (this.argmax) return x.argmax(dim, true).to({ dtype });
      if (toOnehot !== null) return oneHot(x, toOnehot, dim).to({ dtype });
      if (threshold !== null) return x.ge(threshold).to({ dtype });
      return x.round().to({ dtype });
    });
  }
}

function oneHot(x: Tensor, classes: number, dim: number): Tensor {
  const at = dim < 0 ? dim + x.ndim : dim;
  if (x.shape[at] !== 1) {
    throw new ConfigError(
      `AsDiscrete: 'toOnehot' needs size 1 along dimension ${dim}, got a tensor of shape [${x.shape.join(", ")}]. Take the argmax first.`,
    );
  }
  const shape = x.shape.map((n, i) => (i === at ? classes : n));
  return x.newZeros(shape, { dtype: "float32" }).scatter(at, x.to({ dtype: "int64" }), 1);
}
