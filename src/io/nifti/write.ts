import { gzipSync } from "node:zlib";
import { ImageError } from "../../utils/exceptions.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { spacingOf } from "./affine.ts";
import { DATA_TYPES, type NiftiDType } from "./datatypes.ts";
import { toFileOrder } from "./reorder.ts";

export interface NiftiToWrite {
  /** z fastest, channel by channel: what `readNifti` or `readNiftiLabels` gives. */
  readonly data: ArrayLike<number> | BigInt64Array;
  /** Voxels along x, y, z. */
  readonly shape: readonly [number, number, number];
  /** Default 1. */
  readonly channels?: number;
  /** Voxel indices → millimetres (RAS+), 4×4 row-major. */
  readonly affine: ArrayLike<number>;
  /** How voxels are stored. For integers, fractions are rounded. Default "float32". */
  readonly dtype?: Exclude<NiftiDType, "uint64">;
  /** gzip's effort for `.nii.gz`, 1 (fast) to 9. Default 1, as nibabel. */
  readonly level?: number;
}

const HEADER_AND_EXTENSION = 352;
const INTEGER_RANGES: Readonly<Record<string, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
  uint32: [0, 4294967295],
  int32: [-2147483648, 2147483647],
};

/**
 * Writes a NIfTI-1 file, atomically; packed if the name ends in `.gz`. The affine goes to the sform (code 2, "aligned").
 * @throws ImageError when sizes disagree, or a value does not fit the integer type.
 * @example
 * ```ts
 * const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
 * writeNifti("labels.nii.gz", { data: new Uint8Array(8).fill(2), shape: [2, 2, 2], affine, dtype: "uint8" });
 * console.log(readNiftiHeader("labels.nii.gz").dtype, readNiftiLabels("labels.nii.gz").data[0]); // → uint8 2
 * ```
 */
export function writeNifti(path: string, image: NiftiToWrite): void {
  const { data, shape, channels = 1, affine, dtype = "float32", level = 1 } = image;
  const count = shape[0] * shape[1] * shape[2] * channels;
  if (data.length !== count) {
    throw new ImageError(`${path}: ${shape.join("×")}×${channels} voxels are ${count} values, got ${data.length}.`);
  }
  if (affine.length !== 16) throw new ImageError(`${path}: an affine has 16 numbers, got ${affine.length}.`);
  if ([...shape, channels].some((n) => n < 1 || n > 32767)) {
    throw new ImageError(
      `${path}: NIfTI-1 holds 1 to 32767 voxels along a direction, got ${[...shape, channels].join("×")}.`,
    );
  }
  const { code, bytes: size, view } = DATA_TYPES[dtype];
  // Node writes and packs less than that at a time
  if (HEADER_AND_EXTENSION + count * size >= 2 ** 31) {
    throw new ImageError(
      `${path}: ${count} voxels of ${dtype} are ${count * size} bytes; less than 2 GiB can be written.`,
    );
  }
  const file = Buffer.alloc(HEADER_AND_EXTENSION + count * size);
  const header = new DataView(file.buffer, file.byteOffset, HEADER_AND_EXTENSION);
  header.setInt32(0, 348, true);
  const dim = channels > 1 ? [4, ...shape, channels] : [3, ...shape];
  for (let i = 0; i < 8; i++) header.setInt16(40 + 2 * i, dim[i] ?? 1, true);
  header.setInt16(70, code, true);
  header.setInt16(72, size * 8, true);
  [1, ...spacingOf(Float64Array.from(affine)), 1, 1, 1, 1].forEach((value, i) => {
    header.setFloat32(76 + 4 * i, value, true);
  });
  header.setFloat32(108, HEADER_AND_EXTENSION, true);
  header.setFloat32(112, 1, true);
  // millimetres and seconds
  header.setUint8(123, 2 | 8);
  header.setInt16(254, 2, true);
  for (let i = 0; i < 12; i++) header.setFloat32(280 + 4 * i, affine[i] ?? 0, true);
  file.write("n+1\0", 344, "latin1");

  const voxels = view(file.buffer, file.byteOffset + HEADER_AND_EXTENSION, count);
  if (voxels instanceof BigInt64Array)
    toFileOrder<number | bigint, BigInt64Array>(data, voxels, shape, channels, toBig(path));
  else if (!(voxels instanceof BigUint64Array)) {
    const convert = converter(dtype, path);
    toFileOrder<number | bigint, typeof voxels>(data, voxels, shape, channels, (value) => convert(Number(value)));
  }
  writeFileAtomic(path, path.endsWith(".gz") ? gzipSync(file, { level }) : file);
}

function toBig(path: string): (value: number | bigint) => bigint {
  return (value) => {
    if (typeof value === "bigint") return value;
    const rounded = Math.round(value);
    if (rounded >= -(2 ** 63) && rounded < 2 ** 63) return BigInt(rounded);
    throw new ImageError(`${path}: the value ${value} does not fit int64. Choose another dtype.`);
  };
}

function converter(dtype: NiftiDType, path: string): (value: number) => number {
  const range = INTEGER_RANGES[dtype];
  if (range === undefined) return (value) => value;
  return (value) => {
    const rounded = Math.round(value);
    if (!(rounded >= range[0] && rounded <= range[1])) {
      throw new ImageError(
        `${path}: the value ${value} does not fit ${dtype} (${range[0]} to ${range[1]}). Choose another dtype.`,
      );
    }
    return rounded;
  };
}
