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
  /** Whether the voxels are in a file of their own: `.hdr` and `.img`. Default false. */
  readonly isPair?: boolean;
}

/** Enough bytes for the header of either version, and the flag of its extensions. */
export const HEADER_BYTES = 544;

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
  const isPair = magic === "ni1" || magic === "ni2";
  if (!isPair && magic !== "n+1" && magic !== "n+2") throw noMagic(magic, path);
  // a pair has its extensions in the file of the header
  const extended = !isPair && (bytes[size] ?? 0) !== 0;
  return interpret(fields, { littleEndian, smallestOffset: isPair ? 0 : size + 4, extended, isPair }, path);
}

function noMagic(magic: string, path: string): ImageError {
  if (/^\0*$/.test(magic) && /\.(hdr|img)(\.gz)?$/i.test(path)) {
    return new ImageError(
      `${path} seems to be an Analyze image (its magic bytes are 0), which does not say where left and right are. Convert it to .nii with a program that is told so.`,
    );
  }
  return new ImageError(
    `${path} is not a NIfTI image: its magic bytes are ${hex(Buffer.from(magic, "latin1"))}, not 'n+1' or 'n+2'.`,
  );
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

interface Layout {
  readonly littleEndian: boolean;
  /** Where voxels can begin at the earliest. */
  readonly smallestOffset: number;
  /** Whether there are extensions between the header and the voxels. */
  readonly extended: boolean;
  readonly isPair: boolean;
}

function interpret(fields: Fields, layout: Layout, path: string): NiftiHeader {
  const dims = dimensionsOf(fields.dim, path);
  const [x = 1, y = 1, z = 1, t = 1, u = 1] = dims;
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
  const byteLength = dims.reduce((product, n) => product * n, DATA_TYPES[dtype].bytes);
  if (!Number.isSafeInteger(byteLength)) {
    throw new ImageError(`${path} has impossible dimensions: [${dims.join(", ")}]. The header is damaged.`);
  }
  const shape: [number, number, number] = [x, y, z];
  return {
    shape,
    channels: t * u,
    dtype,
    littleEndian: layout.littleEndian,
    offset: offsetOf(fields.voxOffset, layout, path),
    byteLength,
    scaling: scaled && !(slope === 1 && inter === 0) ? { slope, inter } : null,
    affine: placeOf(fields, dims, path),
    ...(layout.isPair ? { isPair: true } : {}),
  };
}

function dimensionsOf(dim: readonly number[], path: string): number[] {
  const [ndim = 0, ...sizes] = dim;
  if (!(ndim >= 1 && ndim <= 7)) {
    throw new ImageError(`${path}: dim[0], the number of dimensions, is ${ndim}; 1 to 7 are possible.`);
  }
  const dims = sizes.slice(0, ndim);
  const wrong = dims.findIndex((n) => !Number.isSafeInteger(n) || n < 1);
  if (wrong !== -1) {
    throw new ImageError(
      `${path}: dim[${wrong + 1}], the number of voxels along dimension ${wrong + 1}, is ${dims[wrong]}. The header is damaged.`,
    );
  }
  const [, , , t = 1, u = 1, ...rest] = dims;
  if ((t > 1 && u > 1) || rest.some((n) => n > 1)) {
    throw new ImageError(
      `${path} has dimensions [${dims.join(", ")}]; at most one beyond x, y, z can be read. Split it into volumes.`,
    );
  }
  return dims;
}

/** Where the voxels begin. As nibabel, but that 0, which means "not said", is not taken for the first byte of the header. */
function offsetOf(voxOffset: number, { smallestOffset, extended, isPair }: Layout, path: string): number {
  if (voxOffset === 0 && !extended) return smallestOffset;
  const offset = Math.floor(voxOffset);
  if (Number.isSafeInteger(offset) && offset >= smallestOffset) return offset;
  if (isPair) {
    throw new ImageError(
      `${path} has vox_offset ${voxOffset}: the voxels of a pair begin at byte 0 or later. The header is damaged.`,
    );
  }
  throw new ImageError(
    `${path} has vox_offset ${voxOffset}: in a single file voxels begin at byte ${smallestOffset} or later${extended && voxOffset === 0 ? ", after the extensions that it has" : ""}. The header is damaged.`,
  );
}

function placeOf(fields: Fields, dims: readonly number[], path: string): Float64Array {
  try {
    return affineOf(fields, dims.slice(0, 3));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ImageError(
      `${path}: ${error.message}. The header is damaged: write it anew with the right orientation.`,
      {
        cause: error,
      },
    );
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/(..)(?=.)/g, "$1 ");
}
