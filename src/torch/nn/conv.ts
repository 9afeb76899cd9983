import { type Given, knownOptions, requireNumbers } from "../arguments.ts";
import { toChannelsLast } from "../creation.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import type { MemoryFormat } from "../types.ts";
import { ConvNd, type ConvWeights, convGeometry, type PaddingMode } from "./conv-base.ts";
import { convolveDepthwise } from "./depthwise.ts";
import { convolveFew } from "./few-channels.ts";
import type { PerDim } from "./options.ts";
import { convolveOne } from "./single-image.ts";

export interface ConvOptions {
  /** Default 1. */
  readonly stride?: PerDim | undefined;
  /** Zeros added on both sides (default 0), or "same", "valid". */
  readonly padding?: PerDim | "same" | "valid" | undefined;
  /** Default 1. */
  readonly dilation?: PerDim | undefined;
  /** Default 1. */
  readonly groups?: number | undefined;
  /** Default true. */
  readonly bias?: boolean | undefined;
  /** Default "zeros". */
  readonly paddingMode?: PaddingMode | undefined;
}

const known = ["stride", "padding", "dilation", "groups", "bias", "paddingMode"] as const;

type Convolve = (
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  stride: number[],
  padding: number[] | "same" | "valid",
  dilation: number[],
  groups: number,
) => Tensor;
// The overloads for numbers and for words in one signature.
const conv1d = ops.conv1d as Convolve;
const conv2d = ops.conv2d as Convolve;
const conv3d = ops.conv3d as Convolve;

/** What Conv1d, Conv2d and Conv3d share. */
export abstract class Conv extends ConvNd {
  /** The format of this layer's images, and whether they are brought to it. */
  readonly #format: MemoryFormat | null;
  #channelsLast = false;

  constructor(
    layer: string,
    dims: number,
    inChannels: number,
    outChannels: number,
    kernelSize: PerDim,
    given: Given<ConvOptions>,
  ) {
    const { bias = true, stride, padding, dilation, groups, paddingMode } = knownOptions(layer, given, known);
    requireNumbers(layer, { inChannels, outChannels });
    const geometry = convGeometry(layer, dims, kernelSize, { stride, padding, dilation, groups, paddingMode });
    super(inChannels, outChannels, geometry, bias, false);
    this.#format = dims === 3 ? "channels_last_3d" : dims === 2 ? "channels_last" : null;
  }

  protected abstract convolve(x: Tensor, weights: ConvWeights, padding: number[] | "same" | "valid"): Tensor;

  // A format for images of other dimensions leaves the weights as they are.
  protected override formatTaken(format: MemoryFormat): void {
    if (format === this.#format) this.#channelsLast = true;
    else if (format === "contiguous") this.#channelsLast = false;
  }

  override forward(x: Tensor): Tensor {
    return this.convolveWith(x, this);
  }

  /** The convolution with other weights of the same shape. */
  convolveWith(x: Tensor, weights: ConvWeights): Tensor {
    // What comes from another convolution is channels-last already. An image of one channel is in both formats at once, and
    // libtorch would go on without channels-last; written with the strides of that format, all that follows has it.
    if (!this.#channelsLast || x.requiresGrad || x.ndim !== this.kernelSize.length + 2)
      return this.#convolve(x, weights);
    using images = toChannelsLast(x);
    return this.#convolve(images, weights);
  }

  #convolve(x: Tensor, weights: ConvWeights): Tensor {
    if (this.paddingMode === "zeros")
      return this.convolve(x, weights, typeof this.padding === "string" ? this.padding : [...this.padding]);
    using padded = ops.pad(x, this.#sides(), this.paddingMode);
    return this.convolve(padded, weights, this.padding === "same" ? "valid" : this.kernelSize.map(() => 0));
  }

  // aten::pad counts dimensions from the last, with both sides of each.
  #sides(): number[] {
    const sides = this.kernelSize.map((size, i): [number, number] => {
      if (this.padding === "valid") return [0, 0];
      if (this.padding !== "same") return [this.padding[i] ?? 0, this.padding[i] ?? 0];
      const total = (this.dilation[i] ?? 1) * (size - 1);
      const left = Math.floor(total / 2);
      return [left, total - left];
    });
    return sides.reverse().flat();
  }
}

/**
 * Convolution of (N, C, L) or (C, L).
 * @example
 * ```ts
 * using layer = new torch.nn.Conv1d(1, 4, 3, { padding: "same" });
 * using x = torch.ones([2, 1, 10]);
 * using y = layer.call(x);
 * console.log(y.shape, layer.weight.shape); // → [ 2, 4, 10 ] [ 4, 1, 3 ]
 * ```
 */
export class Conv1d extends Conv {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDim, ...options: Given<ConvOptions>) {
    super("Conv1d", 1, inChannels, outChannels, kernelSize, options);
  }
  protected override convolve(x: Tensor, { weight, bias }: ConvWeights, padding: number[] | "same" | "valid"): Tensor {
    return conv1d(x, weight, bias, [...this.stride], padding, [...this.dilation], this.groups);
  }
}

/**
 * Convolution of (N, C, H, W) or (C, H, W).
 * @example
 * ```ts
 * using layer = new torch.nn.Conv2d(3, 8, [3, 5], { stride: 2, padding: [1, 2] });
 * using x = torch.ones([2, 3, 8, 10]);
 * using y = layer.call(x);
 * console.log(y.shape, layer.weight.shape); // → [ 2, 8, 4, 5 ] [ 8, 3, 3, 5 ]
 * ```
 */
export class Conv2d extends Conv {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDim, ...options: Given<ConvOptions>) {
    super("Conv2d", 2, inChannels, outChannels, kernelSize, options);
  }
  protected override convolve(x: Tensor, { weight, bias }: ConvWeights, padding: number[] | "same" | "valid"): Tensor {
    return conv2d(x, weight, bias, [...this.stride], padding, [...this.dilation], this.groups);
  }
}

/**
 * Convolution of (N, C, D, H, W) or (C, D, H, W).
 * @example
 * ```ts
 * using layer = new torch.nn.Conv3d(1, 8, 3, { padding: 1 });
 * using x = torch.ones([2, 1, 8, 10, 9]);
 * using y = layer.call(x);
 * console.log(y.shape, layer.weight.shape); // → [ 2, 8, 8, 10, 9 ] [ 8, 1, 3, 3, 3 ]
 * ```
 */
export class Conv3d extends Conv {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDim, ...options: Given<ConvOptions>) {
    super("Conv3d", 3, inChannels, outChannels, kernelSize, options);
  }
  protected override convolve(x: Tensor, weights: ConvWeights, padding: number[] | "same" | "valid"): Tensor {
    const one = convolveOne(this, weights, x, padding);
    if (one !== undefined) return one;
    const few = convolveFew(this, weights, x, padding);
    if (few !== undefined) return few;
    const depthwise = convolveDepthwise(this, weights, x, padding);
    if (depthwise !== undefined) return depthwise;
    return conv3d(x, weights.weight, weights.bias, [...this.stride], padding, [...this.dilation], this.groups);
  }
}
