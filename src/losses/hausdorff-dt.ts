import { z } from "zod";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { distanceTransform } from "../torch/morphology.ts";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { reduction } from "./fields.ts";
import { oneActivation, SegmentationLoss, segmentationShape } from "./segmentation.ts";
import type { LossConfig } from "./types.ts";

const schema = z.strictObject({
  /** How much more errors count the farther they are from the outlines: distances are to this power, > 0. Default 2. */
  alpha: z.number().positive().default(2),

  /** Whether class 0 counts; default false. The one class of an output with one channel always does. */
  includeBackground: z.boolean().default(false),

  /** Whether targets are class indices, (N, 1, …); default false. */
  toOnehotY: segmentationShape.toOnehotY,

  /** Whether the sigmoid makes probabilities of the output; default false. */
  sigmoid: segmentationShape.sigmoid,

  /** Whether the softmax over classes makes probabilities of the output; default false. */
  softmax: segmentationShape.softmax,

  /** How the losses of samples and classes are made one: "mean" (default) or "sum". */
  reduction,

  /** Whether means run over the batch, too; default false. */
  batch: segmentationShape.batch,
});

/**
 * The mean over places of (p - t)² · (d(p)^alpha + d(t)^alpha), of each sample and class, between an output p (N, C, H, W) or
 * (N, C, D, H, W) and targets t of its shape, or (N, 1, …) with class indices. d is the distance in voxels to the outline of what is
 * above 0.5, 0 everywhere where that is all or nothing; no gradient goes through it. Errors far from the outline, which make the
 * Hausdorff distance large, count most. Karimi and Salcudean, 2019; as MONAI's `HausdorffDTLoss`. Not in ClinicaDL 2.0.0, which
 * cannot read it. The distances are computed on the CPU. It is usually added to a Dice loss, since alone it learns slowly at first.
 *
 * @throws ConfigError for `sigmoid` with `softmax`, and in use where classes or shapes do not go together.
 * @example
 * ```ts
 * const loss = new HausdorffDTLossConfig({ softmax: true, toOnehotY: true });
 * const model = new SupervisedModel({ network, loss, optimizer });
 * ```
 */
export class HausdorffDTLossConfig
  extends configClass("HausdorffDTLoss", schema, { finish: oneActivation })
  implements LossConfig
{
  getObject(): HausdorffDTLoss {
    return new HausdorffDTLoss(this);
  }
}

/**
 * What {@link HausdorffDTLossConfig} builds. With `reduction` "none", it gives (N, C); one number where means run over the batch.
 *
 * @example
 * ```ts
 * const loss = new HausdorffDTLoss();
 * const mask = torch.zeros([1, 1, 8, 8]);
 * mask.narrow(2, 2, 4).narrow(3, 2, 4).fill_(1);
 * console.log(loss.call(mask, mask).item()); // → 0
 * console.log(loss.call(mask.roll([1], [2]), mask).item() < loss.call(mask.roll([3], [2]), mask).item()); // → true
 * ```
 */
export class HausdorffDTLoss extends SegmentationLoss<HausdorffDTLossConfig> {
  constructor(options: ConstructorParameters<typeof HausdorffDTLossConfig>[0] | HausdorffDTLossConfig = {}) {
    super(HausdorffDTLossConfig.of(options));
  }

  protected override countsBackground(classes: number): boolean {
    return classes === 1 || this.config.includeBackground;
  }

  protected override losses(p: Tensor, t: Tensor): Tensor {
    if (p.ndim !== 4 && p.ndim !== 5) {
      throw new ConfigError(
        `HausdorffDTLoss: the output has the shape (${p.shape.join(", ")}). It takes images, (N, C, H, W) or (N, C, D, H, W).`,
      );
    }
    const { alpha } = this.config;
    const far = toOutline(p).pow(alpha).add(toOutline(t).pow(alpha));
    const places = Array.from({ length: p.ndim - 2 }, (_, i) => i + 2);
    return p
      .sub(t)
      .square()
      .mul(far)
      .mean(this.config.batch ? [0, ...places] : places);
  }
}

/** The distance of each place to the nearest of the other kind, those above 0.5 and the others; 0 where there is one kind only. */
function toOutline(x: Tensor): Tensor {
  return torch.tidy(() => {
    using _grad = torch.noGrad();
    const inside = x.gt(0.5).flatten(0, 1);
    const dtype = x.dtype === "float64" ? "float64" : "float32";
    const distances = distanceTransform(inside, { dtype }).add(distanceTransform(inside.logicalNot(), { dtype }));
    return distances
      .maskedFill(distances.isinf(), 0)
      .reshape([...x.shape])
      .to({ dtype: x.dtype });
  });
}
