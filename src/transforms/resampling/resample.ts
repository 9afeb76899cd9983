import type { DType, Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { splineCoefficients } from "./bspline.ts";
import { type Interpolation, keepsValues } from "./interpolation.ts";
import { resampleReference } from "./reference.ts";

/** Where the voxels of a new image lie in an old one. */
export interface Sampling {
  /** D, H, W of the new image. */
  readonly shape: readonly [number, number, number];
  /** From the voxel indices of the new image to those of the old, 4×4 row-major. */
  readonly map: Float64Array;
  /** What is added to the place of each voxel, in voxels of the old image: (…shape, 3), float64. Default: nothing. */
  readonly displacement?: Tensor;
  readonly interpolation: Interpolation;
  /**
   * The value where the old image is not, that is, more than half a voxel beyond its outermost voxels: one, or one for each channel. Default null: that of
   * the nearest place in the image.
   */
  readonly outside: number | readonly number[] | null;
}

/**
 * An image on another grid, or moved, or deformed: each voxel of the new image gets the value that the old one has at its place, as ITK
 * finds it.
 *
 * @param image (C, D, H, W).
 * @returns (C, …shape): of the type of the image where only its values can come out (nearest, label_gaussian), else float32 (float64 of a float64 image).
 */
export function resample(image: Tensor, sampling: Sampling): Tensor {
  const { interpolation, outside, shape, map, displacement } = sampling;
  const [channels = 1, d = 1, h = 1, w = 1] = image.shape;
  const spline = interpolation === "bspline" || interpolation === "cubic";
  const values = spline
    ? splineCoefficients(image)
    : image.to({ dtype: WIDE.has(image.dtype) ? "float64" : "float32" });
  const fill = typeof outside === "number" ? Array<number>(channels).fill(outside) : outside;
  const data = resampleReference(
    { data: values.flatten().toNumbers(), channels, shape: [d, h, w] },
    { shape, map, displacement: displacement === undefined ? null : displacement.flatten().toNumbers() },
    interpolation,
    fill,
  );
  const result = torch.fromTypedArray(data, [channels, ...shape]);
  return result.to({
    dtype: keepsValues(interpolation) ? image.dtype : image.dtype === "float64" ? "float64" : "float32",
  });
}

/** Types whose values float32 does not hold. */
const WIDE: ReadonlySet<DType> = new Set(["float64", "int32", "int64"]);
