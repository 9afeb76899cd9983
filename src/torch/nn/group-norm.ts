/** Normalisation within each sample, without running statistics. */
import { type Given, knownOptions, requireNumbers } from "../arguments.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { pyBool, pyFloat, pyFloatOrNone, pyInts } from "./format.ts";
import { ones_, zeros_ } from "./init.ts";
import { Module } from "./module.ts";
import { type PerDim, sizes } from "./options.ts";
import { Parameter } from "./parameter.ts";

export interface GroupNormOptions {
  /** Added to the variance; default 1e-5. */
  readonly eps?: number | undefined;
  /** Whether there are a weight and a bias for each channel; default true. */
  readonly affine?: boolean | undefined;
}

/**
 * Group normalisation (Wu and He, 2018) of (N, C, …): statistics for each sample and group of channels.
 * @example
 * ```ts
 * using scope = torch.scope();
 * const layer = new torch.nn.GroupNorm(2, 4);
 * const x = torch.randn([3, 4, 5, 5, 5]);
 * const y = layer.call(x);
 * console.log(y.shape, y.mean().abs().item() < 1e-5); // → [ 3, 4, 5, 5, 5 ] true
 * ```
 */
export class GroupNorm extends Module {
  readonly numGroups: number;
  readonly numChannels: number;
  readonly eps: number;
  readonly affine: boolean;
  weight: Parameter | null;
  bias: Parameter | null;

  constructor(numGroups: number, numChannels: number, ...options: Given<GroupNormOptions>) {
    super();
    const { eps = 1e-5, affine = true } = knownOptions("GroupNorm", options, ["eps", "affine"]);
    requireNumbers("GroupNorm", { numGroups, numChannels });
    if (numChannels % numGroups !== 0) {
      throw new RangeError(`num_channels must be divisible by num_groups, got ${numChannels} and ${numGroups}`);
    }
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.eps = eps;
    this.affine = affine;
    this.weight = affine ? new Parameter(ops.ones([numChannels])) : null;
    this.bias = affine ? new Parameter(ops.zeros([numChannels])) : null;
  }
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }
  override forward(x: Tensor): Tensor {
    return ops.groupNorm(x, this.numGroups, this.weight, this.bias, this.eps, true);
  }
  override extraRepr(): string {
    return `${this.numGroups}, ${this.numChannels}, eps=${pyFloat(this.eps)}, affine=${pyBool(this.affine)}`;
  }
}

export interface LayerNormOptions {
  /** Added to the variance; default 1e-5. */
  readonly eps?: number | undefined;
  /** Whether there are a weight and a bias for each element; default true. */
  readonly elementwiseAffine?: boolean | undefined;
  /** False leaves the bias out; default true. */
  readonly bias?: boolean | undefined;
}

/**
 * Layer normalisation (Ba et al., 2016): statistics over the last dimensions, of sizes `normalizedShape`.
 * @example
 * ```ts
 * using layer = new torch.nn.LayerNorm([2], { eps: 0 });
 * using x = torch.tensor([[1, 3], [10, 50]]);
 * using y = layer.call(x);
 * console.log(y.toArray()); // → [ [ -1, 1 ], [ -1, 1 ] ]
 * ```
 */
export class LayerNorm extends Module {
  readonly normalizedShape: readonly number[];
  readonly eps: number;
  readonly elementwiseAffine: boolean;
  weight: Parameter | null;
  bias: Parameter | null;

  constructor(normalizedShape: PerDim, ...options: Given<LayerNormOptions>) {
    super();
    const known = ["eps", "elementwiseAffine", "bias"] as const;
    const { eps = 1e-5, elementwiseAffine = true, bias = true } = knownOptions("LayerNorm", options, known);
    this.normalizedShape = sizes("LayerNorm", "normalizedShape", normalizedShape);
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    this.weight = elementwiseAffine ? new Parameter(ops.ones([...this.normalizedShape])) : null;
    this.bias = elementwiseAffine && bias ? new Parameter(ops.zeros([...this.normalizedShape])) : null;
  }
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }
  override forward(x: Tensor): Tensor {
    return ops.layerNorm(x, [...this.normalizedShape], this.weight, this.bias, this.eps, true);
  }
  override extraRepr(): string {
    return `${pyInts(this.normalizedShape)}, eps=${pyFloat(this.eps)}, elementwise_affine=${pyBool(this.elementwiseAffine)}`;
  }
}

export interface RMSNormOptions {
  /** Added to the mean square; default null: the smallest step of the input's dtype from 1. */
  readonly eps?: number | null | undefined;
  /** Whether there is a weight for each element; default true. */
  readonly elementwiseAffine?: boolean | undefined;
}

/**
 * Division by the root mean square over the last dimensions (Zhang and Sennrich, 2019), of sizes `normalizedShape`.
 * @example
 * ```ts
 * using layer = new torch.nn.RMSNorm([2], { eps: 0 });
 * using x = torch.tensor([[3, 3], [-5, 5]]);
 * using y = layer.call(x);
 * console.log(y.toArray()); // → [ [ 1, 1 ], [ -1, 1 ] ]
 * ```
 */
export class RMSNorm extends Module {
  readonly normalizedShape: readonly number[];
  readonly eps: number | null;
  readonly elementwiseAffine: boolean;
  weight: Parameter | null;

  constructor(normalizedShape: PerDim, ...options: Given<RMSNormOptions>) {
    super();
    const { eps = null, elementwiseAffine = true } = knownOptions("RMSNorm", options, ["eps", "elementwiseAffine"]);
    this.normalizedShape = sizes("RMSNorm", "normalizedShape", normalizedShape);
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    this.weight = elementwiseAffine ? new Parameter(ops.ones([...this.normalizedShape])) : null;
  }
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
  }
  override forward(x: Tensor): Tensor {
    return ops.rmsNorm(x, [...this.normalizedShape], this.weight, this.eps);
  }
  override extraRepr(): string {
    return `${pyInts(this.normalizedShape)}, eps=${pyFloatOrNone(this.eps)}, elementwise_affine=${pyBool(this.elementwiseAffine)}`;
  }
}
