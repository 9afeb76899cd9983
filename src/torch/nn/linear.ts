import { type Given, knownOptions, notByName, requireNumbers } from "../arguments.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { pyBool } from "./format.ts";
import { fanInAndFanOut, kaimingUniform_, uniform_ } from "./init.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

export interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean | undefined;
}

/**
 * y = x Wᵀ + b: (…, inFeatures) → (…, outFeatures).
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(4, 2);
 * using x = torch.ones([3, 4]);
 * using y = layer.call(x);
 * console.log(y.shape, layer.weight.shape); // → [ 3, 2 ] [ 2, 4 ]
 * ```
 */
export class Linear extends Module {
  readonly inFeatures: number;
  readonly outFeatures: number;
  weight: Parameter;
  bias: Parameter | null;

  constructor(inFeatures: number, outFeatures: number, ...options: Given<LinearOptions>) {
    super();
    const { bias = true } = knownOptions("Linear", options, ["bias"]);
    requireNumbers("Linear", { inFeatures, outFeatures });
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = new Parameter(ops.empty([outFeatures, inFeatures]));
    this.bias = bias ? new Parameter(ops.empty([outFeatures])) : null;
    resetWeightAndBias(this.weight, this.bias);
  }
  resetParameters(): void {
    resetWeightAndBias(this.weight, this.bias);
  }
  override forward(x: Tensor): Tensor {
    if (x.shape.at(-1) !== this.inFeatures) {
      throw new TypeError(
        `Linear: got an input of shape [${x.shape.join(", ")}], whose last dimension should be inFeatures, ${this.inFeatures} (shapes cannot be multiplied). After convolutions, compare the size of the images with the one that the layer was made for.`,
      );
    }
    return ops.linear(x, this.weight, this.bias);
  }
  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, bias=${pyBool(this.bias !== null)}`;
  }
}

/** PyTorch's default for linear layers and convolutions: both from U(-1/√fanIn, 1/√fanIn). */
export function resetWeightAndBias(weight: Parameter, bias: Parameter | null): void {
  kaimingUniform_(weight, { a: Math.sqrt(5) });
  if (bias === null) return;
  const [fanIn] = fanInAndFanOut(weight);
  if (fanIn === 0) return;
  const bound = 1 / Math.sqrt(fanIn);
  uniform_(bias, -bound, bound);
}

/**
 * Its input, the same object.
 * @example
 * ```ts
 * using x = torch.ones([3]);
 * console.log(new torch.nn.Identity().call(x) === x); // → true
 * ```
 */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}

/**
 * Dimensions `startDim` (1) to `endDim` (the last) in one.
 * @example
 * ```ts
 * using x = torch.ones([2, 8, 3, 4, 5]);
 * using y = new torch.nn.Flatten().call(x);
 * console.log(y.shape); // → [ 2, 480 ]
 * ```
 */
export class Flatten extends Module {
  readonly startDim: number;
  readonly endDim: number;

  constructor(startDim = 1, endDim = -1, ...none: []) {
    super();
    knownOptions("Flatten", none, []);
    requireNumbers("Flatten", { startDim, endDim });
    this.startDim = startDim;
    this.endDim = endDim;
  }
  override forward(x: Tensor): Tensor {
    return ops.flatten(x, this.startDim, this.endDim);
  }
  override extraRepr(): string {
    return `start_dim=${this.startDim}, end_dim=${this.endDim}`;
  }
}

/**
 * Dimension `dim` as several of sizes `sizes`; one size may be -1.
 * @example
 * ```ts
 * using x = torch.ones([2, 480]);
 * using y = new torch.nn.Unflatten(1, [8, 3, 4, -1]).call(x);
 * console.log(y.shape); // → [ 2, 8, 3, 4, 5 ]
 * ```
 */
export class Unflatten extends Module {
  readonly dim: number;
  readonly sizes: readonly number[];

  constructor(dim: number, sizes: readonly number[], ...none: []) {
    super();
    knownOptions("Unflatten", none, []);
    requireNumbers("Unflatten", { dim });
    if (!Array.isArray(sizes)) throw notByName("Unflatten", "sizes", sizes, "a list of numbers");
    this.dim = dim;
    this.sizes = [...sizes];
  }
  override forward(x: Tensor): Tensor {
    return ops.unflatten(x, this.dim, [...this.sizes]);
  }
  override extraRepr(): string {
    return `dim=${this.dim}, unflattened_size=(${this.sizes.join(", ")}${this.sizes.length === 1 ? "," : ""})`;
  }
}
