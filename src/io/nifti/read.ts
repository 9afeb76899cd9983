import type { Tensor } from "../../torch/index.ts";
import { NiftiContent } from "./content.ts";
import type { NiftiDType, VoxelArray } from "./datatypes.ts";
import type { NiftiHeader } from "./header.ts";
import { readIntensities } from "./intensities.ts";
import { type LabelArray, readLabelValues } from "./labels.ts";

/** What a file says of its image, beside the voxels. */
interface Described {
  /** Voxels along x, y, z. */
  readonly shape: readonly [number, number, number];
  /** The size of the file's fourth dimension; 1 for a volume. */
  readonly channels: number;
  /** Voxel indices → millimetres (RAS+), 4×4 row-major, as nibabel gives it. */
  readonly affine: Float64Array;
  /** How the file stores its voxels. */
  readonly dtype: NiftiDType;
}

/** An image in memory. */
export interface NiftiImage<T extends VoxelArray = Float32Array | Float64Array> extends Described {
  /** Real values (scaled), channel by channel, z fastest: as a contiguous tensor (C, D, H, W) = (channels, x, y, z). */
  readonly data: T;
}

/** An image as a tensor, which belongs to the scope that it was read in, or else to whoever read it. */
export interface NiftiTensor extends Described {
  /** Real values (scaled), (C, D, H, W) = (channels, x, y, z), contiguous. */
  readonly tensor: Tensor;
}

/**
 * Reads an image as intensities: float32, or float64 where the file holds integers that float32 would change (beyond 2²⁴).
 *
 * `.nii`, NIfTI-1 or 2; `.hdr`/`.img` pairs, by either name; FreeSurfer's `.mgh` and `.mgz`. Each packed by gzip or not,
 * whatever the name says, in either byte order.
 * @throws ImageError naming the file: missing, not fetched, no image, truncated (with the bytes expected and got), damaged, or
 * of complex, RGB or other voxels that are no single numbers.
 */
export function readNifti(path: string): NiftiImage {
  const { tensor, ...described } = readNiftiTensor(path);
  const data = viewOf(tensor);
  if (data instanceof Float32Array || data instanceof Float64Array) return { data, ...described };
  throw new TypeError(`${path}: intensities came as ${data.constructor.name}.`);
}

/**
 * As {@link readNifti}, as labels: integers stay what they are, in the type that they are stored in (unsigned ones of 16 to 64
 * bits in the next larger signed one; scaled ones as int32, where it holds them). Stored as fractions, or scaled, they are
 * rounded where they are within 0.1 of an integer.
 * @throws ImageError as {@link readNifti}, and naming a value that is no label.
 */
export function readNiftiLabels(path: string): NiftiImage<LabelArray> {
  const { tensor, ...described } = readNiftiLabelTensor(path);
  return { data: viewOf(tensor), ...described };
}

/** As {@link readNifti}, into a tensor: no copy of the voxels is made. */
export function readNiftiTensor(path: string): NiftiTensor {
  return read(path, readIntensities);
}

/** As {@link readNiftiLabels}, into a tensor: no copy of the voxels is made. */
export function readNiftiLabelTensor(path: string): NiftiTensor {
  return read(path, readLabelValues);
}

/** Reads only what a file says of itself: shape, affine, type. Only the first bytes are read. */
export function readNiftiHeader(path: string): NiftiHeader {
  using content = new NiftiContent(path);
  return content.header;
}

function read(path: string, voxelsOf: (content: NiftiContent) => Tensor): NiftiTensor {
  using content = new NiftiContent(path);
  const { shape, channels, affine, dtype } = content.header;
  return { tensor: voxelsOf(content), shape, channels, affine, dtype };
}

/** The tensor's memory, which lives as long as the array does. The tensor is given up. */
function viewOf(tensor: Tensor): LabelArray {
  using given = tensor;
  const array = given.view_();
  if (array instanceof Uint16Array) throw new TypeError("Voxels are not held as the bits of a float16.");
  return array;
}
