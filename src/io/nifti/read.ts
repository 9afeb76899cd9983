import { ImageError } from "../../utils/exceptions.ts";
import { NiftiContent } from "./content.ts";
import type { NiftiDType, VoxelArray } from "./datatypes.ts";
import type { NiftiHeader } from "./header.ts";
import { readIntensities } from "./intensities.ts";
import { type LabelArray, readLabelValues } from "./labels.ts";

/** An image in memory. */
export interface NiftiImage<T extends VoxelArray = Float32Array | Float64Array> {
  /** Real values (scaled), channel by channel, z fastest: as a contiguous tensor (C, D, H, W) = (channels, x, y, z). */
  readonly data: T;
  /** Voxels along x, y, z. */
  readonly shape: readonly [number, number, number];
  /** The size of the file's fourth dimension; 1 for a volume. */
  readonly channels: number;
  /** Voxel indices → millimetres (RAS+), 4×4 row-major, as nibabel gives it. */
  readonly affine: Float64Array;
  /** How the file stores its voxels. */
  readonly dtype: NiftiDType;
}

/**
 * Reads a `.nii` or `.nii.gz` (whatever its name), NIfTI-1 or 2, of either byte order, as intensities: float32, or float64
 * where the file holds integers that float32 would change (beyond 2²⁴).
 * @throws ImageError naming the file: missing, not fetched, not NIfTI, truncated (with the bytes expected and got), damaged.
 */
export function readNifti(path: string): NiftiImage {
  return read(path, readIntensities);
}

/**
 * As {@link readNifti}, as labels: integers stay what they are, in the type that they are stored in (unsigned ones of 16 to 64
 * bits in the next larger signed one; scaled ones as int32, where it holds them). Stored as fractions, or scaled, they are
 * rounded where they are within 0.1 of an integer.
 * @throws ImageError as {@link readNifti}, and naming a value that is no label.
 */
export function readNiftiLabels(path: string): NiftiImage<LabelArray> {
  return read(path, readLabelValues);
}

/** Reads only what a file says of itself: shape, affine, type. Only the first bytes are read. */
export function readNiftiHeader(path: string): NiftiHeader {
  using content = new NiftiContent(path);
  return content.header;
}

function read<T extends VoxelArray>(path: string, voxelsOf: (content: NiftiContent) => T): NiftiImage<T> {
  using content = new NiftiContent(path);
  const { shape, channels, affine, dtype, byteLength } = content.header;
  try {
    return { data: voxelsOf(content), shape, channels, affine, dtype };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ImageError(
      `${path} does not fit into memory: ${shape.join("×")}×${channels} voxels of ${dtype} are ${byteLength} bytes (${error.message}). Crop it, or split it.`,
      { cause: error },
    );
  }
}
