import { ImageError } from "../../utils/exceptions.ts";
import { checkedAffine } from "./affine.ts";
import { DATA_TYPES, type NiftiDType } from "./datatypes.ts";
import type { NiftiHeader } from "./header.ts";

/** Where the voxels begin. What FreeSurfer writes behind them is not read. */
const OFFSET = 284;
/** The fields that are read end here. */
const HEADER_END = 90;

const TYPES: ReadonlyMap<number, NiftiDType> = new Map([
  [0, "uint8"],
  [1, "int32"],
  [3, "float32"],
  [4, "int16"],
  [10, "uint16"],
]);
const UNREADABLE: ReadonlyMap<number, string> = new Map([
  [2, "long"],
  [5, "bitmap"],
  [6, "tensor"],
  [7, "float complex"],
  [8, "double complex"],
  [9, "RGB"],
]);

/** FreeSurfer's files are big-endian and begin with their version, 1; no NIfTI file begins with it. */
export function isMgh(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0 && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 1;
}

/**
 * Reads the header of a `.mgh` or, unpacked, of a `.mgz`. Without valid coordinates (`goodRASFlag` 0) the image is coronal
 * with voxels of 1 mm around the centre, as FreeSurfer has it.
 * @throws ImageError naming the file and what is wrong with it.
 */
export function readMghHeader(bytes: Uint8Array, path: string): NiftiHeader {
  if (bytes.length < HEADER_END) {
    throw new ImageError(
      `${path} is truncated: its header needs ${OFFSET} bytes, the file holds ${bytes.length}. Copy or download it again.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dims = [4, 8, 12, 16].map((at) => view.getInt32(at, false));
  const wrong = dims.findIndex((n) => n < 1);
  if (wrong !== -1) {
    const name = ["width", "height", "depth", "nframes"][wrong];
    throw new ImageError(`${path}: ${name}, a number of voxels, is ${dims[wrong]}. The header is damaged.`);
  }
  const code = view.getInt32(20, false);
  const dtype = TYPES.get(code);
  if (dtype === undefined) {
    throw new ImageError(
      `${path} holds voxels of type ${code} (${UNREADABLE.get(code) ?? "unknown"}), which cannot be read. Accepted are ${[...TYPES.values()].join(", ")}.`,
    );
  }
  const [x = 1, y = 1, z = 1, frames = 1] = dims;
  const byteLength = dims.reduce((product, n) => product * n, DATA_TYPES[dtype].bytes);
  if (!Number.isSafeInteger(byteLength)) {
    throw new ImageError(`${path} has impossible dimensions: [${dims.join(", ")}]. The header is damaged.`);
  }
  return {
    shape: [x, y, z],
    channels: frames,
    dtype,
    littleEndian: false,
    offset: OFFSET,
    byteLength,
    scaling: null,
    affine: placeOf(view, [x, y, z], path),
  };
}

/** Coronal, as FreeSurfer takes an image that does not say: x to the left, y down, z forward. */
const CORONAL = { delta: [1, 1, 1], cosines: [-1, 0, 0, 0, 0, -1, 0, 1, 0], center: [0, 0, 0] };

function placeOf(view: DataView, shape: readonly [number, number, number], path: string): Float64Array {
  const floats = (at: number, n: number): number[] =>
    Array.from({ length: n }, (_, i) => view.getFloat32(at + 4 * i, false));
  const said = { delta: floats(30, 3), cosines: floats(42, 9), center: floats(78, 3) };
  const { delta, cosines, center } = view.getInt16(28, false) === 0 ? CORONAL : said;
  const affine = new Float64Array(16);
  for (let row = 0; row < 3; row++) {
    let half = 0;
    for (let column = 0; column < 3; column++) {
      // in float32, as nibabel has it; cosines are stored axis by axis
      const step = Math.fround((cosines[column * 3 + row] ?? 0) * (delta[column] ?? 1));
      affine[row * 4 + column] = step;
      half += step * (shape[column] ?? 1);
    }
    affine[row * 4 + 3] = (center[row] ?? 0) - half / 2;
  }
  affine[15] = 1;
  try {
    return checkedAffine(affine, "delta, the direction cosines and the centre", [...delta, ...cosines, ...center]);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ImageError(`${path}: ${error.message}. The header is damaged.`, { cause: error });
  }
}
