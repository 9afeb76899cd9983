/** Maximum and average over windows. */
import { type Given, knownOptions } from "../arguments.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { pyBool, pyInts } from "./format.ts";
import { Module } from "./module.ts";
import { type PerDim, perDim } from "./options.ts";

export interface MaxPoolOptions {
  /** Default: the kernel's size. */
  readonly stride?: PerDim | null | undefined;
  /** Minus infinity added on both sides; default 0. */
  readonly padding?: PerDim | undefined;
  /** Default 1. */
  readonly dilation?: PerDim | undefined;
  /** Whether a window may begin inside and end outside; default false. */
  readonly ceilMode?: boolean | undefined;
}

interface Window {
  readonly kernel: number[];
  readonly stride: number[];
  readonly padding: number[];
}

// Read at each call, not kept: printing shows the numbers as they were given.
function windowOf(layer: string, dims: number, kernelSize: PerDim, stride: PerDim, padding: PerDim): Window {
  return {
    kernel: [...perDim(layer, "kernelSize", kernelSize, dims)],
    stride: [...perDim(layer, "stride", stride, dims)],
    padding: [...perDim(layer, "padding", padding, dims)],
  };
}

abstract class MaxPool extends Module {
  readonly kernelSize: PerDim;
  readonly stride: PerDim;
  readonly padding: PerDim;
  readonly dilation: PerDim;
  readonly ceilMode: boolean;
  readonly #window: Window;
  readonly #dilation: number[];

  constructor(layer: string, dims: number, kernelSize: PerDim, given: Given<MaxPoolOptions>) {
    super();
    const {
      stride,
      padding = 0,
      dilation = 1,
      ceilMode = false,
    } = knownOptions(layer, given, ["stride", "padding", "dilation", "ceilMode"]);
    this.kernelSize = kernelSize;
    this.stride = stride ?? kernelSize;
    this.padding = padding;
    this.dilation = dilation;
    this.ceilMode = ceilMode;
    this.#window = windowOf(layer, dims, kernelSize, this.stride, padding);
    this.#dilation = [...perDim(layer, "dilation", dilation, dims)];
  }
  protected abstract pool(x: Tensor, window: Window, dilation: number[]): Tensor;
  override forward(x: Tensor): Tensor {
    return this.pool(x, this.#window, this.#dilation);
  }
  override extraRepr(): string {
    return `kernel_size=${pyInts(this.kernelSize)}, stride=${pyInts(this.stride)}, padding=${pyInts(this.padding)}, dilation=${pyInts(this.dilation)}, ceil_mode=${pyBool(this.ceilMode)}`;
  }
}

/**
 * Of (N, C, L) or (C, L).
 * @example
 * ```ts
 * using x = torch.tensor([[1, 3, 5, 7, 2]]);
 * using y = new torch.nn.MaxPool1d(2).call(x);
 * console.log(y.toArray()); // → [ [ 3, 7 ] ]
 * ```
 */
export class MaxPool1d extends MaxPool {
  constructor(kernelSize: PerDim, ...options: Given<MaxPoolOptions>) {
    super("MaxPool1d", 1, kernelSize, options);
  }
  protected override pool(x: Tensor, { kernel, stride, padding }: Window, dilation: number[]): Tensor {
    return ops.maxPool1d(x, kernel, stride, padding, dilation, this.ceilMode);
  }
}
/**
 * Of (N, C, H, W) or (C, H, W).
 * @example
 * ```ts
 * using x = torch.ones([1, 8, 12, 10]);
 * using y = new torch.nn.MaxPool2d(3, { stride: 2, padding: 1 }).call(x);
 * console.log(y.shape); // → [ 1, 8, 6, 5 ]
 * ```
 */
export class MaxPool2d extends MaxPool {
  constructor(kernelSize: PerDim, ...options: Given<MaxPoolOptions>) {
    super("MaxPool2d", 2, kernelSize, options);
  }
  protected override pool(x: Tensor, { kernel, stride, padding }: Window, dilation: number[]): Tensor {
    return ops.maxPool2d(x, kernel, stride, padding, dilation, this.ceilMode);
  }
}
/**
 * Of (N, C, D, H, W) or (C, D, H, W).
 * @example
 * ```ts
 * using x = torch.ones([1, 8, 12, 10, 9]);
 * using y = new torch.nn.MaxPool3d(2, { ceilMode: true }).call(x);
 * console.log(y.shape); // → [ 1, 8, 6, 5, 5 ]
 * ```
 */
export class MaxPool3d extends MaxPool {
  constructor(kernelSize: PerDim, ...options: Given<MaxPoolOptions>) {
    super("MaxPool3d", 3, kernelSize, options);
  }
  protected override pool(x: Tensor, { kernel, stride, padding }: Window, dilation: number[]): Tensor {
    return ops.maxPool3d(x, kernel, stride, padding, dilation, this.ceilMode);
  }
}

export interface AvgPoolOptions {
  /** Default: the kernel's size. */
  readonly stride?: PerDim | null | undefined;
  /** Zeros added on both sides; default 0. */
  readonly padding?: PerDim | undefined;
  /** Whether a window may begin inside and end outside; default false. */
  readonly ceilMode?: boolean | undefined;
  /** Whether the zeros of the padding count in the average; default true. */
  readonly countIncludePad?: boolean | undefined;
}

abstract class AvgPool extends Module {
  readonly kernelSize: PerDim;
  readonly stride: PerDim;
  readonly padding: PerDim;
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;
  readonly #dims: number;
  readonly #window: Window;

  constructor(layer: string, dims: number, kernelSize: PerDim, given: Given<AvgPoolOptions>) {
    super();
    const {
      stride,
      padding = 0,
      ceilMode = false,
      countIncludePad = true,
    } = knownOptions(layer, given, ["stride", "padding", "ceilMode", "countIncludePad"]);
    this.#dims = dims;
    this.kernelSize = kernelSize;
    this.stride = stride ?? kernelSize;
    this.padding = padding;
    this.ceilMode = ceilMode;
    this.countIncludePad = countIncludePad;
    this.#window = windowOf(layer, dims, kernelSize, this.stride, padding);
  }
  protected abstract pool(x: Tensor, window: Window): Tensor;
  override forward(x: Tensor): Tensor {
    return this.pool(x, this.#window);
  }
  override extraRepr(): string {
    // PyTorch keeps the numbers of the 1-dimensional layer as tuples, and those of the others as they were given.
    const shown = (value: PerDim): string => pyInts(this.#dims === 1 && typeof value === "number" ? [value] : value);
    return `kernel_size=${shown(this.kernelSize)}, stride=${shown(this.stride)}, padding=${shown(this.padding)}`;
  }
}

/**
 * Of (N, C, L) or (C, L).
 * @example
 * ```ts
 * using x = torch.tensor([[1, 3, 5, 7, 2]]);
 * using y = new torch.nn.AvgPool1d(2).call(x);
 * console.log(y.toArray()); // → [ [ 2, 6 ] ]
 * ```
 */
export class AvgPool1d extends AvgPool {
  constructor(kernelSize: PerDim, ...options: Given<AvgPoolOptions>) {
    super("AvgPool1d", 1, kernelSize, options);
  }
  protected override pool(x: Tensor, { kernel, stride, padding }: Window): Tensor {
    return ops.avgPool1d(x, kernel, stride, padding, this.ceilMode, this.countIncludePad);
  }
}
/**
 * Of (N, C, H, W) or (C, H, W).
 * @example
 * ```ts
 * using x = torch.ones([1, 8, 12, 10]);
 * using y = new torch.nn.AvgPool2d([3, 2]).call(x);
 * console.log(y.shape); // → [ 1, 8, 4, 5 ]
 * ```
 */
export class AvgPool2d extends AvgPool {
  constructor(kernelSize: PerDim, ...options: Given<AvgPoolOptions>) {
    super("AvgPool2d", 2, kernelSize, options);
  }
  protected override pool(x: Tensor, { kernel, stride, padding }: Window): Tensor {
    return ops.avgPool2d(x, kernel, stride, padding, this.ceilMode, this.countIncludePad);
  }
}
/**
 * Of (N, C, D, H, W) or (C, D, H, W).
 * @example
 * ```ts
 * using x = torch.ones([1, 8, 12, 10, 9]);
 * using y = new torch.nn.AvgPool3d(2).call(x);
 * console.log(y.shape); // → [ 1, 8, 6, 5, 4 ]
 * ```
 */
export class AvgPool3d extends AvgPool {
  constructor(kernelSize: PerDim, ...options: Given<AvgPoolOptions>) {
    super("AvgPool3d", 3, kernelSize, options);
  }
  protected override pool(x: Tensor, { kernel, stride, padding }: Window): Tensor {
    return ops.avgPool3d(x, kernel, stride, padding, this.ceilMode, this.countIncludePad);
  }
}
