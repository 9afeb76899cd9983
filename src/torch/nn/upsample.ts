import { knownOptions } from "../arguments.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { pyFloats, pyInts } from "./format.ts";
import { Module } from "./module.ts";
import { type PerDim, perDim } from "./options.ts";

const MODES = ["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"] as const;
export type UpsampleMode = (typeof MODES)[number];

export interface UpsampleOptions {
  /** The size of the output; either this or `scaleFactor`. */
  readonly size?: PerDim | null | undefined;
  /** The output's size divided by the input's. */
  readonly scaleFactor?: PerDim | null | undefined;
  /** Default "nearest". "linear" is for 1 dimension, "bilinear" and "bicubic" for 2, "trilinear" for 3. */
  readonly mode?: UpsampleMode | undefined;
  /** Whether the centres of the corner elements coincide, rather than their outer edges; default false. */
  readonly alignCorners?: boolean | null | undefined;
  /** Whether the scale used is that of the sizes, rather than `scaleFactor` itself; default false. They differ where a size is rounded. */
  readonly recomputeScaleFactor?: boolean | null | undefined;
}

/**
 * Makes (N, C, …) larger, or smaller, in 1 to 3 spatial dimensions.
 * @example
 * ```ts
 * using x = torch.tensor([[[1, 2]]]);
 * using nearest = new torch.nn.Upsample({ scaleFactor: 2 }).call(x);
 * console.log(nearest.toNumbers()); // → [ 1, 1, 2, 2 ]
 * using linear = new torch.nn.Upsample({ size: 3, mode: "linear", alignCorners: true }).call(x);
 * console.log(linear.toNumbers()); // → [ 1, 1.5, 2 ]
 * ```
 */
export class Upsample extends Module {
  readonly size: PerDim | null;
  readonly scaleFactor: PerDim | null;
  readonly mode: UpsampleMode;
  readonly alignCorners: boolean | null;
  readonly recomputeScaleFactor: boolean | null;

  constructor(...options: readonly [UpsampleOptions]) {
    super();
    const {
      size = null,
      scaleFactor = null,
      mode = "nearest",
      alignCorners = null,
      recomputeScaleFactor = null,
    } = knownOptions("Upsample", options, ["size", "scaleFactor", "mode", "alignCorners", "recomputeScaleFactor"]);
    if (size !== null && scaleFactor !== null)
      throw new TypeError("Upsample: only one of size or scaleFactor should be defined");
    if (size === null && scaleFactor === null)
      throw new TypeError("Upsample: either size or scaleFactor should be defined");
    if (recomputeScaleFactor === true && size !== null)
      throw new TypeError("recompute_scale_factor is not meaningful with an explicit size.");
    if (!MODES.includes(mode)) throw new TypeError(`Upsample: unknown mode '${mode}'; known are ${MODES.join(", ")}.`);
    if (alignCorners !== null && !mode.endsWith("linear") && mode !== "bicubic") {
      throw new TypeError(
        "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear",
      );
    }
    this.size = size;
    this.scaleFactor = scaleFactor;
    this.mode = mode;
    this.alignCorners = alignCorners;
    this.recomputeScaleFactor = recomputeScaleFactor;
  }

  override forward(x: Tensor): Tensor {
    const dims = x.ndim - 2;
    let size = this.size === null ? null : [...perDim("Upsample", "size", this.size, dims)];
    let factors = this.scaleFactor === null ? null : [...perDim("Upsample", "scaleFactor", this.scaleFactor, dims)];
    if (this.recomputeScaleFactor === true) [size, factors] = [scaled(x, factors), null];
    const align = this.alignCorners ?? false;
    switch (`${this.mode} ${dims}`) {
      case "nearest 1":
        return ops.upsampleNearest1d(x, size, factors);
      case "nearest 2":
        return ops.upsampleNearest2d(x, size, factors);
      case "nearest 3":
        return ops.upsampleNearest3d(x, size, factors);
      case "nearest-exact 1":
        return ops._upsampleNearestExact1d(x, size, factors);
      case "nearest-exact 2":
        return ops._upsampleNearestExact2d(x, size, factors);
      case "nearest-exact 3":
        return ops._upsampleNearestExact3d(x, size, factors);
      case "linear 1":
        return ops.upsampleLinear1d(x, size, align, factors);
      case "bilinear 2":
        return ops.upsampleBilinear2d(x, size, align, factors);
      case "bicubic 2":
        return ops.upsampleBicubic2d(x, size, align, factors);
      case "trilinear 3":
        return ops.upsampleTrilinear3d(x, size, align, factors);
      case "area 1":
        return ops.adaptiveAvgPool1d(x, size ?? scaled(x, factors));
      case "area 2":
        return ops.adaptiveAvgPool2d(x, size ?? scaled(x, factors));
      case "area 3":
        return ops.adaptiveAvgPool3d(x, size ?? scaled(x, factors));
      default:
        throw new RangeError(
          `Upsample: mode '${this.mode}' cannot be used with a ${x.ndim}D input (N, C and ${dims} spatial dimensions).`,
        );
    }
  }

  override extraRepr(): string {
    const what = this.scaleFactor === null ? `size=${pyInts(this.size)}` : `scale_factor=${pyFloats(this.scaleFactor)}`;
    return `${what}, mode='${this.mode}'`;
  }
}

function scaled(x: Tensor, factors: readonly number[] | null): number[] {
  return x.shape.slice(2).map((n, i) => Math.floor(n * (factors?.[i] ?? 1)));
}
