import { ImageError } from "../../utils/exceptions.ts";
import { affineOf, type Orientation } from "./affine.ts";
import { DATA_TYPES, dtypeOfCode, type NiftiDType, UNREADABLE_TYPES } from "./datatypes.ts";

/** What a NIfTI file says before its voxels. */
export interface NiftiHeader {
  /** Voxels along x, y, z. */
  readonly shape: readonly [number, number, number];
  /** The size of the fourth dimension; 1 for a volume. */
  readonly channels: number;
  readonly dtype: NiftiDType;
  readonly littleEndian: boolean;
  /** Where the voxels begin, in bytes. */
  readonly offset: number;
  /** The number of bytes of the voxels. */
  readonly byteLength: number;
  /** Stored value → real value: `slope * stored + inter`; null where there is nothing to scale. */
  readonly scaling: { readonly slope: number; readonly inter: number } | null;
  /** Voxel indices → millimetres (RAS+), 4×4 row-major. */
  readonly affine: Float64Array;
}

/** Enough bytes for the header of either version. */
export const HEADER_BYTES = 540;

/**
 * Reads the header of NIfTI-1 (348 bytes) or NIfTI-2 (540).
 * @throws ImageError naming the file and what is wrong with it.
 */
export function readHeader(bytes: Uint8Array, path: string): NiftiHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) throw new ImageError(`${path} is not a NIfTI image: it holds ${bytes.length} bytes.`);
  const littleSize = view.getInt32(0, true);
  const bigSize = view.getInt32(0, false);
  const littleEndian = littleSize === 348 || littleSize === 540;
  const size = littleEndian ? littleSize : bigSize;
  if (size !== 348 && size !== 540) {
    throw new ImageError(
      `${path} is not a NIfTI image: its first four bytes are ${hex(bytes.subarray(0, 4))}, where the header's size (348 or 540) must be. Convert it to .nii or .nii.gz.`,
    );
  }
  if (bytes.length < size) {
    throw new ImageError(
      `${path} is truncated: its header needs ${size} bytes, the file holds ${bytes.length}. Copy or download it again.`,
    );
  }
  const fields = size === 348 ? readFields1(view, littleEndian) : readFields2(view, littleEndian);
  const magic = Buffer.from(bytes.subarray(...(size === 348 ? [344, 347] : [4, 7]))).toString("latin1");
  if (magic === "ni1" || magic === "ni2") {
    throw new ImageError(`${path} is the header of a .hdr/.img pair. Convert it to a single .nii or .nii.gz file.`);
  }
  if (magic !== "n+1" && magic !== "n+2") {
    throw new ImageError(
      `${path} is not a NIfTI image: its magic bytes are ${hex(Buffer.from(magic, "latin1"))}, not 'n+1' or 'n+2'.`,
    );
  }
  return interpret(fields, littleEndian, path);
}

interface Fields extends Orientation {
  /** The number of dimensions, then their sizes. */
  readonly dim: readonly number[];
  readonly datatype: number;
  readonly voxOffset: number;
  readonly slope: number;
  readonly inter: number;
}

function readFields1(view: DataView, little: boolean): Fields {
  const floats = (at: number, n: number): number[] =>
    Array.from({ length: n }, (_, i) => view.getFloat32(at + 4 * i, little));
  return {
    dim: Array.from({ length: 8 }, (_, i) => view.getInt16(40 + 2 * i, little)),
    datatype: view.getInt16(70, little),
    pixdim: floats(76, 8),
    voxOffset: view.getFloat32(108, little),
    slope: view.getFloat32(112, little),
    inter: view.getFloat32(116, little),
    qformCode: view.getInt16(252, little),
    sformCode: view.getInt16(254, little),
    quaternion: floats(256, 3) as [number, number, number],
    qoffset: floats(268, 3) as [number, number, number],
    srow: floats(280, 12),
  };
}

function readFields2(view: DataView, little: boolean): Fields {
  const doubles = (at: number, n: number): number[] =>
    Array.from({ length: n }, (_, i) => view.getFloat64(at + 8 * i, little));
  const long = (at: number): number => Number(view.getBigInt64(at, little));
  return {
    dim: Array.from({ length: 8 }, (_, i) => long(16 + 8 * i)),
    datatype: view.getInt16(12, little),
    pixdim: doubles(104, 8),
    voxOffset: long(168),
    slope: view.getFloat64(176, little),
    inter: view.getFloat64(184, little),
    qformCode: view.getInt32(344, little),
    sformCode: view.getInt32(348, little),
    quaternion: doubles(352, 3) as [number, number, number],
    qoffset: doubles(376, 3) as [number, number, number],
    srow: doubles(400, 12),
  };
}

function interpret(fields: Fields, littleEndian: boolean, path: string): NiftiHeader {
  const [ndim = 0, ...sizes] = fields.dim;
  const dims = sizes.slice(0, ndim);
  if (ndim < 1 || ndim > 7 || dims.some((n) => !Number.isSafeInteger(n) || n < 1)) {
    throw new ImageError(`${path} has impossible dimensions: [${fields.dim.join(", ")}]. The header is damaged.`);
  }
  const [x = 1, y = 1, z = 1, t = 1, u = 1, ...rest] = dims;
  if ((t > 1 && u > 1) || rest.some((n) => n > 1)) {
    throw new ImageError(
      `${path} has dimensions [${dims.join(", ")}]; at most one beyond x, y, z can be read. Split it into volumes.`,
    );
  }
  const dtype = dtypeOfCode(fields.datatype);
  if (dtype === undefined) {
    const name = UNREADABLE_TYPES[fields.datatype] ?? "unknown";
    throw new ImageError(
      `${path} holds voxels of type ${fields.datatype} (${name}), which cannot be read. Accepted are ${Object.keys(DATA_TYPES).join(", ")}.`,
    );
  }
  const { slope, inter } = fields;
  const scaled = Number.isFinite(slope) && slope !== 0;
  if (scaled && !Number.isFinite(inter)) {
    throw new ImageError(`${path} has scl_slope ${slope} but scl_inter ${inter}. The header is damaged.`);
  }
  if (!Number.isFinite(fields.voxOffset) || fields.voxOffset < 0) {
    throw new ImageError(`${path} has vox_offset ${fields.voxOffset}. The header is damaged.`);
  }
  const shape: [number, number, number] = [x, y, z];
  return {
    shape,
    channels: t * u,
    dtype,
    littleEndian,
    offset: Math.floor(fields.voxOffset),
    byteLength: x * y * z * t * u * DATA_TYPES[dtype].bytes,
    scaling: scaled && !(slope === 1 && inter === 0) ? { slope, inter } : null,
    affine: affineOf(fields, shape),
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/(..)(?=.)/g, "$1 ");
}
