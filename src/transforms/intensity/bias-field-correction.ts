import { z } from "zod";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { type ImagePlace, perImage, transformConfig } from "../base.ts";
import { maskingMethodField } from "../masking.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { otsuThreshold } from "./otsu.ts";
import { type SharpenOptions, sharpen } from "./sharpen.ts";
import { type Bases, evaluateSplines, fitSplines, refineSplines, splineBasis } from "./spline-grid.ts";

/** Along each axis at least so many voxels are left of a shrunken image, where the image has them. */
const LEAST_VOXELS = 4;

/**
 * Divides each image by the smooth field that an uneven magnetic field has multiplied it with, as it is estimated from the image: N4 (Tustison et al. 2010), as
 * ITK's `N4BiasFieldCorrectionImageFilter`. Masks are left alone; each channel is corrected for itself. It draws nothing, so that images that are kept
 * (`cache`) are corrected once. ClinicaDL has none.
 *
 * The field is a B-spline, fitted again and again to what the image's histogram would lose of its spread without it; on a grid of control points that gets twice as
 * dense from level to level. Intensities of 0 and below have no logarithm, and do not count.
 *
 * @throws ImageError naming the participant, when an image holds values that are not numbers, or none above 0 under the mask.
 * @example
 * ```ts
 * using sample = await sampleWith({ imageTransforms: [new BiasFieldCorrectionConfig({ maskingMethod: "brain", shrinkFactor: 1, maxIterations: [5] })] });
 * console.log(sample.shape); // → [ 1, 17, 20, 16 ]
 * ```
 */
export class BiasFieldCorrectionConfig
  extends transformConfig("BiasFieldCorrection", {
    /** Which voxels the field is estimated from: the name of a mask, or another part, as of `ZNormalization`; default null: those brighter than Otsu's threshold. */
    maskingMethod: maskingMethodField,

    /** Of how many voxels along each axis one is looked at to estimate the field, as long as 4 are left. Default 4; 1: all. */
    shrinkFactor: z.int().min(1).default(4),

    /** How often the field is improved at most, at each level. Default [50, 50, 50, 50]. */
    maxIterations: z.array(z.int().min(1)).min(1).max(8).default([50, 50, 50, 50]),

    /** A level ends when the field changes by less, as coefficient of variation of the quotient of two. Default 0.001. */
    convergenceThreshold: z.number().min(0).default(0.001),

    /** Control points along each axis at the first level, of which three lie beyond the image. Default 4. */
    numControlPoints: z.int().min(4).default(4),

    /** Full width at half maximum of the Gaussian by which the field has blurred the histogram of the logarithms. Default 0.15. */
    fwhm: z.number().positive().default(0.15),

    /** The noise of the Wiener filter that takes the blurring back. Default 0.01. */
    wienerNoise: z.number().positive().default(0.01),

    /** Bins of the histogram. Default 200. */
    numBins: z.int().min(8).max(4096).default(200),
  })
  implements TransformConfig
{
  getObject(): Transform {
    return perImage(this, "scalar", (image, place) => {
      const { tensor } = image;
      if (!tensor.isfinite().all().item()) throw place.error("holds values that are not numbers, or infinite.");
      const mask = this.maskingMethod === null ? null : place.mask(tensor, this.maskingMethod).expand(tensor.shape);
      const channels = Array.from({ length: tensor.shape[0] ?? 1 }, (_, channel) =>
        torch.tidy(() => {
          const voxels = tensor.select(0, channel).to({ dtype: "float32" });
          return voxels.div(this.#field(voxels, mask?.select(0, channel) ?? null, place));
        }),
      );
      image.tensor = torch.stack(channels, 0);
    });
  }

  /** The field (D, H, W) of an image of the same shape. */
  #field(voxels: Tensor, mask: Tensor | null, place: ImagePlace): Tensor {
    const size = voxels.shape;
    const kept = size.map((n) => everySome(n, this.shrinkFactor));
    const shrink = (tensor: Tensor): Tensor =>
      kept.reduce((part, at, axis) => part.indexSelect(axis, torch.tensor(at, { dtype: "int64" })), tensor);
    const few = shrink(voxels).to({ dtype: "float64" });
    const counted = few.gt(0).logicalAnd(mask === null ? few.gt(otsuThreshold(few)) : shrink(mask));
    if (!counted.any().item())
      throw place.error("has no voxels above 0 under the mask, from which its field is estimated.");
    const log = torch.where(counted, few, torch.ones([], { dtype: "float64" })).log();
    const places = kept.map((at, axis) => at.map((i) => placeOf(i, size[axis] ?? 1)));
    const { lattice, spans } = estimateField({ log, counted, places }, this);
    const bases = size.map((n) =>
      splineBasis(
        Array.from({ length: n }, (_, i) => placeOf(i, n)),
        spans,
      ).to({ dtype: "float32" }),
    );
    return evaluateSplines(lattice.to({ dtype: "float32" }), bases).exp();
  }
}

/** What a field is estimated from. */
interface Observed {
  /** Logarithms of intensities, (D, H, W). */
  readonly log: Tensor;
  /** Which of them count. */
  readonly counted: Tensor;
  /** Of each axis, where the voxels lie, from 0 to 1. */
  readonly places: readonly (readonly number[])[];
}

interface EstimateOptions extends SharpenOptions {
  readonly maxIterations: readonly number[];
  readonly convergenceThreshold: number;
  readonly numControlPoints: number;
}

/** The control points of the logarithm of the field, and how many pieces they divide an axis into. */
function estimateField(
  observed: Observed,
  options: EstimateOptions,
): { readonly lattice: Tensor; readonly spans: number } {
  const { maxIterations, convergenceThreshold, numControlPoints } = options;
  let spans = numControlPoints - 3;
  let lattice = torch.zeros(Array(3).fill(numControlPoints), { dtype: "float64" });
  for (const [level, iterations] of maxIterations.entries()) {
    if (level > 0) {
      spans *= 2;
      lattice = torch.tidy(() => refineSplines(lattice));
    }
    const [x = [], y = [], z = []] = observed.places;
    const bases: Bases = [splineBasis(x, spans), splineBasis(y, spans), splineBasis(z, spans)];
    let field = evaluateSplines(lattice, bases);
    for (let i = 0, change = Number.POSITIVE_INFINITY; i < iterations && change > convergenceThreshold; i++) {
      // what an iteration leaves behind would be as much as all of them together need
      const [better, next, changed] = torch.tidy((): [Tensor, Tensor, number] =>
        improve(observed, { lattice, field, bases }, options),
      );
      lattice.dispose();
      field.dispose();
      [lattice, field, change] = [better, next, changed];
    }
  }
  return { lattice, spans };
}

interface Estimate {
  readonly lattice: Tensor;
  /** The logarithm of the field at the voxels that are observed. */
  readonly field: Tensor;
  readonly bases: Bases;
}

/** A better estimate, and how much the field has changed: the coefficient of variation of the quotient of the two. */
function improve(
  { log, counted }: Observed,
  { lattice, field, bases }: Estimate,
  options: SharpenOptions,
): [Tensor, Tensor, number] {
  const uncorrected = log.sub(field).maskedSelect(counted);
  const residual = torch
    .zeros(log.shape, { dtype: "float64" })
    .maskedScatter(counted, uncorrected.sub(sharpen(uncorrected, options)));
  const better = lattice.add(fitSplines(residual, counted.to({ dtype: "float64" }), bases));
  const next = evaluateSplines(better, bases);
  const quotient = field.sub(next).maskedSelect(counted).exp();
  const change = quotient.numel() > 1 ? quotient.std().item() / quotient.mean().item() : 0;
  return [better, next, change];
}

/** The numbers of the voxels of an axis that are looked at, as many left out before as after them. */
function everySome(n: number, factor: number): number[] {
  const step = Math.min(factor, Math.max(1, Math.floor(n / LEAST_VOXELS)));
  const count = Math.floor((n - 1) / step) + 1;
  const start = Math.floor((n - 1 - (count - 1) * step) / 2);
  return Array.from({ length: count }, (_, i) => start + i * step);
}

/** Where a voxel lies on its axis, from 0 to 1. */
function placeOf(index: number, n: number): number {
  return n === 1 ? 0 : index / (n - 1);
}
