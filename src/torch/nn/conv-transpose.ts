import { type Given, knownOptions, requireNumbers } from "../arguments.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { ConvNd, convGeometry } from "./conv-base.ts";
import type { PerDim } from "./options.ts";

export interface ConvTransposeOptions {
  /** Default 1. */
  readonly stride?: PerDim | undefined;
  /** `dilation · (kernelSize - 1) - padding` zeros are added on both sides; default 0. */
  readonly padding?: PerDim | undefined;
  /** Added to one side of the output; default 0. */
  readonly outputPadding?: PerDim | undefined;
  /** Default 1. */
  readonly groups?: number | undefined;
  /** Default true. */
  readonly bias?: boolean | undefined;
  /** Default 1. */
  readonly dilation?: PerDim | undefined;
}

const known = ["stride", "padding", "outputPadding", "groups", "bias", "dilation"] as const;

abstract class ConvTranspose extends ConvNd {
  constructor(
    layer: string,
    dims: number,
    inChannels: number,
    outChannels: number,
    kernelSize: PerDim,
    given: Given<ConvTransposeOptions>,
  ) {
    const { bias = true, stride, padding, outputPadding, groups, dilation } = knownOptions(layer, given, known);
    requireNumbers(layer, { inChannels, outChannels });
    const geometry = convGeometry(layer, dims, kernelSize, { stride, padding, outputPadding, groups, dilation });
    super(inChannels, outChannels, geometry, bias, true);
  }

  protected abstract convolve(x: Tensor, padding: number[], outputPadding: number[]): Tensor;

  /** @param outputSize the sizes wanted of the output, where the stride leaves a choice */
  override forward(x: Tensor, outputSize?: readonly number[]): Tensor {
    const padding = typeof this.padding === "string" ? this.kernelSize.map(() => 0) : [...this.padding];
    return this.convolve(
      x,
      padding,
      outputSize === undefined ? [...this.outputPadding] : this.#outputPaddingFor(x, padding, outputSize),
    );
  }

  #outputPaddingFor(x: Tensor, padding: readonly number[], outputSize: readonly number[]): number[] {
    const dims = this.kernelSize.length;
    const input = x.shape.slice(-dims);
    const wanted = outputSize.slice(-dims);
    const smallest = input.map(
      (n, i) =>
        (n - 1) * (this.stride[i] ?? 1) -
        2 * (padding[i] ?? 0) +
        (this.dilation[i] ?? 1) * ((this.kernelSize[i] ?? 1) - 1) +
        1,
    );
    const largest = smallest.map((n, i) => n + (this.stride[i] ?? 1) - 1);
    const out = smallest.map((n, i) => (wanted[i] ?? Number.NaN) - n);
    if (out.some((n, i) => !(n >= 0 && n < (this.stride[i] ?? 1)))) {
      throw new RangeError(
        `requested an output size of [${wanted.join(", ")}], but valid sizes range from [${smallest.join(", ")}] to [${largest.join(", ")}] (for an input of [${input.join(", ")}])`,
      );
    }
    return out;
  }
}

/**
 * Transposed convolution of (N, C, L) or (C, L).
 * @example
 * ```ts
 * using layer = new torch.nn.ConvTranspose1d(8, 4, 2, { stride: 2 });
 * using x = torch.ones([1, 8, 5]);
 * using y = layer.call(x);
 * console.log(y.shape); // → [ 1, 4, 10 ]
 * ```
 */
export class ConvTranspose1d extends ConvTranspose {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDim, ...options: Given<ConvTransposeOptions>) {
    super("ConvTranspose1d", 1, inChannels, outChannels, kernelSize, options);
  }
  protected override convolve(x: Tensor, padding: number[], outputPadding: number[]): Tensor {
    return ops.convTranspose1d(x, this.weight, this.bias, [...this.stride], padding, outputPadding, this.groups, [
      ...this.dilation,
    ]);
  }
}

/**
 * Transposed convolution of (N, C, H, W) or (C, H, W).
 * @example
 * ```ts
 * using layer = new torch.nn.ConvTranspose2d(8, 4, 2, { stride: 2 });
 * using x = torch.ones([1, 8, 5, 6]);
 * using y = layer.call(x);
 * console.log(y.shape); // → [ 1, 4, 10, 12 ]
 * ```
 */
export class ConvTranspose2d extends ConvTranspose {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDim, ...options: Given<ConvTransposeOptions>) {
    super("ConvTranspose2d", 2, inChannels, outChannels, kernelSize, options);
  }
  protected override convolve(x: Tensor, padding: number[], outputPadding: number[]): Tensor {
    return ops.convTranspose2d(x, this.weight, this.bias, [...this.stride], padding, outputPadding, this.groups, [
      ...this.dilation,
    ]);
  }
}

/**
 * Transposed convolution of (N, C, D, H, W) or (C, D, H, W).
 * @example
 * ```ts
 * using layer = new torch.nn.ConvTranspose3d(8, 4, 2, { stride: 2 });
 * using x = torch.ones([1, 8, 5, 6, 7]);
 * using y = layer.call(x);
 * console.log(y.shape); // → [ 1, 4, 10, 12, 14 ]
 * ```
 */
export class ConvTranspose3d extends ConvTranspose {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDim, ...options: Given<ConvTransposeOptions>) {
    super("ConvTranspose3d", 3, inChannels, outChannels, kernelSize, options);
  }
  protected override convolve(x: Tensor, padding: number[], outputPadding: number[]): Tensor {
    return ops.convTranspose3d(x, this.weight, this.bias, [...this.stride], padding, outputPadding, this.groups, [
      ...this.dilation,
    ]);
  }
}
