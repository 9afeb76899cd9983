import { z } from "zod";
import type { Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { reduction } from "./fields.ts";
import {
  activation,
  batch,
  includeBackground,
  oneActivation,
  SegmentationLoss,
  smooth,
  toOnehotY,
} from "./segmentation.ts";
import type { LossConfig } from "./types.ts";

const schema = z.strictObject({
  /** Whether class 0 counts; default true. */
  includeBackground,

  /** Whether targets are class indices, (N, 1, …); default false. */
  toOnehotY,

  /** Whether the sigmoid makes probabilities of the output; default false. */
  sigmoid: activation,

  /** Whether the softmax over classes makes probabilities of the output; default false. */
  softmax: activation,

  /** How much false positives count, ≥ 0; default 0.5. */
  alpha: z.number().nonnegative().default(0.5),

  /** How much false negatives count, ≥ 0; default 0.5. More than `alpha`: small lesions are missed less. */
  beta: z.number().nonnegative().default(0.5),

  /** How the losses of samples and classes are made one: "mean" (default) or "sum". */
  reduction,

  /** Added to the numerator, ≥ 0; default 1e-5. */
  smoothNr: smooth,

  /** Added to the denominator, ≥ 0, against division by 0; default 1e-5. */
  smoothDr: smooth,

  /** Whether sums run over the batch, too; default false. */
  batch,
});

/**
 * 1 - (tp + smoothNr) / (tp + alpha·fp + beta·fn + smoothDr) of each sample and class, between an output (N, C, …) and targets of
 * its shape, or (N, 1, …) with class indices. Salehi et al., 2017; as MONAI's `TverskyLoss`. Not in ClinicaDL 2.0.0, which cannot
 * read it.
 *
 * ```ts
 * new SegmentationModel({ network, loss: new TverskyLossConfig({ softmax: true, toOnehotY: true, alpha: 0.3, beta: 0.7 }), optimizer });
 * ```
 *
 * @throws ConfigError for `sigmoid` with `softmax`, and in use where classes or shapes do not go together.
 */
export class TverskyLossConfig
  extends configClass("TverskyLoss", schema, { finish: oneActivation })
  implements LossConfig
{
  getObject(): TverskyLoss {
    return new TverskyLoss(this);
  }
}

/** What {@link TverskyLossConfig} builds. With `reduction` "none", it gives (N, C); one number where sums run over the batch. */
export class TverskyLoss extends SegmentationLoss<TverskyLossConfig> {
  constructor(options: ConstructorParameters<typeof TverskyLossConfig>[0] | TverskyLossConfig = {}) {
    super(TverskyLossConfig.of(options));
  }

  protected override losses(p: Tensor, t: Tensor): Tensor {
    const { alpha, beta, smoothNr, smoothDr } = this.options;
    const both = this.sum(p.mul(t));
    const falsePositives = this.sum(p).sub(both).mul(alpha);
    const falseNegatives = this.sum(t).sub(both).mul(beta);
    const denominator = both.add(falsePositives).add(falseNegatives).add(smoothDr);
    return both.add(smoothNr).div(denominator).neg().add(1);
  }
}
