import { z } from "zod";
import * as torch from "../torch/index.ts";
import { nn, type Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { sameShape } from "./targets.ts";
import type { ComparesSamples, LossConfig, Reduction } from "./types.ts";

const schema = z.strictObject({
  /** What similarities are divided by, > 0: the smaller, the more the most similar other samples count. Default 0.5. */
  temperature: z.number().positive().default(0.5),
});

/**
 * How badly two views of each sample are told from the views of others: the cross-entropy of finding, among all 2N - 1 other vectors of
 * the batch, the other view by cosine similarity. Output and target are the embeddings (N, F) of the views. SimCLR, Chen et al. 2020; as
 * MONAI's `ContrastiveLoss`. Not in ClinicaDL 2.0.0, which cannot read it. A batch of one sample has nobody to be told from: its loss is 0.
 *
 * @throws ConfigError in use when output and target are not two matrices of one shape.
 * @example
 * ```ts
 * const loss = new ContrastiveLossConfig({ temperature: 0.1 }).getObject();
 * const oneView = torch.tensor([[1, 0], [0, 1]]);
 * const otherView = torch.tensor([[0.9, 0.1], [0.2, 0.8]]);
 * console.log(loss.call(oneView, otherView).item() < loss.call(oneView, otherView.flip([0])).item()); // → true
 * ```
 */
export class ContrastiveLossConfig extends configClass("ContrastiveLoss", schema) implements LossConfig {
  getObject(): ContrastiveLoss {
    return new ContrastiveLoss(this);
  }
}

/**
 * What {@link ContrastiveLossConfig} builds. It gives one number whatever `reduction` is: no sample has a loss without the others.
 *
 * @example
 * ```ts
 * const loss = new ContrastiveLoss({ temperature: 0.5 });
 * const embedding = torch.tensor([[1, 0]]);
 * console.log(loss.call(embedding, embedding).item()); // → 0
 * ```
 */
export class ContrastiveLoss extends nn.Module<[output: Tensor, target: Tensor], Tensor> implements ComparesSamples {
  readonly comparesSamples = "batch";
  reduction: Reduction = "mean";
  readonly config: ContrastiveLossConfig;

  constructor(options: ConstructorParameters<typeof ContrastiveLossConfig>[0] | ContrastiveLossConfig = {}) {
    super();
    this.config = ContrastiveLossConfig.of(options);
  }

  override forward(output: Tensor, target: Tensor): Tensor {
    if (output.ndim !== 2 || !sameShape(output, target)) {
      throw new ConfigError(
        `ContrastiveLoss: the output has the shape (${output.shape.join(", ")}) and the target (${target.shape.join(", ")}). Both are embeddings, (N, F).`,
      );
    }
    const samples = output.shape[0] ?? 0;
    const views = torch.cat([output, target.to({ dtype: output.dtype })]);
    // the least norm is that of PyTorch's cosine similarity
    const directions = views.div(views.norm(2, [1], true).clampMin(1e-8));
    const similarities = directions.matmul(directions.t()).div(this.config.temperature);
    const itself = torch.eye(2 * samples, { dtype: "bool", device: output.device });
    const others = similarities.maskedFill(itself, Number.NEGATIVE_INFINITY);
    // views i and i + N belong together, each found from the other
    return others.logsumexp([1]).mean().sub(similarities.diagonal(samples).mean());
  }
}
