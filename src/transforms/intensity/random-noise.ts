import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { configClass, type Input } from "../../utils/config.ts";
import { checkSelection, perImage, selectionFields } from "../selection.ts";
import type { Transform, TransformConfig } from "../types.ts";

const sorted = ([low, high]: readonly [number, number]): boolean => low <= high;
const schema = z.strictObject({
  ...selectionFields,
  mean: z
    .union([z.number().min(0), z.tuple([z.number(), z.number()]).refine(sorted, "Give the smaller number first")])
    .default(0),
  std: z
    .union([
      z.number().min(0),
      z.tuple([z.number().min(0), z.number().min(0)]).refine(sorted, "Give the smaller number first"),
    ])
    .default([0, 0.25]),
});

/**
 * Adds Gaussian noise to each image. Its mean is drawn from `mean` (a range; one number m means -m to m; default 0), its standard
 * deviation from `std` (a range, or one number; default 0 to 0.25). Masks are left alone. As TorchIO's `RandomNoise`.
 */
export class RandomNoiseConfig extends configClass("RandomNoise", schema) implements TransformConfig {
  constructor(fields?: Input<typeof schema>) {
    super(fields);
    checkSelection("RandomNoiseConfig", this);
  }

  getObject(): Transform {
    const meanRange = typeof this.mean === "number" ? ([-this.mean, this.mean] as const) : this.mean;
    const stdRange = typeof this.std === "number" ? ([this.std, this.std] as const) : this.std;
    return perImage(this.name_, this, { scalarOnly: true, random: true }, (image, _where, rng) => {
      const mean = rng.uniform(meanRange[0], meanRange[1]);
      const std = rng.uniform(stdRange[0], stdRange[1]);
      const generator = new torch.Generator("cpu").manualSeed(rng.seed());
      const noise = torch.randn(image.tensor.shape, { generator, dtype: "float32" });
      image.tensor = noise.mul_(std).add_(mean).add_(image.tensor);
    });
  }
}
