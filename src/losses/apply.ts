import { nn, type Tensor } from "../torch/index.ts";
import type { LossFunction } from "./types.ts";

/** Whether the targets of `loss` are class indices (or, for the cross-entropy, possibly probabilities). */
function takesClassIndices(loss: LossFunction): boolean {
  return loss instanceof nn.CrossEntropyLoss || loss instanceof nn.NLLLoss || loss instanceof nn.MultiMarginLoss;
}

function sameShape(a: Tensor, b: Tensor): boolean {
  return a.ndim === b.ndim && a.shape.every((size, i) => size === b.shape[i]);
}

/**
 * The target as `loss` wants it, from what a batch holds.
 *
 * Class indices: int64 of shape (N, …) without channel dimension, from (N,), (N, 1) or (N, 1, …). A target that already
 * has the shape of the output is left as probabilities. Every other loss compares floating-point numbers, so the
 * target becomes float32.
 * @param output what the network gave, (N, C, …).
 * @param target from the batch, (N, 1, …) or (N, C, …).
 */
export function prepareTarget(loss: LossFunction, output: Tensor, target: Tensor): Tensor {
  if (takesClassIndices(loss) && !(loss instanceof nn.CrossEntropyLoss && sameShape(output, target))) {
    const channelled = target.ndim === output.ndim && target.ndim > 1 && target.shape[1] === 1;
    return (channelled ? target.squeeze(1) : target).to({ dtype: "int64" });
  }
  return target.to({ dtype: "float32" });
}

/** Calls a loss, be it a module or a function. */
export function callLoss(loss: LossFunction, output: Tensor, target: Tensor): Tensor {
  return loss instanceof nn.Module ? (loss.call(output, target) as Tensor) : loss(output, target);
}

/**
 * Calls a loss without its reduction: one value per element.
 * @returns (N, …), without channel dimension for losses of class indices.
 */
export function callLossUnreduced(loss: LossFunction & { reduction?: string }, output: Tensor, target: Tensor): Tensor {
  const reduction = loss.reduction;
  loss.reduction = "none";
  try {
    return callLoss(loss, output, target);
  } finally {
    if (reduction !== undefined) loss.reduction = reduction;
  }
}

/**
 * What the mean of a weighted loss divides by: the weight of each target, 0 where it is ignored. `null`: each element
 * counts for 1.
 * @param target as {@link prepareTarget} gives it.
 * @returns float32, of the target's shape.
 */
export function targetWeights(loss: LossFunction, target: Tensor): Tensor | null {
  if (!(loss instanceof nn.CrossEntropyLoss || loss instanceof nn.NLLLoss) || target.dtype !== "int64") return null;
  const kept = target.ne(loss.ignoreIndex);
  const { weight } = loss;
  if (weight === null) return kept.to({ dtype: "float32" });
  const classes = target.mul(kept.to({ dtype: "int64" }));
  return weight.to({ dtype: "float32" }).indexSelect(0, classes.flatten()).reshape(target.shape).mul(kept);
}
