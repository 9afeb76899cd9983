import { z } from "zod";

/** How values between voxels are found: TorchIO's names. `bspline` and `cubic` are the same, the last five are windowed sines. */
const NAMES = [
  "nearest",
  "linear",
  "bspline",
  "cubic",
  "gaussian",
  "label_gaussian",
  "hamming",
  "cosine",
  "welch",
  "lanczos",
  "blackman",
] as const;

export type Interpolation = (typeof NAMES)[number];

/** An interpolation, as an option. */
export const interpolation = z.enum(NAMES);

/** The options that most transforms have which interpolate. */
export const interpolations = {
  /** How images are interpolated; default "linear". */
  imageInterpolation: interpolation.default("linear"),
  /** How masks are interpolated; default "nearest". */
  labelInterpolation: interpolation.default("nearest"),
};

/** As they are given. */
export interface Interpolations {
  readonly imageInterpolation: Interpolation;
  readonly labelInterpolation: Interpolation;
}

/** Whether only values come out that went in, as labels need it. */
export function keepsValues(name: Interpolation): boolean {
  return name === "nearest" || name === "label_gaussian";
}
