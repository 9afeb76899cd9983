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
 */
export class AsDiscreteConfig
  extends transformConfig(
    "AsDiscrete",
    {
      argmax: z.boolean().default(false),
      toOnehot: z.int().min(1).nullable().default(null),
      threshold: z.number().nullable().default(null),
      rounding: z.literal("torchrounding").nullable().default(null),
      dtype: dtypeOption.default("float32"),
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
