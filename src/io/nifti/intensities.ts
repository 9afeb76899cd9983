import type { Tensor } from "../../torch/index.ts";
import { ImageError } from "../../utils/exceptions.ts";
import type { NiftiContent } from "./content.ts";
import type { NiftiDType } from "./datatypes.ts";
import { fill, makeTarget, UNSCALED } from "./voxels.ts";

/** Types with integers that float32 may change. */
const WIDE: ReadonlySet<NiftiDType> = new Set(["int32", "uint32", "int64", "uint64", "float64"]);

/**
 * The voxels as float32; as float64 where the file holds integers that float32 would change. A fraction is rounded to
 * float32 as measurements always are, and so is what an uneven scaling makes.
 */
export function readIntensities(content: NiftiContent): Tensor {
  const { dtype, scaling } = content.header;
  const { slope, inter } = scaling ?? UNSCALED;
  const isWhole = Number.isInteger(slope) && Number.isInteger(inter);
  const mayBeLarge = isWhole && (WIDE.has(dtype) || scaling !== null);
  content.requireWhole();
  const narrow = filled(content, "float32", mayBeLarge ? "checked" : "values");
  return narrow ?? filled(content, "float64", "values") ?? refuse(content.path, "inexact");
}

/** @returns null where the type does not hold the file's integers. */
function filled(content: NiftiContent, dtype: "float32" | "float64", rule: "values" | "checked"): Tensor | null {
  const target = makeTarget(content, dtype);
  try {
    const found = fill(content, target, rule);
    if (found === null) return target;
    if (found !== "inexact") refuse(content.path, found);
  } catch (error) {
    target.dispose();
    throw error;
  }
  target.dispose();
  return null;
}

export function refuse(path: string, value: number | bigint | string): never {
  throw new ImageError(
    `${path} holds the integer ${value}, which is beyond 2^53 and would change in an image. Read it as a mask, which keeps 64-bit integers, or number its regions anew.`,
  );
}
