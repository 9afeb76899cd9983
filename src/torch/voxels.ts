/**
 * What transforms do to every voxel, in one pass over them. Kernels of our own do it on the CPU, and libtorch's operators, with the same result, where an image
 * is on a GPU, has gradients, or is of a type that the kernel does not know.
 */
import { Generator } from "./generator.ts";
import { native } from "./native.ts";
import { aminmax, cat, constantPadNd, randn, stack } from "./ops.ts";
import { tidy } from "./scope.ts";
import { Tensor } from "./tensor.ts";
import { itemSize } from "./types.ts";

/** Whether a kernel may take a tensor. */
function isPlain(x: Tensor): boolean {
  return x.device === "cpu" && !x.requiresGrad;
}
function isPlainFloat(x: Tensor): boolean {
  return x.dtype === "float32" && isPlain(x);
}

/** The smallest and the greatest value; both NaN where there is one. @throws Error for a tensor without elements. */
export function extent(x: Tensor): readonly [least: number, greatest: number] {
  if (isPlainFloat(x)) return native.extent(x.handleFor("extent"));
  return tidy(() => {
    const [least, greatest] = aminmax(x);
    return [Number(least.item()), Number(greatest.item())];
  });
}

export interface RescaleOptions {
  /** Values below become `low`. Default: none do. */
  readonly low?: number;
  /** Values above become `high`. Default: none do. */
  readonly high?: number;
  /** The range that becomes 0 to 1, then `to`. Default of both: 0 to 1. */
  readonly from?: readonly [number, number];
  readonly to?: readonly [number, number];
}

/** Cuts values at `low` and `high`, and brings the range `from` to the range `to`. NaN stays NaN. */
export function rescale(x: Tensor, { low, high, from = [0, 1], to = [0, 1] }: RescaleOptions): Tensor {
  const [least, most] = [low ?? Number.NEGATIVE_INFINITY, high ?? Number.POSITIVE_INFINITY];
  const [width, wanted] = [from[1] - from[0], to[1] - to[0]];
  if (isPlainFloat(x)) {
    return new Tensor(native.rescale(x.handleFor("rescale"), least, most, from[0], width, wanted, to[0]));
  }
  return tidy(() => x.clamp(least, most).sub(from[0]).div(width).mul(wanted).add(to[0]));
}

/**
 * The values that stand at these places in ascending order, counted from 0; NaN comes last.
 *
 * @param x flat, of any type.
 */
export function valuesAt(x: Tensor, ranks: readonly number[]): number[] {
  if (isPlainFloat(x)) return native.valuesAt(x.handleFor("valuesAt"), ranks);
  return tidy(() => {
    const [sorted] = x.sort();
    return ranks.map((rank) => Number(sorted.narrow(0, rank, 1).item()));
  });
}

export interface FillWhereOptions {
  /** Which values of the mask count. Default null: all but 0. */
  readonly labels?: readonly number[] | null;
  /** Whether it is filled where the mask counts, or, with false, where it does not. Default true. */
  readonly where?: boolean;
  readonly value: number;
}

/** `x`, with a value under a mask, or around it. The mask has the shape of `x`, or one channel for all of those of `x` (C, …). */
export function fillWhere(x: Tensor, mask: Tensor, options: FillWhereOptions): Tensor {
  const { labels = null, where: under = true, value } = options;
  if (isPlain(x) && isPlain(mask) && itemSize(x.dtype) <= 8) {
    return new Tensor(native.fillWhere(x.handleFor("fillWhere"), mask.handleFor("fillWhere"), labels, under, value));
  }
  return tidy(() => {
    const chosen =
      labels === null
        ? mask.ne(0)
        : labels.reduce(
            (found, label) => found.logicalOr(mask.eq(label)),
            mask.newZeros(mask.shape, { dtype: "bool" }),
          );
    return x.maskedFill(under ? chosen : chosen.logicalNot(), value);
  });
}

/** One channel for each of `classes` classes: 1 where `x` has its number, elsewhere 0, of the type of `x`: (classes, …x.shape). */
export function oneHot(x: Tensor, classes: number): Tensor {
  if (isPlain(x)) return new Tensor(native.oneHot(x.handleFor("oneHot"), classes));
  return tidy(() => {
    const labels = x.to({ dtype: "int64" });
    return stack(Array.from({ length: classes }, (_, label) => labels.eq(label))).to({ dtype: x.dtype });
  });
}

/** Whether all numbers are 0, 1, 2 …. */
export function areLabels(x: Tensor): boolean {
  if (x.dtype === "bool" || x.dtype === "uint8" || x.numel() === 0) return true;
  if (isPlainFloat(x)) return native.areLabels(x.handleFor("areLabels"));
  return tidy(() => {
    const positive = x.ge(0);
    return Boolean((x.isFloatingPoint() ? positive.logicalAnd(x.frac().eq(0)) : positive).all().item());
  });
}

/** The labels of an image, each once, in ascending order. @throws Error for negative numbers and NaN. */
export function labelsOf(x: Tensor): number[] {
  return tidy(() => native.labelsOf(x.to({ device: "cpu" }).handleFor("labelsOf")));
}

/**
 * How many voxels of each row have a label: D·H numbers.
 *
 * @param x (D, H, W).
 * @param label not negative; null: any but 0.
 */
export function countRows(x: Tensor, label: number | null): Int32Array {
  return tidy(() => {
    const counts = new Tensor(native.countRows(x.to({ device: "cpu" }).handleFor("countRows"), label));
    return Int32Array.from(counts.toTypedArray(), Number);
  });
}

/**
 * An image that begins and ends elsewhere: `size` voxels along each axis, from voxel `start` on (negative: before the image).
 *
 * @param x (C, D, H, W).
 * @param value where the image is not.
 */
export function place(x: Tensor, start: readonly number[], size: readonly number[], value: number): Tensor {
  if (isPlain(x) && itemSize(x.dtype) <= 8)
    return new Tensor(native.placeVoxels(x.handleFor("place"), start, size, value));
  const beyond = size.some((n, axis) => (start[axis] ?? 0) >= (x.shape[axis + 1] ?? 0) || (start[axis] ?? 0) + n <= 0);
  if (beyond) return x.newFull([x.shape[0] ?? 0, ...size], value);
  // libtorch lists paddings from the last axis, and crops where they are negative
  const padding = [2, 1, 0].flatMap((axis) => {
    const first = start[axis] ?? 0;
    return [-first, (size[axis] ?? 0) + first - (x.shape[axis + 1] ?? 0)];
  });
  return constantPadNd(x, padding, value);
}

/**
 * A filter along each spatial axis in turn; beyond its ends, an axis is mirrored, its outermost voxels included. It is done on the CPU.
 *
 * @param x (C, D, H, W), float32.
 * @param weights of D, H and W: from the middle of the filter on, which is symmetric. One weight leaves an axis as it is.
 */
export function symmetricFilter(x: Tensor, weights: readonly (readonly number[])[]): Tensor {
  return tidy(() => {
    const cpu = x.to({ device: "cpu" });
    return new Tensor(native.symmetricFilter(cpu.handleFor("symmetricFilter"), weights)).to({ device: x.device });
  });
}

/**
 * A copy in which pairs of patches have changed places, one pair after another. Patches of a pair that overlap are exchanged as they were; the
 * second is written first. It is done on the CPU.
 *
 * @param x (C, D, H, W), of any type.
 * @param size of the patches, in voxels of D, H and W.
 * @param pairs the first voxels of both patches of each pair.
 * @throws when a patch is not within the image.
 */
export function swapPatches(
  x: Tensor,
  size: readonly number[],
  pairs: readonly (readonly [readonly number[], readonly number[]])[],
): Tensor {
  return tidy(() => {
    const cpu = x.to({ device: "cpu" });
    return new Tensor(native.swapPatches(cpu.handleFor("swapPatches"), size, pairs.flat(2))).to({ device: x.device });
  });
}

export interface AddNoiseOptions {
  /** Of the noise. Default: 0. */
  readonly mean?: number;
  /** Of the noise. Default: 1. */
  readonly std?: number;
  /** Of the generator that the noise is drawn from: the numbers are those of `randn` with it. */
  readonly seed: number;
}

/** Gaussian noise added to `x`, in float32. */
export function addNoise(x: Tensor, { mean = 0, std = 1, seed }: AddNoiseOptions): Tensor {
  if (isPlainFloat(x)) return new Tensor(native.addNoise(x.handleFor("addNoise"), mean, std, seed));
  return tidy(() => {
    const noise = randn(x.shape, { generator: new Generator().manualSeed(seed), dtype: "float32" });
    return noise
      .mul(std)
      .add(mean)
      .to({ device: x.device })
      .add(x.to({ dtype: "float32" }));
  });
}

/**
 * sign(x)·|x|^γ, to 2⁻²² of the value for γ up to 2.
 *
 * @param x (C, …), float32.
 * @param exponents γ of each channel.
 */
export function signedPower(x: Tensor, exponents: readonly number[]): Tensor {
  if (isPlainFloat(x) && exponents.every((exponent) => Number.isFinite(exponent) && exponent > 0)) {
    return new Tensor(native.signedPower(x.handleFor("signedPower"), exponents));
  }
  return tidy(() => {
    const channel = (i: number): Tensor => x.narrow(0, i, 1);
    return cat(exponents.map((exponent, i) => channel(i).abs().pow(exponent).mul(channel(i).sign())));
  });
}
