import { z } from "zod";
import { nn, type Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import type { Accepted } from "./accepted.ts";
import { DiceLoss, diceShape } from "./dice.ts";
import { oneActivation } from "./segmentation.ts";
import type { ComparesSamples, KnowsTargets, LossConfig, Reduction } from "./types.ts";

const schema = z.strictObject({
  ...diceShape,

  /** How much the Dice loss counts, ≥ 0; default 1. */
  lambdaDice: z.number().nonnegative().default(1),

  /** How much the cross-entropy counts, ≥ 0; default 1. */
  lambdaCe: z.number().nonnegative().default(1),
});

/**
 * The soft Dice loss plus the cross-entropy, between logits (N, C, …) and targets of their shape, or (N, 1, …) with class indices. The
 * cross-entropy is that of the softmax over classes, or the binary one where the output has one channel. As MONAI's `DiceCELoss`,
 * without `weight` and `label_smoothing`. Not in ClinicaDL 2.0.0, which cannot read it.
 *
 * @throws ConfigError for `sigmoid` with `softmax`, and in use where classes or shapes do not go together.
 * @example
 * ```ts
 * const model = new SupervisedModel({ network, loss: new DiceCELossConfig({ softmax: true, toOnehotY: true }), optimizer });
 * ```
 */
export class DiceCELossConfig
  extends configClass("DiceCELoss", schema, { finish: oneActivation })
  implements LossConfig
{
  getObject(): DiceCELoss {
    return new DiceCELoss(this);
  }
}

/**
 * What {@link DiceCELossConfig} builds. With `reduction` "none", it gives (N,); one number where sums run over the batch.
 *
 * @example
 * ```ts
 * const loss = new DiceCELoss({ softmax: true, toOnehotY: true, lambdaCe: 0.5 });
 * const scores = torch.tensor([[[[2, 0]], [[0, 2]]]]); // (1, 2, 1, 2): two classes, two voxels
 * console.log(loss.call(scores, torch.tensor([[[[0, 1]]]])).item().toFixed(4)); // → 0.1827
 * ```
 */
export class DiceCELoss
  extends nn.Module<[output: Tensor, target: Tensor], Tensor>
  implements KnowsTargets, ComparesSamples
{
  reduction: Reduction;
  readonly config: DiceCELossConfig;
  readonly #dice: DiceLoss;

  constructor(options: ConstructorParameters<typeof DiceCELossConfig>[0] | DiceCELossConfig = {}) {
    super();
    this.config = DiceCELossConfig.of(options);
    const { lambdaDice: _, lambdaCe: __, ...dice } = this.config.fields();
    this.#dice = new DiceLoss(dice);
    this.reduction = this.config.reduction;
  }

  get comparesSamples(): "batch" | null {
    return this.config.batch ? "batch" : null;
  }

  acceptedTargets(classes: number | null): Accepted {
    return { ...this.#dice.acceptedTargets(classes), by: "DiceCELoss" };
  }

  override forward(output: Tensor, target: Tensor): Tensor {
    const { lambdaDice, lambdaCe, batch, reduction } = this.config;
    // there is no Dice value per sample where its sums run over the batch
    const how = this.reduction === "none" && batch ? reduction : this.reduction;
    this.#dice.reduction = how;
    const dice = this.#dice.call(output, target);
    const entropy = this.#entropy(output, target);
    const merge = (x: Tensor) => {
      if (how !== "none") return how === "sum" ? x.sum() : x.mean();
      return reduction === "sum" ? x.flatten(1).sum([1]) : x.flatten(1).mean([1]);
    };
    const one = how === "none" ? merge(dice) : dice;
    return one.mul(lambdaDice).add(merge(entropy).mul(lambdaCe));
  }

  /** (N, 1, …), of each place. */
  #entropy(output: Tensor, target: Tensor): Tensor {
    const likeOutput = { dtype: output.dtype };
    if (output.shape[1] === 1)
      return new nn.BCEWithLogitsLoss({ reduction: "none" }).call(output, target.to(likeOutput));
    const classes = this.config.toOnehotY ? target.squeeze(1).to({ dtype: "int64" }) : target.to(likeOutput);
    return new nn.CrossEntropyLoss({ reduction: "none" }).call(output, classes).unsqueeze(1);
  }
}
