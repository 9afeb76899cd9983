import { z } from "zod";
import type { Tensor } from "../../torch/index.ts";
import { parseWith } from "../../utils/config.ts";
import { NiftiContent, type Window } from "./content.ts";
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
 * @example
 * ```ts
 * const { data, shape, affine } = readNifti("bids/sub-001/ses-M000/anat/sub-001_ses-M000_T1w.nii.gz");
 * console.log(shape, data.length, affine.length); // → [ 17, 20, 16 ] 5440 16
 * ```
 */
export function readNifti(path: string): NiftiImage {
  const { tensor, ...described } = readNiftiTensor(path);
  const data = arrayOf(tensor);
  if (data instanceof Float32Array || data instanceof Float64Array) return { data, ...described };
  throw new TypeError(`${path}: intensities came as ${data.constructor.name}.`);
}

/**
 * As {@link readNifti}, as labels: integers stay what they are, in the type that they are stored in (unsigned ones of 16 to 64
 * bits in the next larger signed one; scaled ones as int32, where it holds them). Stored as fractions, or scaled, they are
 * rounded where they are within 0.1 of an integer.
 * @throws ImageError as {@link readNifti}, and naming a value that is no label.
 * @example
 * ```ts
 * const { data } = readNiftiLabels("bids/derivatives/masks/sub-001/ses-M000/anat/sub-001_ses-M000_dseg.nii.gz");
 * console.log(new Set(Array.from(data, Number)).size); // → 4
 * ```
 */
export function readNiftiLabels(path: string): NiftiImage<LabelArray> {
  const { tensor, ...described } = readNiftiLabelTensor(path);
  return { data: arrayOf(tensor), ...described };
}

/**
 * As {@link readNifti}, into a tensor: one copy of the voxels less.
 * @param options `window`: a part of the image, with the affine of that part. Of a file that is not packed only its rows are
 * read. It is float64 where the window holds large integers.
 * @throws ImageError as {@link readNifti}, and for a window that does not lie in the image.
 * @example
 * ```ts
 * using scope = torch.scope();
 * const { tensor } = readNiftiTensor("bids/sub-001/ses-M000/anat/sub-001_ses-M000_T1w.nii.gz");
 * console.log(tensor.shape, tensor.dtype); // → [ 1, 17, 20, 16 ] float32
 * ```
 */
export function readNiftiTensor(path: string, options: ReadOptions = {}): NiftiTensor {
  return read(path, readIntensities, options);
}

/**
 * As {@link readNiftiLabels}, into a tensor. Options as of {@link readNiftiTensor}.
 * @example
 * ```ts
 * using scope = torch.scope();
 * const { tensor } = readNiftiLabelTensor("bids/derivatives/masks/sub-001/ses-M000/anat/sub-001_ses-M000_dseg.nii.gz");
 * console.log(tensor.shape, tensor.max().item()); // → [ 1, 17, 20, 16 ] 3
 * ```
 */
export function readNiftiLabelTensor(path: string, options: ReadOptions = {}): NiftiTensor {
  return read(path, readLabelValues, options);
}

/**
 * Reads only what a file says of itself: shape, affine, type. Only the first bytes are read.
 * @example
 * ```ts
 * const { shape, channels, dtype } = readNiftiHeader("bids/derivatives/masks/sub-001/ses-M000/anat/sub-001_ses-M000_dseg.nii.gz");
 * console.log(shape, channels, dtype); // → [ 17, 20, 16 ] 1 uint8
 * ```
 */
export function readNiftiHeader(path: string): NiftiHeader {
  using content = new NiftiContent(path);
  return content.header;
}

const triple = z.tuple([z.int(), z.int(), z.int()]);
const optionsSchema = z.strictObject({
  window: z.strictObject({ start: triple, size: triple }).nullable().default(null),
});

export interface ReadOptions {
  /** Which part of the image is read, in voxels along x, y, z. Default null: all of it. */
  readonly window?: Window | null;
}

function read(path: string, voxelsOf: (content: NiftiContent) => Tensor, options: ReadOptions): NiftiTensor {
  const { window } = parseWith(optionsSchema, options, "reading an image");
  using content = new NiftiContent(path, window);
  const { channels, affine, dtype } = content.header;
  const { start, size } = content.window;
  return { tensor: voxelsOf(content), shape: size, channels, affine: moved(affine, start), dtype };
}

/** The affine of what begins at a voxel. */
function moved(affine: Float64Array, start: readonly [number, number, number]): Float64Array {
  const out = affine.slice();
  for (let row = 0; row < 3; row++) {
    for (const [column, voxels] of start.entries()) {
      out[row * 4 + 3] = (out[row * 4 + 3] ?? 0) + (affine[row * 4 + column] ?? 0) * voxels;
    }
  }
  return out;
}

/** The voxels in JavaScript's own memory, which is collected; libtorch's would be held until then. The tensor is given up. */
function arrayOf(tensor: Tensor): LabelArray {
  using given = tensor;
  const array = given.toTypedArray();
  if (array instanceof Uint16Array) throw new TypeError("Voxels are not held as the bits of a float16.");
  return array;
}
