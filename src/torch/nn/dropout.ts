import { type Given, knownOptions, requireNumbers } from "../arguments.ts";
import { dropout, featureDropout } from "../dropout.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { pyBool, pyFloat } from "./format.ts";
import { Module } from "./module.ts";
import { checkDims } from "./norm-base.ts";
import type { InplaceOptions } from "./options.ts";

/** In evaluation, or with p = 0, the output of a dropout is its input, the same object. The draws are PyTorch 2.6's. */
abstract class AnyDropout extends Module {
  readonly p: number;
  readonly inplace: boolean;

  constructor(layer: string, p: number, options: Given<InplaceOptions>) {
    super();
    const { inplace = false } = knownOptions(layer, options, ["inplace"]);
    requireNumbers(layer, { p });
    if (!(p >= 0 && p <= 1)) throw new RangeError(`dropout probability has to be between 0 and 1, but got ${p}`);
    this.p = p;
    this.inplace = inplace;
  }
  protected checkInput(_x: Tensor): void {}
  /** The input with zeros in it, as a new tensor. */
  protected abstract drop(x: Tensor): Tensor;

  override forward(x: Tensor): Tensor {
    this.checkInput(x);
    if (!this.training || this.p === 0) return x;
    if (!this.inplace) return this.drop(x);
    using dropped = this.drop(x);
    return x.copy_(dropped);
  }
  override extraRepr(): string {
    return `p=${pyFloat(this.p)}, inplace=${pyBool(this.inplace)}`;
  }
}

/**
 * In training, zeroes each element with probability `p` (default 0.5) and scales the others by 1 / (1 - p).
 * @example
 * ```ts
 * using layer = new torch.nn.Dropout(0.5);
 * using x = torch.ones([100]);
 * using y = layer.call(x);
 * console.log(new Set(y.toNumbers().sort())); // → Set(2) { 0, 2 }
 * layer.eval();
 * console.log(layer.call(x) === x); // → true
 * ```
 */
export class Dropout extends AnyDropout {
  constructor(p = 0.5, ...options: Given<InplaceOptions>) {
    super("Dropout", p, options);
  }
  protected override drop(x: Tensor): Tensor {
    return dropout(x, this.p, true);
  }
}

/** Zeroes whole channels. */
abstract class ChannelDropout extends AnyDropout {
  readonly #dims: readonly number[];
  /** The number of dimensions of one sample without a batch dimension, or null where PyTorch knows no such input. */
  readonly #single: number | null;

  constructor(
    layer: string,
    p: number,
    options: Given<InplaceOptions>,
    dims: readonly number[],
    single: number | null,
  ) {
    super(layer, p, options);
    this.#dims = dims;
    this.#single = single;
  }
  protected override checkInput(x: Tensor): void {
    checkDims(x, this.#dims);
  }
  protected override drop(x: Tensor): Tensor {
    if (x.ndim !== this.#single) return featureDropout(x, this.p);
    using batch = ops.unsqueeze(x, 0);
    using dropped = featureDropout(batch, this.p);
    return ops.squeeze(dropped, 0);
  }
}

/**
 * In training, zeroes each channel of (N, C, L) or (C, L) with probability `p` (default 0.5), and scales the others.
 * @example
 * ```ts
 * using scope = torch.scope();
 * const layer = new torch.nn.Dropout1d(0.5);
 * const x = torch.ones([1, 100, 3]);
 * const y = layer.call(x);
 * console.log(new Set(y.sum(2).toNumbers().sort())); // → Set(2) { 0, 6 }
 * ```
 */
export class Dropout1d extends ChannelDropout {
  constructor(p = 0.5, ...options: Given<InplaceOptions>) {
    super("Dropout1d", p, options, [2, 3], 2);
  }
}
/**
 * In training, zeroes each channel of (N, C, H, W) with probability `p` (default 0.5), and scales the others. Three
 * dimensions are (N, C, L), as in PyTorch.
 * @example
 * ```ts
 * using scope = torch.scope();
 * const layer = new torch.nn.Dropout2d(0.5);
 * const x = torch.ones([1, 100, 3, 2]);
 * const y = layer.call(x);
 * console.log(new Set(y.sum([2, 3]).toNumbers().sort())); // → Set(2) { 0, 12 }
 * ```
 */
export class Dropout2d extends ChannelDropout {
  constructor(p = 0.5, ...options: Given<InplaceOptions>) {
    super("Dropout2d", p, options, [3, 4], null);
  }
}
/**
 * In training, zeroes each channel of (N, C, D, H, W) or (C, D, H, W) with probability `p` (default 0.5), and scales the others.
 * @example
 * ```ts
 * using scope = torch.scope();
 * const layer = new torch.nn.Dropout3d(0.5);
 * const x = torch.ones([1, 100, 3, 2, 2]);
 * const y = layer.call(x);
 * console.log(new Set(y.sum([2, 3, 4]).toNumbers().sort())); // → Set(2) { 0, 24 }
 * ```
 */
export class Dropout3d extends ChannelDropout {
  constructor(p = 0.5, ...options: Given<InplaceOptions>) {
    super("Dropout3d", p, options, [4, 5], 4);
  }
}
