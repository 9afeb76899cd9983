import { z } from "zod";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { randomConfig, randomPerImage } from "../base.ts";
import { range } from "../ranges.ts";
import type { Transform, TransformConfig } from "../types.ts";

const coefficients = range();

/**
 * Multiplies each image with a smooth field, as an uneven magnetic field does: the exponential of a polynomial of degree `order` (default 3) in x, y and z, of which the
 * coefficients are drawn from `coefficients` (a range; one number d means -d to d; default 0.5). Masks are left alone. As TorchIO's
 * `RandomBiasField` (Van Leemput et al. 1999).
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ augmentations: [new RandomBiasFieldConfig({ coefficients: 0.5 })] });
 * console.log(sample.history.map(({ name_ }) => name_)); // → [ 'RandomBiasField' ]
 * ```
 */
export class RandomBiasFieldConfig
  extends randomConfig("RandomBiasField", {
    /** The range of the polynomial's coefficients: one number d means -d to d; default 0.5. */
    coefficients: coefficients.field.default(0.5),

    /** The degree of the polynomial; default 3. */
    order: z.int().min(0).default(3),
  })
  implements TransformConfig
{
  getObject(): Transform {
    const powers = monomials(this.order);
    return randomPerImage(this, "scalar", {
      drawn: z.strictObject({ coefficients: z.array(z.number()).length(powers.length) }),
      draw: (rng) => ({ coefficients: powers.map(() => coefficients.draw(this.coefficients, rng)) }),
      change: (image, drawn) => {
        const axes = image.tensor.shape.slice(1).map((size) => axisPowers(size, this.order));
        const [x, y, z] = axes;
        if (x === undefined || y === undefined || z === undefined) return;
        const terms = powers.map(([a, b, c], i) => {
          const plane = y.select(0, b).unsqueeze(1).mul(z.select(0, c));
          return { power: a, plane: plane.mul(drawn.coefficients[i] ?? 0) };
        });
        // the coefficient of each power of x is a plane in y and z
        const planes = Array.from({ length: this.order + 1 }, (_, power) =>
          terms.filter((term) => term.power === power).reduce((sum, { plane }) => sum.add(plane), torch.zeros([])),
        );
        const exponent = torch.tensordot(x, torch.stack(planes), [0], [0]);
        image.tensor = image.tensor.mul(exponent.exp().to({ dtype: "float32" }));
      },
    });
  }
}

/** The powers of x, y and z in the terms of a polynomial, in TorchIO's order. */
function monomials(order: number): [number, number, number][] {
  const to = (n: number): number[] => Array.from({ length: n + 1 }, (_, i) => i);
  return to(order).flatMap((a) =>
    to(order - a).flatMap((b) => to(order - a - b).map((c): [number, number, number] => [a, b, c])),
  );
}

/** The powers 0 to `order` of the coordinates of the voxels, which go from -1 to 1: (order + 1, size). */
function axisPowers(size: number, order: number): Tensor {
  const half = (size - 1) / 2;
  const rows = Array.from({ length: order + 1 }, (_, power) =>
    Array.from({ length: size }, (_, i) => ((i - half) / (half > 0 ? half : 1)) ** power),
  );
  return torch.tensor(rows, { dtype: "float64" });
}
