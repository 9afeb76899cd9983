/** Maximum and average over windows chosen so that the output has a given size. */
import { isNumber, knownOptions, notByName } from "../arguments.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { pyInts } from "./format.ts";
import { Module } from "./module.ts";

/** The size of the output: one for all dimensions, or one for each; null: as the input. */
export type OutputSize = number | null | readonly (number | null)[];

abstract class AdaptivePool extends Module {
  readonly outputSize: OutputSize;
  readonly #dims: number;

  constructor(layer: string, dims: number, outputSize: OutputSize, none: readonly []) {
    super();
    knownOptions(layer, none, []);
    const each: readonly unknown[] = Array.isArray(outputSize) ? outputSize : [outputSize];
    if (!each.every((size) => size === null || isNumber(size))) {
      throw notByName(layer, "outputSize", outputSize, `a number or ${dims} of them`);
    }
    if (typeof outputSize !== "number" && outputSize !== null && outputSize.length !== dims) {
      throw new RangeError(`${layer}: outputSize needs one number or ${dims}, got ${pyInts(outputSize)}.`);
    }
    this.outputSize = outputSize;
    this.#dims = dims;
  }
  protected abstract pool(x: Tensor, size: number[]): Tensor;
  override forward(x: Tensor): Tensor {
    const { outputSize } = this;
    const sizes = x.shape.slice(-this.#dims).map((n, i) => {
      const wanted = typeof outputSize === "number" || outputSize === null ? outputSize : outputSize[i];
      return wanted ?? n;
    });
    return this.pool(x, sizes);
  }
  override extraRepr(): string {
    return `output_size=${pyInts(this.outputSize)}`;
  }
}

/** The maxima, without where they are. */
function values([maxima, indices]: readonly [Tensor, Tensor]): Tensor {
  indices.dispose();
  return maxima;
}

/**
 * Of (N, C, L) or (C, L).
 * @example
 * ```ts
 * using x = torch.tensor([[1, 3, 5, 7]]);
 * using y = new torch.nn.AdaptiveAvgPool1d(2).call(x);
 * console.log(y.toArray()); // → [ [ 2, 6 ] ]
 * ```
 */
export class AdaptiveAvgPool1d extends AdaptivePool {
  constructor(outputSize: OutputSize, ...none: []) {
    super("AdaptiveAvgPool1d", 1, outputSize, none);
  }
  protected override pool(x: Tensor, size: number[]): Tensor {
    return ops.adaptiveAvgPool1d(x, size);
  }
}
/**
 * Of (N, C, H, W) or (C, H, W).
 * @example
 * ```ts
 * using x = torch.ones([1, 8, 12, 10]);
 * using y = new torch.nn.AdaptiveAvgPool2d([3, null]).call(x);
 * console.log(y.shape); // → [ 1, 8, 3, 10 ]
 * ```
 */
export class AdaptiveAvgPool2d extends AdaptivePool {
  constructor(outputSize: OutputSize, ...none: []) {
    super("AdaptiveAvgPool2d", 2, outputSize, none);
  }
  protected override pool(x: Tensor, size: number[]): Tensor {
    return ops.adaptiveAvgPool2d(x, size);
  }
}
/**
 * Of (N, C, D, H, W) or (C, D, H, W).
 * @example
 * ```ts
 * // features of one size, whatever that of the image
 * using pool = new torch.nn.AdaptiveAvgPool3d(1);
 * using x = torch.ones([2, 8, 5, 6, 7]);
 * using y = pool.call(x);
 * console.log(y.shape); // → [ 2, 8, 1, 1, 1 ]
 * ```
 */
export class AdaptiveAvgPool3d extends AdaptivePool {
  constructor(outputSize: OutputSize, ...none: []) {
    super("AdaptiveAvgPool3d", 3, outputSize, none);
  }
  protected override pool(x: Tensor, size: number[]): Tensor {
    return ops.adaptiveAvgPool3d(x, size);
  }
}
/**
 * Of (N, C, L) or (C, L).
 * @example
 * ```ts
 * using x = torch.tensor([[1, 3, 5, 7]]);
 * using y = new torch.nn.AdaptiveMaxPool1d(2).call(x);
 * console.log(y.toArray()); // → [ [ 3, 7 ] ]
 * ```
 */
export class AdaptiveMaxPool1d extends AdaptivePool {
  constructor(outputSize: OutputSize, ...none: []) {
    super("AdaptiveMaxPool1d", 1, outputSize, none);
  }
  protected override pool(x: Tensor, size: number[]): Tensor {
    return values(ops.adaptiveMaxPool1d(x, size));
  }
}
/**
 * Of (N, C, H, W) or (C, H, W).
 * @example
 * ```ts
 * using x = torch.ones([1, 8, 12, 10]);
 * using y = new torch.nn.AdaptiveMaxPool2d([3, 2]).call(x);
 * console.log(y.shape); // → [ 1, 8, 3, 2 ]
 * ```
 */
export class AdaptiveMaxPool2d extends AdaptivePool {
  constructor(outputSize: OutputSize, ...none: []) {
    super("AdaptiveMaxPool2d", 2, outputSize, none);
  }
  protected override pool(x: Tensor, size: number[]): Tensor {
    return values(ops.adaptiveMaxPool2d(x, size));
  }
}
/**
 * Of (N, C, D, H, W) or (C, D, H, W).
 * @example
 * ```ts
 * using x = torch.ones([2, 8, 5, 6, 7]);
 * using y = new torch.nn.AdaptiveMaxPool3d(2).call(x);
 * console.log(y.shape); // → [ 2, 8, 2, 2, 2 ]
 * ```
 */
export class AdaptiveMaxPool3d extends AdaptivePool {
  constructor(outputSize: OutputSize, ...none: []) {
    super("AdaptiveMaxPool3d", 3, outputSize, none);
  }
  protected override pool(x: Tensor, size: number[]): Tensor {
    return values(ops.adaptiveMaxPool3d(x, size));
  }
}
