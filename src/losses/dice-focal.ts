import { z } from "zod";
import { nn, type Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import type { Accepted } from "./accepted.ts";
import { DiceLoss, diceShape } from "./dice.ts";
import { FocalLoss } from "./focal.ts";
import { classWeights, oneActivation } from "./segmentation.ts";
import type { ComparesSamples, KnowsTargets, LossConfig, Reduction } from "./types.ts";

const schema = z.strictObject({
  ...diceShape,

  /** The focal loss's exponent, ≥ 0: the greater, the less counts what is already right. Default 2. */
  gamma: z.number().nonnegative().default(2),

  /** The focal loss's weight of targets 1, from 0 to 1 (those 0 have 1 - alpha); default null: all alike. */
  alpha: z.number().min(0).max(1).nullable().default(null),

  /** One weight per class that counts, ≥ 0, or one for all, in both losses; default null: all alike. */
  weight: classWeights,

  /** How much the Dice loss counts, ≥ 0; default 1. */
  lambdaDice: z.number().nonnegative().default(1),

  /** How much the focal loss counts, ≥ 0; default 1. */
  lambdaFocal: z.number().nonnegative().default(1),
});

/**
 * The soft Dice loss plus the focal loss, between logits (N, C, …) and targets of their shape, or (N, 1, …) with class indices. The
 * activation is for the Dice loss; the focal loss always takes the sigmoid of the logits. As MONAI's `DiceFocalLoss`. Not in ClinicaDL
 * 2.0.0, which cannot read it.
 *
 * @throws ConfigError for `sigmoid` with `softmax`, and in use where classes, weights or shapes do not go together.
 * @example
 * ```ts
 * const loss = new DiceFocalLossConfig({ softmax: true, toOnehotY: true });
 * const model = new SupervisedModel({ network, loss, optimizer });
 * ```
 */
export class DiceFocalLossConfig
  extends configClass("DiceFocalLoss", schema, { finish: oneActivation })
  implements LossConfig
{
  getObject(): DiceFocalLoss {
    return new DiceFocalLoss(this);
  }
}

/**
 * What {@link DiceFocalLossConfig} builds. With `reduction` "none", it gives (N, C); one number where sums run over the batch.
 *
 * @example
 * ```ts
 * const loss = new DiceFocalLoss({ sigmoid: true, gamma: 2, lambdaFocal: 0.5 });
 * const scores = torch.tensor([[[[2, -2]]]]); // (1, 1, 1, 2): logits of two voxels
 * console.log(loss.call(scores, torch.tensor([[[[1, 0]]]])).item().toFixed(4)); // → 0.1201
 * ```
 */
export class DiceFocalLoss
  extends nn.Module<[output: Tensor, target: Tensor], Tensor>
  implements KnowsTargets, ComparesSamples
{
  reduction: Reduction;
  readonly config: DiceFocalLossConfig;
  readonly dice: DiceLoss;
  readonly focal: FocalLoss;

  constructor(options: ConstructorParameters<typeof DiceFocalLossConfig>[0] | DiceFocalLossConfig = {}) {
    super();
    this.config = DiceFocalLossConfig.of(options);
    const { gamma, alpha, lambdaDice: _, lambdaFocal: __, ...dice } = this.config.fields();
    const { includeBackground, toOnehotY, weight, reduction } = dice;
    this.dice = new DiceLoss(dice);
    this.focal = new FocalLoss({ includeBackground, toOnehotY, weight, reduction, gamma, alpha });
    this.reduction = reduction;
  }

  get comparesSamples(): "batch" | null {
    return this.config.batch ? "batch" : null;
  }

  acceptedTargets(classes: number | null): Accepted {
    return { ...this.dice.acceptedTargets(classes), by: "DiceFocalLoss" };
  }

  override forward(output: Tensor, target: Tensor): Tensor {
    const { lambdaDice, lambdaFocal, batch, reduction } = this.config;
    // there is no Dice value per sample where its sums run over the batch
    const how = this.reduction === "none" && batch ? reduction : this.reduction;
    this.dice.reduction = how;
    this.focal.reduction = how;
    const dice = this.dice.call(output, target);
    return dice.mul(lambdaDice).add(this.focal.call(output, target).mul(lambdaFocal));
  }
}
