import { z } from "zod";
import type { Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { oneActivation, SegmentationLoss, segmentationShape } from "./segmentation.ts";
import type { LossConfig } from "./types.ts";

const schema = z.strictObject({
  ...segmentationShape,

  /** How much false positives count, ≥ 0; default 0.5. */
  alpha: z.number().nonnegative().default(0.5),

  /** How much false negatives count, ≥ 0; default 0.5. More than `alpha`: small lesions are missed less. */
  beta: z.number().nonnegative().default(0.5),
});

/**
 * 1 - (tp + smoothNr) / (tp + alpha·fp + beta·fn + smoothDr) of each sample and class, between an output (N, C, …) and targets of
 * its shape, or (N, 1, …) with class indices. Salehi et al., 2017; as MONAI's `TverskyLoss`. Not in ClinicaDL 2.0.0, which cannot
 * read it.
 *
 * @throws ConfigError for `sigmoid` with `softmax`, and in use where classes or shapes do not go together.
 * @example
 * ```ts
 * // missed voxels count more than those that are too many
 * const loss = new TverskyLossConfig({ softmax: true, toOnehotY: true, alpha: 0.3, beta: 0.7 });
 * const model = new SupervisedModel({ network, loss, optimizer });
 * ```
 */
export class TverskyLossConfig
  extends configClass("TverskyLoss", schema, { finish: oneActivation })
  implements LossConfig
{
  getObject(): TverskyLoss {
    return new TverskyLoss(this);
  }
}

/**
 * What {@link TverskyLossConfig} builds. With `reduction` "none", it gives (N, C); one number where sums run over the batch.
 *
 * @example
 * ```ts
 * const mask = torch.tensor([[[[1, 1, 0, 0]]]]);
 * const missed = torch.tensor([[[[1, 0, 0, 0]]]]);
 * const loss = new TverskyLoss({ alpha: 0.3, beta: 0.7, smoothNr: 0, smoothDr: 0 });
 * console.log(loss.call(missed, mask).item().toFixed(4)); // → 0.4118
 * ```
 */
export class TverskyLoss extends SegmentationLoss<TverskyLossConfig> {
  constructor(options: ConstructorParameters<typeof TverskyLossConfig>[0] | TverskyLossConfig = {}) {
    super(TverskyLossConfig.of(options));
  }

  protected override losses(p: Tensor, t: Tensor): Tensor {
    const { alpha, beta, smoothNr, smoothDr } = this.config;
    const both = this.sum(p.mul(t));
    const falsePositives = this.sum(p).sub(both).mul(alpha);
    const falseNegatives = this.sum(t).sub(both).mul(beta);
    const denominator = both.add(falsePositives).add(falseNegatives).add(smoothDr);
    return both.add(smoothNr).div(denominator).neg().add(1);
  }
}
