import type { ImageLike } from "../types.ts";
import type { Interpolation } from "./interpolation.ts";

/** The interpolation of an image, which is not that of masks. */
export function interpolationOf(
  { kind }: ImageLike,
  options: { readonly imageInterpolation: Interpolation; readonly labelInterpolation: Interpolation },
): Interpolation {
  return kind === "scalar" ? options.imageInterpolation : options.labelInterpolation;
}
