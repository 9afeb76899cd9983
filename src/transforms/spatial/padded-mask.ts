import { type DType, isFloatingPoint, itemSize } from "../../torch/index.ts";
import { warnOnce } from "../../utils/warnings.ts";
import type { ImagePlace, TransformOptions } from "../base.ts";
import type { ImageLike } from "../types.ts";
import { fillValue } from "./extent.ts";
import type { ExtentStep } from "./step.ts";

/**
 * Masks are padded as images are, as in TorchIO. Where that gives voxels a label that are not there, it is said: a mean is no label.
 * @param include the images that the transform names, where it does: a mask among them is meant.
 * @throws ImageError when the mask cannot hold the value.
 */
export function checkPadding(
  { kind, tensor }: ImageLike,
  { mode }: ExtentStep,
  place: ImagePlace,
  include: TransformOptions["include"],
): void {
  if (kind === "scalar") return;
  const value = fillValue(tensor, mode);
  if (value === null || Math.trunc(value) === 0) return;
  const instead = "Name the images that are to be padded so with 'include', and pad masks with 0";
  if (!isHeld(value, tensor.dtype)) {
    throw place.error(`is a mask of ${tensor.dtype}, and cannot be padded with ${value}. ${instead}.`);
  }
  if (include?.includes(place.name) === true) return;
  const { participantId, sessionId } = place.dataPoint;
  warnOnce(
    `padded mask ${place.what} ${place.name}`,
    `${place.what}: the mask '${place.name}' is padded with ${JSON.stringify(mode)}, so that voxels beyond its border get the label ${Math.trunc(value)} (in ${participantId}, ${sessionId}). ${instead}; or name the mask there, if it is meant.`,
  );
}

/** Whether a type holds a value, but for its fraction. */
function isHeld(value: number, dtype: DType): boolean {
  if (isFloatingPoint(dtype)) return true;
  if (dtype === "bool") return value === 1;
  const bits = 8 * itemSize(dtype);
  const [least, end] = dtype.startsWith("u") ? [0, 2 ** bits] : [-(2 ** (bits - 1)), 2 ** (bits - 1)];
  return value >= least && value < end;
}
