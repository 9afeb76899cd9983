/** What the mean of a loss divides by, where targets have weights or are ignored. */
import type { Batch } from "../data/dataloader/index.ts";
import { checkTarget, hasTargetWeights, type LossFunction, type TargetSource, targetWeights } from "../losses/index.ts";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";

/** The values of a field of a batch, for messages. */
export function sourceOf(batch: Batch, field: string): TargetSource {
  const values = batch.getField(field, { ensureChannelDim: true, device: null });
  return { field, participants: batch.participants, values };
}

/**
 * What the targets of a batch count for in the mean of a loss, together: class indices by the weights of their classes, and not where they
 * are ignored.
 * @param sizes what makes of the labels (N, 1, …) those of each mean of the loss. Default: one mean, of the labels as they are.
 * @returns the sum for each of them; null where a loss counts by samples.
 */
export function targetCounts(
  loss: LossFunction,
  batch: Batch,
  field: string,
  sizes: readonly ((label: Tensor) => Tensor)[] = [(label) => label],
): readonly number[] | null {
  if (!hasTargetWeights(loss)) return null;
  using _scope = torch.scope();
  using _grad = torch.noGrad();
  const target = batch.getField(field, { ensureChannelDim: true });
  // several channels are probabilities
  if (target.ndim > 1 && target.shape[1] !== 1) return null;
  checkTarget(loss, target, { classes: null, probabilities: false, source: sourceOf(batch, field) });
  const counts: number[] = [];
  for (const at of sizes) {
    const weights = targetWeights(loss, at(target).to({ dtype: "int64" }));
    if (weights === null) return null;
    counts.push(weights.sum({ dtype: "float64" }).item());
  }
  return counts;
}

/**
 * A mean over a batch, in a window of several: where no target of the batch counts it is 0, and has no gradient, while PyTorch's is NaN.
 * @param share of the batch in its window; undefined: it is the whole.
 */
export function meanInWindow(share: number | undefined, output: Tensor, mean: () => Tensor): Tensor {
  return share === 0 ? output.sum().mul(0) : mean();
}
