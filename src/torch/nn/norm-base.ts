import { type Given, knownOptions, requireNumbers } from "../arguments.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { pyBool, pyFloat, pyFloatOrNone } from "./format.ts";
import { ones_, zeros_ } from "./init.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";
import { optionalKeys } from "./state-dict.ts";

export interface NormOptions {
  /** Added to the variance; default 1e-5. */
  readonly eps?: number | undefined;
  /** Weight of a new batch in the running statistics (0.1); null: the average of all batches. */
  readonly momentum?: number | null | undefined;
  /** Whether there are a weight and a bias for each channel; default true for batch, false for instance normalisation. */
  readonly affine?: boolean | undefined;
  /** Whether running statistics are kept, for evaluation; default true for batch, false for instance normalisation. */
  readonly trackRunningStats?: boolean | undefined;
}

/** What batch and instance normalisation share: weight, bias, running statistics, printing. */
export abstract class RunningNorm extends Module {
  readonly numFeatures: number;
  readonly eps: number;
  /** Changed where statistics are to be collected in another way for a time. */
  momentum: number | null;
  readonly affine: boolean;
  readonly trackRunningStats: boolean;
  weight: Parameter | null;
  bias: Parameter | null;
  declare runningMean: Tensor | null;
  declare runningVar: Tensor | null;
  declare numBatchesTracked: Tensor | null;

  constructor(
    layer: string,
    numFeatures: number,
    given: Given<NormOptions>,
    defaults: { affine: boolean; trackRunningStats: boolean },
  ) {
    super();
    const {
      eps = 1e-5,
      momentum = 0.1,
      affine = defaults.affine,
      trackRunningStats = defaults.trackRunningStats,
    } = knownOptions(layer, given, ["eps", "momentum", "affine", "trackRunningStats"]);
    requireNumbers(layer, { numFeatures });
    this.numFeatures = numFeatures;
    this.eps = eps;
    this.momentum = momentum;
    this.affine = affine;
    this.trackRunningStats = trackRunningStats;
    this.weight = affine ? new Parameter(ops.ones([numFeatures])) : null;
    this.bias = affine ? new Parameter(ops.zeros([numFeatures])) : null;
    this.registerBuffer("runningMean", trackRunningStats ? ops.zeros([numFeatures]) : null);
    this.registerBuffer("runningVar", trackRunningStats ? ops.ones([numFeatures]) : null);
    this.registerBuffer("numBatchesTracked", trackRunningStats ? ops.zeros([], { dtype: "int64" }) : null);
  }

  /** Checkpoints older than this counter lack it. */
  get [optionalKeys](): readonly string[] {
    return ["num_batches_tracked"];
  }

  resetRunningStats(): void {
    if (this.runningMean !== null) zeros_(this.runningMean);
    if (this.runningVar !== null) ones_(this.runningVar);
    if (this.numBatchesTracked !== null) zeros_(this.numBatchesTracked);
  }
  resetParameters(): void {
    this.resetRunningStats();
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  override extraRepr(): string {
    return `${this.numFeatures}, eps=${pyFloat(this.eps)}, momentum=${pyFloatOrNone(this.momentum)}, affine=${pyBool(this.affine)}, track_running_stats=${pyBool(this.trackRunningStats)}`;
  }
}

/** `expected 4D or 5D input (got 3D input)` unless the number of dimensions is one of `dims`. */
export function checkDims(x: Tensor, dims: readonly number[]): void {
  if (!dims.includes(x.ndim))
    throw new RangeError(`expected ${dims.map((n) => `${n}D`).join(" or ")} input (got ${x.ndim}D input)`);
}
