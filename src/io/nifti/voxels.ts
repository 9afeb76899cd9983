/** From the voxels of an open file to a tensor (channels, x, y, z). */
import * as torch from "../../torch/index.ts";
import { ImageError } from "../../utils/exceptions.ts";
import type { NiftiContent } from "./content.ts";

/** The types of tensors that voxels are held in. */
export type HeldType = "uint8" | "int8" | "int16" | "int32" | "int64" | "float32" | "float64";

export const UNSCALED = { slope: 1, inter: 0 };

/** @throws ImageError where there is not so much memory. */
export function makeTarget({ header, window, path }: NiftiContent, dtype: HeldType): torch.Tensor {
  const { shape, channels } = header;
  try {
    return torch.empty([channels, ...window.size], { dtype });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ImageError(
      `${path} does not fit into memory: ${shape.join("×")}×${channels} voxels of ${header.dtype} are ${header.byteLength} bytes (${why}). Crop it, or split it.`,
      { cause: error },
    );
  }
}

/**
 * Fills the target, in one pass over the file.
 * @returns null; "inexact" where the rule is "checked" and float32 changes an integer; else a value that the target cannot hold.
 */
export function fill(
  content: NiftiContent,
  target: torch.Tensor,
  rule: "values" | "checked" | "labels",
): "inexact" | number | bigint | null {
  const { dtype, littleEndian, scaling } = content.header;
  const shape = content.window.size;
  const volume = shape[0] * shape[1] * shape[2];
  let found: "inexact" | number | bigint | null = null;
  content.forEachSlab(({ bytes, begin, channel, firstPlane, planes, row, plane }) => {
    // a value is the worse finding: it is an error whatever the target
    if (found !== null && found !== "inexact") return;
    const place = { targetAt: channel * volume, shape, firstPlane, planes };
    const { slope, inter } = scaling ?? UNSCALED;
    const next = torch.decoding.voxelsInto({
      source: bytes,
      sourceAt: begin,
      sourceRow: row,
      sourcePlane: plane,
      stored: dtype,
      swap: !littleEndian,
      target,
      ...place,
      slope,
      inter,
      rule,
    });
    found = next ?? found;
  });
  return found;
}
