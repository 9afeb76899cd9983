import { z } from "zod";
import type { Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { weights } from "./fields.ts";
import { classWeights, oneActivation, SegmentationLoss, segmentationShape } from "./segmentation.ts";
import type { LossConfig } from "./types.ts";

/** What the losses share that are a Dice loss, or have one in them. */
export const diceShape = {
  ...segmentationShape,

  /** Whether the sums of the Dice loss's denominator are of squares; default false. */
  squaredPred: z.boolean().default(false),

  /** Whether it is the Jaccard index instead of the Dice loss; default false. */
  jaccard: z.boolean().default(false),
};

const schema = z.strictObject({
  ...diceShape,

  /** One weight per class that counts, ≥ 0, or one for all; default null: all alike. */
  weight: classWeights,
});

/**
 * The soft Dice loss 1 - (2·Σpt + smoothNr) / (Σp + Σt + smoothDr) of each sample and class, between an output p (N, C, …) and
 * targets t of its shape, or (N, 1, …) with class indices. Milletari et al., 2016; as MONAI's `DiceLoss`. Not in ClinicaDL 2.0.0,
 * which cannot read it.
 *
 * Options, all off unless said: `sigmoid` or `softmax` (over classes) makes probabilities of the output; `toOnehotY`: targets are
 * class indices; `includeBackground` (true): whether class 0 counts; `squaredPred`: squares in the denominator; `jaccard`: the
 * Jaccard index instead; `batch`: sums run over the batch, too; `weight`: one per class that counts; `smoothNr`, `smoothDr` (1e-5);
 * `reduction` ("mean" or "sum", over samples and classes).
 *
 * @throws ConfigError for `sigmoid` with `softmax`, and in use where classes, weights or shapes do not go together.
 * @example
 * ```ts
 * const model = new SupervisedModel({ network, loss: new DiceLossConfig({ softmax: true, toOnehotY: true }), optimizer });
 * ```
 */
export class DiceLossConfig
  extends configClass("DiceLoss", schema, {
    finish: oneActivation,
  })
  implements LossConfig
{
  getObject(): DiceLoss {
    return new DiceLoss(this);
  }
}

/**
 * What {@link DiceLossConfig} builds. With `reduction` "none", it gives (N, C); one number where sums run over the batch.
 *
 * @example
 * ```ts
 * const loss = new DiceLoss({ smoothNr: 0, smoothDr: 0 });
 * const mask = torch.tensor([[[1, 1], [0, 0]]]).unsqueeze(0);
 * const half = torch.tensor([[[1, 0], [0, 0]]]).unsqueeze(0);
 * console.log(loss.call(half, mask).item().toFixed(4)); // → 0.3333
 * ```
 */
export class DiceLoss extends SegmentationLoss<DiceLossConfig> {
  declare weight: Tensor | null;

  constructor(options: ConstructorParameters<typeof DiceLossConfig>[0] | DiceLossConfig = {}) {
    super(DiceLossConfig.of(options));
    this.registerBuffer("weight", weights(this.config.weight));
  }

  protected override losses(p: Tensor, t: Tensor): Tensor {
    const { squaredPred, jaccard, smoothNr, smoothDr } = this.config;
    const both = this.sum(p.mul(t));
    const all = squaredPred ? this.sum(p.square()).add(this.sum(t.square())) : this.sum(p).add(this.sum(t));
    const denominator = jaccard ? all.sub(both).mul(2) : all;
    const losses = both.mul(2).add(smoothNr).div(denominator.add(smoothDr)).neg().add(1);
    return this.weighted(losses, this.weight);
  }
}
