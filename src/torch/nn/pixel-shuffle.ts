import { knownOptions, requireNumbers } from "../arguments.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";

/**
 * (…, C r², H, W) → (…, C, H r, W r): channels become pixels (Shi et al., 2016), for `upscaleFactor` r.
 * @example
 * ```ts
 * using scope = torch.scope();
 * const x = torch.tensor([1, 2, 3, 4]).reshape([4, 1, 1]);
 * const y = new torch.nn.PixelShuffle(2).call(x);
 * console.log(y.toArray()); // → [ [ [ 1, 2 ], [ 3, 4 ] ] ]
 * ```
 */
export class PixelShuffle extends Module {
  readonly upscaleFactor: number;

  constructor(upscaleFactor: number, ...none: []) {
    super();
    knownOptions("PixelShuffle", none, []);
    requireNumbers("PixelShuffle", { upscaleFactor });
    this.upscaleFactor = upscaleFactor;
  }
  override forward(x: Tensor): Tensor {
    return ops.pixelShuffle(x, this.upscaleFactor);
  }
  override extraRepr(): string {
    return `upscale_factor=${this.upscaleFactor}`;
  }
}

/**
 * (…, C, H r, W r) → (…, C r², H, W): the reverse of `PixelShuffle`, for `downscaleFactor` r.
 * @example
 * ```ts
 * using x = torch.tensor([[[1, 2], [3, 4]]]);
 * using y = new torch.nn.PixelUnshuffle(2).call(x);
 * console.log(y.shape, y.toNumbers()); // → [ 4, 1, 1 ] [ 1, 2, 3, 4 ]
 * ```
 */
export class PixelUnshuffle extends Module {
  readonly downscaleFactor: number;

  constructor(downscaleFactor: number, ...none: []) {
    super();
    knownOptions("PixelUnshuffle", none, []);
    requireNumbers("PixelUnshuffle", { downscaleFactor });
    this.downscaleFactor = downscaleFactor;
  }
  override forward(x: Tensor): Tensor {
    return ops.pixelUnshuffle(x, this.downscaleFactor);
  }
  override extraRepr(): string {
    return `downscale_factor=${this.downscaleFactor}`;
  }
}
