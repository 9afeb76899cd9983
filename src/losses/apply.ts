import { nn, type Tensor } from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import {
  checkOutput,
  checkShapes,
  checkTarget,
  nameOf,
  sameShape,
  type TargetSource,
  takesClassIndices,
} from "./targets.ts";
import type { ComparesSamples, LossFunction, WeighsTargets } from "./types.ts";

/**
 * The target as `loss` wants it, from what a batch holds.
 *
 * Class indices: int64 of shape (N, …) without channel dimension, from (N,), (N, 1) or (N, 1, …). A target that already
 * has the shape of the output is left as probabilities. Every other loss compares floating-point numbers, so the
 * target becomes float32.
 * @param output what the network gave, (N, C, …).
 * @param target from the batch, (N, 1, …) or (N, C, …).
 * @param source where the target comes from. Default: not known, so that messages name no participant.
 * @throws DataFrameError when the target holds values that the loss does not take, such as a class index 0.5.
 * @throws ConfigError when output, target and weights of the loss do not go together.
 * @example
 * ```ts
 * const loss = new CrossEntropyLossConfig().getObject();
 * const target = prepareTarget(loss, torch.zeros([2, 3]), torch.tensor([[0], [2]])); // (N, 1) of a table, as float32
 * console.log(target.dtype, target.shape); // → int64 [ 2 ]
 * ```
 */
export function prepareTarget(
  loss: LossFunction,
  output: Tensor,
  target: Tensor,
  source: TargetSource = { field: "target", participants: [] },
): Tensor {
  checkOutput(loss, output);
  const indices = takesClassIndices(loss);
  const probabilities = indices && loss instanceof nn.CrossEntropyLoss && sameShape(output, target);
  const classes = output.ndim > 1 ? (output.shape[1] ?? null) : null;
  checkTarget(loss, target, { classes, probabilities, source });
  const channelled = target.ndim === output.ndim && target.ndim > 1 && target.shape[1] === 1;
  const prepared =
    indices && !probabilities
      ? (channelled ? target.squeeze(1) : target).to({ dtype: "int64" })
      : target.to({ dtype: "float32" });
  checkShapes(loss, output, prepared, source);
  return prepared;
}

/**
 * Calls a loss, be it a module or a function.
 *
 * @example
 * ```ts
 * const loss = new MSELossConfig().getObject();
 * console.log(callLoss(loss, torch.tensor([2]), torch.tensor([0])).item()); // → 4
 * console.log(callLoss((output, target) => output.sub(target).sum(), torch.tensor([2]), torch.tensor([0])).item()); // → 2
 * ```
 */
export function callLoss(loss: LossFunction, output: Tensor, target: Tensor): Tensor {
  return loss instanceof nn.Module ? (loss.call(output, target) as Tensor) : loss(output, target);
}

/**
 * Calls a loss without its reduction: one value per element.
 * @returns (N, …), without channel dimension for losses of class indices; or one number, from a loss that does not do what
 * its `reduction` says.
 * @throws ConfigError when it gives something else.
 * @example
 * ```ts
 * const loss = new MSELossConfig().getObject();
 * console.log(callLossUnreduced(loss, torch.tensor([[2], [3]]), torch.zeros([2, 1])).toNumbers()); // → [ 4, 9 ]
 * ```
 */
export function callLossUnreduced(loss: LossFunction & { reduction?: string }, output: Tensor, target: Tensor): Tensor {
  const reduction = loss.reduction;
  loss.reduction = "none";
  try {
    const losses = callLoss(loss, output, target);
    if (losses.numel() === 1 || losses.shape[0] === output.shape[0]) return losses;
    throw new ConfigError(
      `${nameOf(loss)}: with reduction "none" it gives the shape (${losses.shape.join(", ")}) for ${output.shape[0]} samples. It must give one value per element, (N, …), or ignore "none" and give one number.`,
    );
  } finally {
    if (reduction !== undefined) loss.reduction = reduction;
  }
}

/**
 * Which samples a loss compares with each other; null: none, or it does not say.
 *
 * @example
 * ```ts
 * console.log(comparesSamples(new CoxPHLossConfig().getObject()), comparesSamples(new MSELossConfig().getObject())); // → all null
 * ```
 */
export function comparesSamples(loss: LossFunction): ComparesSamples["comparesSamples"] {
  return knowsWhatItCompares(loss) ? loss.comparesSamples : null;
}

function knowsWhatItCompares(loss: LossFunction): loss is LossFunction & ComparesSamples {
  return "comparesSamples" in loss;
}

function weighsTargets(loss: LossFunction): loss is LossFunction & WeighsTargets {
  return "targetWeights" in loss && typeof loss.targetWeights === "function";
}

/**
 * Whether targets of the loss may count differently in its mean.
 *
 * @example
 * ```ts
 * console.log(hasTargetWeights(new CrossEntropyLossConfig().getObject()), hasTargetWeights(new MSELossConfig().getObject())); // → true false
 * ```
 */
export function hasTargetWeights(loss: LossFunction): boolean {
  return loss instanceof nn.CrossEntropyLoss || loss instanceof nn.NLLLoss || weighsTargets(loss);
}

/**
 * What the mean of a weighted loss divides by: the weight of each target, 0 where it is ignored. `null`: each element
 * counts for 1.
 * @param target as {@link prepareTarget} gives it.
 * @returns float32, of the target's shape, or as the loss's own `targetWeights` says.
 * @example
 * ```ts
 * const loss = new CrossEntropyLossConfig({ weight: [1, 4] }).getObject();
 * console.log(targetWeights(loss, torch.tensor([0, 1, 1], { dtype: "int64" }))?.toNumbers()); // → [ 1, 4, 4 ]
 * ```
 */
export function targetWeights(loss: LossFunction, target: Tensor): Tensor | null {
  if (weighsTargets(loss)) return loss.targetWeights(target);
  if (!(loss instanceof nn.CrossEntropyLoss || loss instanceof nn.NLLLoss) || target.dtype !== "int64") return null;
  const kept = target.ne(loss.ignoreIndex);
  const { weight } = loss;
  if (weight === null) return kept.to({ dtype: "float32" });
  const classes = target.mul(kept.to({ dtype: "int64" }));
  // targets that are counted before their batch goes to the device of the loss are counted where they are
  return weight
    .to({ dtype: "float32", device: target.device })
    .indexSelect(0, classes.flatten())
    .reshape(target.shape)
    .mul(kept);
}
