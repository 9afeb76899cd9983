import { z } from "zod";
import * as torch from "../torch/index.ts";
import { nn, type Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import type { Accepted } from "./accepted.ts";
import { reduction } from "./fields.ts";
import type { KnowsTargets, LossConfig, Reduction, WeighsTargets } from "./types.ts";

const schema = z.strictObject({
  /** How many classes there are, at least 2. Required. */
  numClasses: z.int().min(2),

  /** How the terms are made one: "mean" (default), over the questions that samples answer, or "sum". */
  reduction,
});

/**
 * The loss of classes that have an order, such as stages or ratings. The output (N, numClasses - 1) is, for each class but the last, the logit of being
 * beyond it given that one is not below it; its binary cross-entropy counts for the samples that are not below. The target is class indices, (N, 1)
 * or (N,). CORN, Shi, Cao and Raschka 2021; as `corn_loss` of coral-pytorch. Not in ClinicaDL 2.0.0, which cannot read it.
 *
 * {@link cornLabels} makes class indices of the output.
 *
 * @throws ConfigError in use when the output has not numClasses - 1 channels, or the target is not one class index per sample.
 * @example
 * ```ts
 * const network = new CNNConfig({ inShape: [1, 64, 64, 64], numOutputs: 3, convArgs: { channels: [8, 16] } });
 * const model = new SupervisedModel({ network, loss: new CornLossConfig({ numClasses: 4 }), optimizer });
 * console.log(Object.keys(model.getLossFunctions())); // → [ 'loss' ]
 * ```
 */
export class CornLossConfig extends configClass("CornLoss", schema) implements LossConfig {
  getObject(): CornLoss {
    return new CornLoss(this);
  }
}

/**
 * What {@link CornLossConfig} builds. With `reduction` "none", it gives (N, numClasses - 1), 0 for questions that a sample does not answer.
 *
 * @example
 * ```ts
 * const loss = new CornLoss({ numClasses: 3 });
 * const output = torch.tensor([[3, 2], [-3, 0]]); // beyond the first class; not beyond it
 * console.log(loss.call(output, torch.tensor([[2], [0]])).item().toFixed(4)); // → 0.0747
 * ```
 */
export class CornLoss
  extends nn.Module<[output: Tensor, target: Tensor], Tensor>
  implements KnowsTargets, WeighsTargets
{
  reduction: Reduction;
  readonly numClasses: number;

  constructor(options: ConstructorParameters<typeof CornLossConfig>[0] | CornLossConfig) {
    super();
    ({ numClasses: this.numClasses, reduction: this.reduction } = CornLossConfig.of(options));
  }

  acceptedTargets(): Accepted {
    const max = this.numClasses - 1;
    return {
      by: "CornLoss",
      expected: `class indices: integers from 0 to ${max}, since 'numClasses' is ${this.numClasses}`,
      remedy: "Number the classes in their order from 0.",
      integer: true,
      min: 0,
      max,
      ignored: null,
      nan: false,
    };
  }

  /** How many questions each sample answers: one more than the number of its class, but for the last. */
  targetWeights(target: Tensor): Tensor {
    return target
      .to({ dtype: "float32" })
      .add(1)
      .clampMax(this.numClasses - 1);
  }

  override forward(output: Tensor, target: Tensor): Tensor {
    const [samples = 0, questions] = output.shape;
    if (output.ndim !== 2 || questions !== this.numClasses - 1 || target.numel() !== samples) {
      throw new ConfigError(
        `CornLoss: the output has the shape (${output.shape.join(", ")}) and the target (${target.shape.join(", ")}). With 'numClasses' ${this.numClasses} it takes (N, ${this.numClasses - 1}) and one class index per sample.`,
      );
    }
    const classes = target.reshape([samples, 1]);
    const question = torch.arange(questions, { dtype: classes.dtype, device: classes.device });
    const answers = classes.ge(question).to({ dtype: output.dtype });
    const beyond = classes.gt(question).to({ dtype: output.dtype });
    const losses = output.mul(beyond.neg().add(1)).sub(output.logSigmoid()).mul(answers);
    switch (this.reduction) {
      case "none":
        return losses;
      case "sum":
        return losses.sum();
      case "mean":
        return losses.sum().div(answers.sum());
    }
  }
}

/**
 * The classes that the output of a network trained with {@link CornLoss} means: each the number of classes that a sample is more likely beyond
 * than not.
 * @param output (N, numClasses - 1), logits.
 * @returns (N, 1), int64.
 * @example
 * ```ts
 * console.log(cornLabels(torch.tensor([[3, 2], [3, -2], [-3, 0]])).toNumbers()); // → [ 2, 1, 0 ]
 * ```
 */
export function cornLabels(output: Tensor): Tensor {
  return torch.tidy(() => output.sigmoid().cumprod(1).gt(0.5).sum([1], true));
}
