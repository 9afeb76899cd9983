/** Losses: `call(output, target)`, one number, or with `reduction: "none"` one for each element. */
import { warn } from "../../utils/warnings.ts";
import { type Given, knownOptions } from "../arguments.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { pySize } from "./format.ts";
import { Module } from "./module.ts";

export type Reduction = "none" | "mean" | "sum";

export interface LossOptions<R extends string = Reduction> {
  /** Default "mean". */
  readonly reduction?: R | undefined;
}
export interface WeightedLossOptions extends LossOptions {
  /** A weight for each class (or, in `BCE…`, element). The loss takes it over, and disposes it with itself. */
  readonly weight?: Tensor | null | undefined;
}

/**
 * A loss of an output and a target.
 * @example
 * ```ts
 * using scope = torch.scope();
 * class Bias extends torch.nn.Loss {
 *   override forward(input: torch.Tensor, target: torch.Tensor): torch.Tensor {
 *     return input.sub(target).mean();
 *   }
 * }
 * const output = torch.tensor([1, 4]);
 * const target = torch.tensor([1, 2]);
 * const bias = new Bias("Bias", "mean").call(output, target);
 * console.log(bias.item()); // → 1
 * ```
 */
export abstract class Loss<R extends string = Reduction> extends Module<[input: Tensor, target: Tensor], Tensor> {
  /** How the losses of the elements are made one; may be changed. */
  reduction: R | "mean";

  /** @param loss the class's name, for messages */
  constructor(loss: string, reduction: R | undefined) {
    super();
    this.reduction = reduction ?? "mean";
    if (this.reduction !== "batchmean" || loss !== "KLDivLoss") reductionNumber(loss, this.reduction);
  }
  /** libtorch's number for the reduction. */
  protected reductionNumber(): number {
    return reductionNumber(this.constructor.name, this.reduction);
  }
}

/** 0, 1 or 2. @throws RangeError for any other word */
function reductionNumber(loss: string, reduction: string): number {
  const number = ["none", "mean", "sum"].indexOf(reduction);
  if (number < 0) throw new RangeError(`${loss}: '${reduction}' is not a valid value for reduction: none, mean or sum`);
  return number;
}

abstract class WeightedLoss extends Loss {
  declare weight: Tensor | null;
  constructor(loss: string, { reduction, weight = null }: WeightedLossOptions) {
    super(loss, reduction);
    this.registerBuffer("weight", weight);
  }
}

/**
 * Negative log-likelihood of log-probabilities (N, C, …) and class indices (N, …), int64.
 * @example
 * ```ts
 * using logProbabilities = torch.tensor([[-0.5, -1], [-2, -0.25]]);
 * using classes = torch.tensor([0, 1], { dtype: "int64" });
 * using loss = new torch.nn.NLLLoss().call(logProbabilities, classes);
 * console.log(loss.item()); // → 0.375
 * ```
 */
export class NLLLoss extends WeightedLoss {
  readonly ignoreIndex: number;
  /** @param options `ignoreIndex`: targets that do not count, -100 */
  constructor(...given: Given<WeightedLossOptions & { readonly ignoreIndex?: number | undefined }>) {
    const options = knownOptions("NLLLoss", given, ["weight", "ignoreIndex", "reduction"]);
    const { ignoreIndex = -100 } = options;
    super("NLLLoss", options);
    this.ignoreIndex = ignoreIndex;
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return ops.nllLossNd(input, target, this.weight, this.reductionNumber(), this.ignoreIndex);
  }
}

export interface CrossEntropyOptions extends WeightedLossOptions {
  /** Targets that do not count; default -100. */
  readonly ignoreIndex?: number | undefined;
  /** How much of the target is spread over all classes, 0 (default) to 1. */
  readonly labelSmoothing?: number | undefined;
}

/**
 * Cross-entropy of logits (N, C, …) and class indices (N, …), int64, or probabilities (N, C, …).
 * @example
 * ```ts
 * using scope = torch.scope();
 * const logits = torch.zeros([2, 4]);
 * const classes = torch.tensor([0, 3], { dtype: "int64" });
 * const loss = new torch.nn.CrossEntropyLoss().call(logits, classes);
 * console.log(loss.item().toFixed(4), Math.log(4).toFixed(4)); // → 1.3863 1.3863
 * ```
 */
export class CrossEntropyLoss extends WeightedLoss {
  readonly ignoreIndex: number;
  readonly labelSmoothing: number;
  constructor(...given: Given<CrossEntropyOptions>) {
    const known = ["weight", "ignoreIndex", "reduction", "labelSmoothing"] as const;
    const options = knownOptions("CrossEntropyLoss", given, known);
    const { ignoreIndex = -100, labelSmoothing = 0 } = options;
    super("CrossEntropyLoss", options);
    this.ignoreIndex = ignoreIndex;
    this.labelSmoothing = labelSmoothing;
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return ops.crossEntropyLoss(
      input,
      target,
      this.weight,
      this.reductionNumber(),
      this.ignoreIndex,
      this.labelSmoothing,
    );
  }
}

/**
 * Binary cross-entropy of probabilities and targets in [0, 1], of the same shape.
 * @example
 * ```ts
 * using probabilities = torch.tensor([0.5, 1]);
 * using target = torch.tensor([0, 1]);
 * using losses = new torch.nn.BCELoss({ reduction: "none" }).call(probabilities, target);
 * console.log(losses.toNumbers().map((v) => v.toFixed(3))); // → [ '0.693', '0.000' ]
 * ```
 */
export class BCELoss extends WeightedLoss {
  constructor(...given: Given<WeightedLossOptions>) {
    super("BCELoss", knownOptions("BCELoss", given, ["weight", "reduction"]));
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    requireSameShape(input, target);
    return ops.binaryCrossEntropy(input, target, this.weight, this.reductionNumber());
  }
}

/**
 * Binary cross-entropy of logits and targets in [0, 1], of the same shape.
 * @example
 * ```ts
 * using logits = torch.zeros([2]);
 * using target = torch.tensor([0, 1]);
 * // a positive target counts as three negative ones
 * using loss = new torch.nn.BCEWithLogitsLoss({ reduction: "none", posWeight: torch.tensor([3]) });
 * using losses = loss.call(logits, target);
 * console.log(losses.toNumbers().map((v) => v.toFixed(3))); // → [ '0.693', '2.079' ]
 * ```
 */
export class BCEWithLogitsLoss extends WeightedLoss {
  declare posWeight: Tensor | null;
  /** @param options `posWeight`: the weight of positive targets, for each class; taken over like `weight` */
  constructor(...given: Given<WeightedLossOptions & { readonly posWeight?: Tensor | null | undefined }>) {
    const options = knownOptions("BCEWithLogitsLoss", given, ["weight", "reduction", "posWeight"]);
    const { posWeight = null } = options;
    super("BCEWithLogitsLoss", options);
    this.registerBuffer("posWeight", posWeight);
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    requireSameShape(input, target);
    return ops.binaryCrossEntropyWithLogits(input, target, this.weight, this.posWeight, this.reductionNumber());
  }
}

export interface MultiMarginOptions extends WeightedLossOptions {
  /** The power, 1 (default) or 2. */
  readonly p?: number | undefined;
  /** Default 1. */
  readonly margin?: number | undefined;
}

/**
 * Multi-class hinge loss of scores (N, C) and class indices (N), int64.
 * @example
 * ```ts
 * using scores = torch.tensor([[2, 1.5, 0]]);
 * using classes = torch.tensor([0], { dtype: "int64" });
 * using loss = new torch.nn.MultiMarginLoss({ reduction: "sum" }).call(scores, classes);
 * console.log((loss.item() * 3).toFixed(4)); // → 0.5000
 * ```
 */
export class MultiMarginLoss extends WeightedLoss {
  readonly p: number;
  readonly margin: number;
  constructor(...given: Given<MultiMarginOptions>) {
    const options = knownOptions("MultiMarginLoss", given, ["p", "margin", "weight", "reduction"]);
    const { p = 1, margin = 1 } = options;
    super("MultiMarginLoss", options);
    if (p !== 1 && p !== 2) throw new RangeError(`only p == 1 and p == 2 supported, got ${p}`);
    this.p = p;
    this.margin = margin;
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return ops.multiMarginLoss(input, target, this.p, this.margin, this.weight, this.reductionNumber());
  }
}

/**
 * Kullback-Leibler divergence: log-probabilities against probabilities (or log-probabilities with `logTarget`).
 * "mean" divides by all elements; "batchmean", the mathematical definition, by the batch.
 * @example
 * ```ts
 * using scope = torch.scope();
 * const output = torch.tensor([[0.5, 0.5]]).log();
 * const target = torch.tensor([[1, 0]]);
 * const loss = new torch.nn.KLDivLoss({ reduction: "batchmean" }).call(output, target);
 * console.log(loss.item().toFixed(4), Math.log(2).toFixed(4)); // → 0.6931 0.6931
 * ```
 */
export class KLDivLoss extends Loss<Reduction | "batchmean"> {
  readonly logTarget: boolean;
  constructor(...given: Given<LossOptions<Reduction | "batchmean"> & { readonly logTarget?: boolean | undefined }>) {
    const { reduction, logTarget = false } = knownOptions("KLDivLoss", given, ["reduction", "logTarget"]);
    super("KLDivLoss", reduction);
    this.logTarget = logTarget;
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    const options = { logTarget: this.logTarget };
    if (this.reduction !== "batchmean") return ops.klDiv(input, target, this.reductionNumber(), options);
    using sum = ops.klDiv(input, target, reductionNumber("KLDivLoss", "sum"), options);
    return ops.div(sum, input.size(0));
  }
}

/**
 * ½ d² where |d| < delta, else delta (|d| - ½ delta).
 * @example
 * ```ts
 * using output = torch.tensor([1, 5]);
 * using target = torch.zeros([2]);
 * using losses = new torch.nn.HuberLoss({ reduction: "none", delta: 2 }).call(output, target);
 * console.log(losses.toNumbers()); // → [ 0.5, 8 ]
 * ```
 */
export class HuberLoss extends Loss {
  readonly delta: number;
  constructor(...given: Given<LossOptions & { readonly delta?: number | undefined }>) {
    const { reduction, delta = 1 } = knownOptions("HuberLoss", given, ["reduction", "delta"]);
    super("HuberLoss", reduction);
    this.delta = delta;
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    warnOfBroadcast(input, target);
    return ops.huberLoss(input, target, this.reductionNumber(), this.delta);
  }
}

/**
 * ½ d² / beta where |d| < beta, else |d| - ½ beta.
 * @example
 * ```ts
 * using output = torch.tensor([1, 5]);
 * using target = torch.zeros([2]);
 * using losses = new torch.nn.SmoothL1Loss({ reduction: "none", beta: 2 }).call(output, target);
 * console.log(losses.toNumbers()); // → [ 0.25, 4 ]
 * ```
 */
export class SmoothL1Loss extends Loss {
  readonly beta: number;
  constructor(...given: Given<LossOptions & { readonly beta?: number | undefined }>) {
    const { reduction, beta = 1 } = knownOptions("SmoothL1Loss", given, ["reduction", "beta"]);
    super("SmoothL1Loss", reduction);
    this.beta = beta;
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    warnOfBroadcast(input, target);
    return ops.smoothL1Loss(input, target, this.reductionNumber(), this.beta);
  }
}

/**
 * |d|.
 * @example
 * ```ts
 * using output = torch.tensor([1, 5]);
 * using target = torch.tensor([2, 2]);
 * using loss = new torch.nn.L1Loss().call(output, target);
 * console.log(loss.item()); // → 2
 * ```
 */
export class L1Loss extends Loss {
  constructor(...given: Given<LossOptions>) {
    super("L1Loss", knownOptions("L1Loss", given, ["reduction"]).reduction);
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    warnOfBroadcast(input, target);
    return ops.l1Loss(input, target, this.reductionNumber());
  }
}

/**
 * d².
 * @example
 * ```ts
 * using output = torch.tensor([1, 5]);
 * using target = torch.tensor([2, 2]);
 * using loss = new torch.nn.MSELoss().call(output, target);
 * console.log(loss.item()); // → 5
 * ```
 */
export class MSELoss extends Loss {
  constructor(...given: Given<LossOptions>) {
    super("MSELoss", knownOptions("MSELoss", given, ["reduction"]).reduction);
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    warnOfBroadcast(input, target);
    return ops.mseLoss(input, target, this.reductionNumber());
  }
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

function requireSameShape(input: Tensor, target: Tensor): void {
  const [a, b] = [input.shape, target.shape];
  if (!sameShape(a, b))
    throw new RangeError(`Target size (${pySize(b)}) must be the same as input size (${pySize(a)})`);
}

// libtorch pairs every element of one with every element of the other, which is rarely meant: (N, 1) against (N).
function warnOfBroadcast(input: Tensor, target: Tensor): void {
  const [a, b] = [input.shape, target.shape];
  if (sameShape(a, b)) return;
  warn(
    `Using a target size (${pySize(b)}) that is different to the input size (${pySize(a)}). This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.`,
  );
}
