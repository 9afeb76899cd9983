import type { DType, Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { splineCoefficients } from "./bspline.ts";
import { type Interpolation, keepsValues } from "./interpolation.ts";

/** Where the voxels of a new image lie in an old one. */
export interface Sampling {
  /** D, H, W of the new image. */
  readonly shape: readonly [number, number, number];
  /** From the voxel indices of the new image to those of the old, 4×4 row-major. */
  readonly map: Float64Array;
  /** What is added to the place of each voxel, in voxels of the old image: (…shape, 3), float64. Default: nothing. */
  readonly displacement?: Tensor | null;
  readonly interpolation: Interpolation;
  /**
   * The value where the old image is not, that is, more than half a voxel beyond its outermost voxels: one, or one for each channel. Null: that of
   * the nearest place in the image.
   */
  readonly outside: number | readonly number[] | null;
}

/**
 * An image on another grid, or moved, or deformed: each voxel of the new image gets the value that the old one has at its place, as ITK
 * finds it.
 *
 * @param image (C, D, H, W).
 * @throws ImageError for integers beyond 2⁵³, which the numbers of interpolation do not hold.
 * @returns (C, …shape): of the type of the image where only its values can come out (nearest, label_gaussian), else float32 (float64 of a float64 image).
 */
export function resample(image: Tensor, sampling: Sampling): Tensor {
  const { interpolation, outside, shape, map, displacement = null } = sampling;
  if (image.dtype === "int64") requireExact(image);
  const spline = interpolation === "bspline" || interpolation === "cubic";
  const values = spline
    ? splineCoefficients(image)
    : image.to({ dtype: WIDE.has(image.dtype) ? "float64" : "float32" });
  const result = torch.resampleVoxels(values, {
    shape,
    map,
    displacement,
    interpolation,
    outside: typeof outside === "number" ? Array<number>(image.shape[0] ?? 1).fill(outside) : outside,
  });
  const dtype = image.dtype === "float64" ? "float64" : "float32";
  return result.to({ dtype: keepsValues(interpolation) ? image.dtype : dtype });
}

/** Types whose values float32 does not hold. */
const WIDE: ReadonlySet<DType> = new Set(["float64", "int32", "int64"]);

function requireExact(image: Tensor): void {
  const beyond = torch.tidy(() => image.gt(Number.MAX_SAFE_INTEGER).logicalOr(image.lt(Number.MIN_SAFE_INTEGER)).any());
  using found = beyond;
  if (!found.item()) return;
  throw new ImageError(
    "An image of int64 has integers beyond 2⁵³, which cannot be resampled. Give its labels smaller numbers.",
  );
}
