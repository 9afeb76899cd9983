import type { ImageLike } from "../types.ts";
import type { Interpolation, Interpolations } from "./interpolation.ts";

/** The interpolation of an image, which is not that of masks. */
export function interpolationOf({ kind }: ImageLike, options: Interpolations): Interpolation {
  return kind === "scalar" ? options.imageInterpolation : options.labelInterpolation;
}
