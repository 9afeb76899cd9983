import { z } from "zod";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { spacingOf } from "../affine.ts";
import { randomConfig, randomPerImage } from "../base.ts";
import { rangePerAxis } from "../ranges.ts";
import type { Transform, TransformConfig } from "../types.ts";

const std = rangePerAxis({ min: 0 });

/**
 * Blurs each image with a Gaussian, of which the standard deviations along the axes are drawn from `std`, in millimetres: one range for all axes (one number d means 0 to d; default
 * 0 to 2), three numbers, or six. Masks are left alone. As TorchIO's `RandomBlur`.
 */
export class RandomBlurConfig
  extends randomConfig("RandomBlur", { std: std.field.default([0, 2]) })
  implements TransformConfig
{
  getObject(): Transform {
    return randomPerImage(this, "scalar", {
      drawn: z.strictObject({ std: z.tuple([z.number(), z.number(), z.number()]) }),
      draw: (rng) => ({ std: std.draw(this.std, rng) }),
      change: (image, drawn) => {
        const spacing = spacingOf(image.affine);
        image.tensor = drawn.std.reduce(
          (tensor, deviation, axis) => blurred(tensor, axis + 1, deviation / (spacing[axis] ?? 1)),
          image.tensor.to({ dtype: "float32" }),
        );
      },
    });
  }
}

/** How many standard deviations of the Gaussian are kept, as in SciPy. */
const TRUNCATE = 4;

/** Along one axis; beyond its ends the image is mirrored. As a matrix, since most of a brain's size is within the Gaussian anyway. */
function blurred(tensor: Tensor, dim: number, deviation: number): Tensor {
  if (!(deviation > 1e-15)) return tensor;
  const n = tensor.shape[dim] ?? 1;
  const radius = Math.trunc(TRUNCATE * deviation + 0.5);
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / deviation) ** 2));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const matrix = new Float64Array(n * n);
  for (let to = 0; to < n; to++) {
    weights.forEach((weight, i) => {
      const at = (((to + i - radius) % (2 * n)) + 2 * n) % (2 * n);
      const from = at < n ? at : 2 * n - 1 - at;
      matrix[from * n + to] = (matrix[from * n + to] ?? 0) + weight / sum;
    });
  }
  const mix = torch.fromTypedArray(Float32Array.from(matrix), [n, n]);
  return tensor.movedim([dim], [3]).matmul(mix).movedim([3], [dim]).contiguous();
}
