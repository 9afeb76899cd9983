import { ImageError } from "../../utils/exceptions.ts";
import type { NiftiContent } from "./content.ts";
import type { NiftiDType, VoxelArray } from "./datatypes.ts";
import { type BigVoxels, type NumberVoxels, type Scaling, scaleInto } from "./reorder.ts";

/** float32 holds all integers to here. */
const EXACT_IN_FLOAT32 = 2 ** 24;
/** Types with integers that float32 may change. */
const WIDE: ReadonlySet<NiftiDType> = new Set(["int32", "uint32", "int64", "uint64", "float64"]);
const UNSCALED: Scaling = { slope: 1, inter: 0 };

/**
 * The voxels as float32; as float64 where the file holds integers that float32 would change. A fraction is rounded to
 * float32 as measurements always are, and so is what an uneven scaling makes.
 */
export function readIntensities(content: NiftiContent): Float32Array | Float64Array {
  const { header } = content;
  const scaling = header.scaling ?? UNSCALED;
  const isWhole = Number.isInteger(scaling.slope) && Number.isInteger(scaling.inter);
  const mayBeLarge = isWhole && (WIDE.has(header.dtype) || header.scaling !== null);
  const count = content.requireWhole();
  if (mayBeLarge && hasLargeIntegers(content, scaling)) return fill(content, new Float64Array(count), scaling);
  return fill(content, new Float32Array(count), scaling);
}

function fill<T extends Float32Array | Float64Array>(content: NiftiContent, target: T, scaling: Scaling): T {
  content.forEachSlab((voxels, slab) => scaleInto(asNumbers(voxels, content.path), target, slab, scaling));
  return target;
}

function hasLargeIntegers(content: NiftiContent, { slope, inter }: Scaling): boolean {
  let found = false;
  content.forEachSlab((voxels) => {
    found ||= changedByFloat32(asNumbers(voxels, content.path), slope, inter);
  });
  return found;
}

function changedByFloat32(voxels: NumberVoxels, slope: number, inter: number): boolean {
  for (let i = 0; i < voxels.length; i++) {
    const value = (voxels[i] as number) * slope + inter;
    if (Math.abs(value) > EXACT_IN_FLOAT32 && Math.fround(value) !== value && Number.isInteger(value)) return true;
  }
  return false;
}

/** 64-bit integers as float64, which holds them to 2⁵³. @throws ImageError naming a larger one. */
export function asNumbers(voxels: VoxelArray, path: string): NumberVoxels {
  if (!isBig(voxels)) return voxels;
  const numbers = new Float64Array(voxels.length);
  for (let i = 0; i < voxels.length; i++) {
    const value = Number(voxels[i]);
    if (!Number.isSafeInteger(value)) {
      throw new ImageError(
        `${path} holds the integer ${voxels[i]}, which is beyond 2^53 and would change in an image. Read it as a mask, which keeps 64-bit integers, or number its regions anew.`,
      );
    }
    numbers[i] = value;
  }
  return numbers;
}

export function isBig(voxels: VoxelArray): voxels is BigVoxels {
  return voxels instanceof BigInt64Array || voxels instanceof BigUint64Array;
}
