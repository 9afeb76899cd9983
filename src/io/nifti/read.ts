import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { ImageError } from "../../utils/exceptions.ts";
import { DATA_TYPES, type NiftiDType, type VoxelArray } from "./datatypes.ts";
import { gunzip, gunzipStart, isGzip } from "./gunzip.ts";
import { HEADER_BYTES, type NiftiHeader, readHeader } from "./header.ts";
import { toTorchOrder } from "./reorder.ts";

/** An image in memory. */
export interface NiftiImage {
  /** Real values (scaled), channel by channel, z fastest: as a contiguous tensor (C, D, H, W) = (channels, x, y, z). */
  readonly data: Float32Array;
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
 * Reads a `.nii` or `.nii.gz` (whatever its name), NIfTI-1 or 2, of either byte order.
 * @throws ImageError naming the file: missing, not NIfTI, truncated (with the bytes expected and got), damaged.
 */
export function readNifti(path: string): NiftiImage {
  const file = readBytes(path);
  const bytes = isGzip(file) ? gunzip(file, path) : file;
  const header = readHeader(bytes, path);
  const voxels = voxelsOf(bytes, header, path);
  return {
    data: toTorchOrder(voxels, header.shape, header.channels, header.scaling),
    shape: header.shape,
    channels: header.channels,
    affine: header.affine,
    dtype: header.dtype,
  };
}

/** Reads only what a file says of itself: shape, affine, type. Of a plain `.nii` only the first bytes are read. */
export function readNiftiHeader(path: string): NiftiHeader {
  const start = readBytes(path, 16 * 1024);
  return readHeader(isGzip(start) ? gunzipStart(start, path).subarray(0, HEADER_BYTES) : start, path);
}

function readBytes(path: string, atMost?: number): Buffer {
  try {
    if (atMost === undefined) return readFileSync(path);
    const file = openSync(path, "r");
    try {
      const buffer = Buffer.alloc(atMost);
      return buffer.subarray(0, readSync(file, buffer, 0, atMost, 0));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === "ENOENT" ? "there is no such file" : (error as Error).message;
    throw new ImageError(`Cannot read the image ${path}: ${why}.`, { cause: error });
  }
}

function voxelsOf(bytes: Uint8Array, header: NiftiHeader, path: string): VoxelArray {
  const { bytes: size, view } = DATA_TYPES[header.dtype];
  const available = bytes.length - header.offset;
  if (available < header.byteLength) {
    throw new ImageError(
      `${path} is truncated: ${header.shape.join("×")}${header.channels > 1 ? `×${header.channels}` : ""} voxels of ${header.dtype} need ${header.byteLength} bytes, got ${Math.max(available, 0)}. Copy or download it again.`,
    );
  }
  const swap = size > 1 && !header.littleEndian;
  const at = bytes.byteOffset + header.offset;
  if (!swap && at % size === 0) return view(bytes.buffer, at, header.byteLength / size);
  const copy = Buffer.from(
    Uint8Array.prototype.slice.call(bytes, header.offset, header.offset + header.byteLength).buffer,
  );
  if (swap) {
    if (size === 2) copy.swap16();
    else if (size === 4) copy.swap32();
    else copy.swap64();
  }
  return view(copy.buffer, copy.byteOffset, header.byteLength / size);
}
