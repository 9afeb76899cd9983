/** Kernels of our own: for what a 3D network spends its time on between convolutions, and for moving images. */
import { type Handle, native } from "./native.ts";
import { Tensor } from "./tensor.ts";
import type { DType } from "./types.ts";

/** A convolution of kernels of 3 voxels each way, without groups or dilation. */
export interface ConvFirst {
  /** (out, in, 3, 3, 3), float32. */
  readonly weight: Tensor;
  /** (out), or null. */
  readonly bias: Tensor | null;
  /** Of depth, height, width. */
  readonly stride: readonly number[];
  /** Zeros added on both sides of each. */
  readonly padding: readonly number[];
  /** What comes out: float32 or bfloat16. */
  readonly dtype: DType;
}

export interface NormActPoolOptions {
  /** γ and β of the normalisation, or null. */
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly runningMean: Tensor | null;
  readonly runningVar: Tensor | null;
  /** Statistics of the batch, or the running ones. */
  readonly training: boolean;
  /**
   * Null (the default): statistics of the batch, for each channel. A number: of each image by itself, in so many groups of channels; as many groups as
   * channels are instance normalisation.
   */
  readonly groups?: number | null | undefined;
  /** An image of the input's shape that is added before the activation, whose slope is then a number of 0 or more; nothing is pooled. Default: none. */
  readonly add?: Tensor | null | undefined;
  /** y > 0 ? y : slope · y. A number (0 is ReLU, 1 no activation) or PReLU's parameter. */
  readonly slope: number | Tensor;
  /** Whether a max-pooling of kernel 2 and stride 2 follows. */
  readonly pool: boolean;
  readonly momentum: number;
  readonly eps: number;
  /**
   * What makes the 3D image that is normalised, of the input, which has no gradient. Meant for few input channels: what it makes is computed for each
   * pass, and never kept. Default: none.
   */
  readonly conv?: ConvFirst | undefined;
}

/**
 * Batch, instance or group normalisation, another image added, a piecewise linear activation and max-pooling at once, with the gradient.
 * `input`: (N, C, H, W) or (N, C, D, H, W), float32 or bfloat16, CPU; the result is channels-last, and of the input's type unless a convolution comes first.
 * Computed in float32. Equal to doing them in turn, up to rounding.
 */
export function normActPool(input: Tensor, options: NormActPoolOptions): Tensor {
  const handle = (t: Tensor | null): Handle | null => (t === null ? null : t.handleFor("normActPool"));
  const { slope, conv } = options;
  return new Tensor(
    native.normActPool(
      input.handleFor("normActPool"),
      handle(options.weight),
      handle(options.bias),
      typeof slope === "number" ? null : handle(slope),
      handle(options.runningMean),
      handle(options.runningVar),
      handle(options.add ?? null),
      typeof slope === "number" ? slope : 0,
      options.training,
      options.groups ?? 0,
      options.pool,
      options.momentum,
      options.eps,
      handle(conv?.weight ?? null),
      handle(conv?.bias ?? null),
      conv?.stride ?? [],
      conv?.padding ?? [],
      conv?.dtype ?? "float32",
    ),
  );
}

/**
 * Convolution, with stride 1, of a float32 image (N, C, D, H, W) of few channels by kernels (out, C, 3, 3, 3), on the CPU: equal to conv3d, with a kernel of
 * its own for the gradient of the image.
 */
export function conv3dFew(image: Tensor, weight: Tensor, bias: Tensor | null, padding: readonly number[]): Tensor {
  const handle = (t: Tensor): Handle => t.handleFor("conv3dFew");
  return new Tensor(native.conv3dFew(handle(image), handle(weight), bias === null ? null : handle(bias), padding));
}

/**
 * Convolution, with stride 1, of an image (N, C, D, H, W) by kernels (C, 1, d, h, w), one for each channel, on the CPU: equal to conv3d, with gradients of its
 * own. All are float32 or all bfloat16, or what autocast makes of them; `padding` is at most dilation · (length - 1).
 */
export function conv3dDepthwise(
  image: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  padding: readonly number[],
  dilation: readonly number[],
): Tensor {
  const handle = (t: Tensor): Handle => t.handleFor("conv3dDepthwise");
  return new Tensor(
    native.conv3dDepthwise(handle(image), handle(weight), bias === null ? null : handle(bias), padding, dilation),
  );
}

export interface ResampleOptions {
  /** D, H, W of the new image. */
  readonly shape: readonly [number, number, number];
  /** From the voxel indices of the new image to those of the old, 4×4 row-major. */
  readonly map: ArrayLike<number>;
  /** What is added to the place of each voxel, in voxels of the old image: (…shape, 3), float64. */
  readonly displacement: Tensor | null;
  /** TorchIO's name. Of `bspline` and `cubic`, the image holds the coefficients. */
  readonly interpolation: string;
  /** The value of each channel where the old image is not; null: that of the nearest place in it. */
  readonly outside: readonly number[] | null;
}

/**
 * An image on other voxels: each gets the value that the old image has at its place. `image`: (C, D, H, W), float32 or float64, CPU; the result is of the
 * same type. A place is in the image up to half a voxel beyond its outermost voxels.
 */
export function resampleVoxels(image: Tensor, options: ResampleOptions): Tensor {
  const { shape, map, displacement, interpolation, outside } = options;
  return new Tensor(
    native.resample(
      image.handleFor("resampleVoxels"),
      shape,
      Array.from(map),
      displacement === null ? null : displacement.handleFor("resampleVoxels"),
      interpolation,
      outside,
    ),
  );
}
