import { z } from "zod";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { type ImagePlace, transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { dtypeOption } from "./dtype.ts";
import { requireSpatial } from "./labels.ts";
import { perValue } from "./values.ts";

const axis = z.int().min(0).max(2);

/**
 * The gradients along the axes, by Sobel's operator: channels become those of the first axis, then those of the second …. Of the fields and
 * images in `include`; without it, of all images. As MONAI's `SobelGradients`.
 *
 * - `kernelSize`: odd, 3 or more (default 3).
 * - `spatialAxes`: one axis or a list of them, counted from 0, the first after the channels. Default null: all.
 * - `normalizeKernels`: whether a slope of 1 a voxel is 1 in the result. Default true.
 * - `normalizeGradients`: whether the gradients along each axis are scaled to 0 … 1. Default false.
 * - `paddingMode`: what is beyond the border: "reflect" (default), "zeros", "replicate" or "circular".
 * - `dtype`: to which the weights are rounded (default float32). The result has the type of the image, float32 for whole numbers.
 *
 * @throws ImageError, naming the participant, when an image does not have such an axis, or is too small to be mirrored.
 * @example
 * ```ts
 * using batch = batchOf([torch.arange(27).view([1, 3, 3, 3])], [0]);
 * const [sample] = batch.samples;
 * if (sample !== undefined) new SobelGradientsConfig({ include: ["output"] }).getObject().apply(sample, new Rng(0));
 * console.log(batch.getField("output").shape); // → [ 1, 3, 3, 3, 3 ]
 * ```
 */
export class SobelGradientsConfig
  extends transformConfig(
    "SobelGradients",
    {
      kernelSize: z
        .int()
        .min(3)
        .refine((n) => n % 2 === 1, "Give an odd number")
        .default(3),
      spatialAxes: z
        .union([axis, z.array(axis).min(1)])
        .nullable()
        .default(null),
      normalizeKernels: z.boolean().default(true),
      normalizeGradients: z.boolean().default(false),
      paddingMode: z.enum(["reflect", "zeros", "replicate", "circular"]).default("reflect"),
      dtype: dtypeOption.default("float32"),
    },
    ({ dtype, normalizeKernels }, what) => {
      if (dtype === "bool" || dtype.startsWith("complex") || (normalizeKernels && !torch.isFloatingPoint(dtype))) {
        throw new ConfigError(
          `${what}: 'dtype' got ${dtype}, which cannot hold the weights. Give a floating type, or an integer type with normalizeKernels: false.`,
        );
      }
    },
  )
  implements TransformConfig
{
  override toDict(): JsonObject {
    return Object.assign(super.toDict(), { dtype: `torch.${this.dtype}` });
  }

  getObject(): Transform {
    const { difference, smooth } = kernels(this.kernelSize, this.normalizeKernels);
    const axes = this.spatialAxes === null ? null : [this.spatialAxes].flat();
    return perValue(this, (x, place) => {
      requireSpatial(x, place);
      const dimensions = x.ndim - 1;
      const wrong = axes?.find((one) => one >= dimensions);
      if (wrong !== undefined) {
        throw place.error(
          `has ${dimensions} spatial dimensions, and 'spatialAxes' names ${wrong}: they are counted from 0.`,
        );
      }
      this.#requireRoom(x, place);
      const image = x.isFloatingPoint() ? x : x.to({ dtype: "float32" });
      const weights = (values: readonly number[]): Tensor =>
        torch
          .tensor([...values], { dtype: "float64" })
          .to({ dtype: this.dtype })
          .to({ dtype: image.dtype, device: image.device });
      const [across, along] = [weights(smooth), weights(difference)];
      const all = Array.from({ length: dimensions }, (_, i) => i);
      const gradients = (axes ?? all).map((one) => {
        const gradient = all.reduce(
          (part, other) => filtered(part, other + 1, other === one ? along : across, this.paddingMode),
          image,
        );
        return this.normalizeGradients ? toUnit(gradient) : gradient;
      });
      return torch.cat(gradients, 0);
    });
  }

  #requireRoom(x: Tensor, place: ImagePlace): void {
    const beyond = (this.kernelSize - 1) / 2;
    const least = { reflect: beyond + 1, circular: beyond, zeros: 1, replicate: 1 }[this.paddingMode];
    if (x.shape.slice(1).every((n) => n >= least)) return;
    throw place.error(
      `has ${x.shape.slice(1).join("×")} voxels. A kernel of ${this.kernelSize} with paddingMode: "${this.paddingMode}" needs ${least} along each axis; "replicate" and "zeros" need 1.`,
    );
  }
}

/** Of Sobel's operator: along the axis of the gradient, and across it. A larger kernel is the smaller one, smoothed again. */
function kernels(size: number, normalize: boolean): { readonly difference: number[]; readonly smooth: number[] } {
  const scaled = (values: readonly number[], by: number): number[] =>
    values.map((value) => (normalize ? value / by : value));
  const binomial = scaled([1, 2, 1], 4);
  let [difference, smooth] = [scaled([-1, 0, 1], 2), binomial];
  for (let now = 3; now < size; now += 2) {
    difference = convolved(difference, binomial);
    smooth = convolved(smooth, binomial);
  }
  return { difference, smooth };
}

function convolved(a: readonly number[], b: readonly number[]): number[] {
  const result = Array<number>(a.length + b.length - 1).fill(0);
  a.forEach((x, i) => {
    b.forEach((y, j) => {
      result[i + j] = (result[i + j] ?? 0) + x * y;
    });
  });
  return result;
}

/** Filters each channel along one dimension. */
function filtered(
  x: Tensor,
  dim: number,
  weights: Tensor,
  mode: "reflect" | "zeros" | "replicate" | "circular",
): Tensor {
  const lines = x.movedim([dim], [x.ndim - 1]);
  const n = lines.shape.at(-1) ?? 1;
  const beyond = (weights.numel() - 1) / 2;
  const flat = lines.reshape([-1, 1, n]);
  const padded = torch.pad(flat, [beyond, beyond], mode === "zeros" ? "constant" : mode);
  const result = torch.conv1d(padded, weights.reshape([1, 1, -1]));
  return result
    .reshape([...lines.shape])
    .movedim([x.ndim - 1], [dim])
    .contiguous();
}

/** Scaled to 0 … 1; where all are the same, 0 or less is left, and what is greater is 1. */
function toUnit(gradient: Tensor): Tensor {
  const [min, max] = [gradient.min().item(), gradient.max().item()];
  const shifted = min === max ? gradient : gradient.sub(min);
  const top = shifted.max().item();
  return Number(top) > 0 ? shifted.div(top) : shifted;
}
