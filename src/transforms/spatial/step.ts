import type { Tensor } from "../../torch/index.ts";
import { shiftOrigin } from "../affine.ts";
import type { ImagePlace } from "../base.ts";
import { type Rearrangement, rearranged } from "../reorient.ts";
import { type Grid, mapTo } from "../resampling/grid.ts";
import type { Interpolations } from "../resampling/interpolation.ts";
import type { Sampling } from "../resampling/resample.ts";
import type { ImageLike } from "../types.ts";
import { type PaddingMode, withExtent } from "./extent.ts";

/** The voxels that there are: along each axis from voxel `start` of those before (negative: before the first), `size` of them. */
export interface ExtentStep {
  readonly kind: "extent";
  readonly start: readonly number[];
  readonly size: readonly number[];
  /** What those hold that were not there. */
  readonly mode: PaddingMode;
}

/** The axes in another order or direction. */
export interface AxesStep extends Rearrangement, Pick<Grid, "affine"> {
  readonly kind: "axes";
}

/** Voxels that lie elsewhere, between those before. */
export interface SamplingStep extends Pick<Grid, "affine">, Pick<Sampling, "shape" | "map"> {
  readonly kind: "sampling";
  /** What is added to the place of each voxel, in voxels of those before: (3, …shape), float64. Null: nothing. */
  readonly displacement: Tensor | null;
  readonly interpolations: Interpolations;
  /** The value where the image is not, from its voxels: one, or one for each channel. Null: no voxel comes to lie there. */
  readonly outside: ((image: ImageLike) => number | readonly number[]) | null;
}

/** What a spatial transform does to the grid of an image: it follows from the grid and what was drawn, not from the voxels. */
export type Step = ExtentStep | AxesStep | SamplingStep;

/** A step after which each voxel is one that was there, or padding. */
export type AlignedStep = ExtentStep | AxesStep;

/** The grid after a step. */
export function gridAfter({ shape, affine }: Grid, step: Step): Grid {
  switch (step.kind) {
    case "extent":
      return { shape: triple((axis) => step.size[axis] ?? 1), affine: shiftOrigin(affine, step.start) };
    case "axes":
      return { shape: triple((axis) => shape[step.order[axis] ?? axis] ?? 1), affine: step.affine };
    case "sampling":
      return step;
  }
}

/** From the voxel indices after a step to those before, without displacements: 4×4 row-major. */
export function mapOf({ shape }: Grid, step: Step): Float64Array {
  if (step.kind === "sampling") return step.map;
  const map = new Float64Array(16);
  map[15] = 1;
  for (const axis of [0, 1, 2]) {
    if (step.kind === "extent") {
      map[axis * 4 + axis] = 1;
      map[axis * 4 + 3] = step.start[axis] ?? 0;
      continue;
    }
    const old = step.order[axis] ?? axis;
    const backwards = step.flipped.includes(old);
    map[old * 4 + axis] = backwards ? -1 : 1;
    map[old * 4 + 3] = backwards ? (shape[old] ?? 1) - 1 : 0;
  }
  return map;
}

/** Voxels (C, D, H, W) after a step that samples none. @param mode of padding; by default, that of the step. */
export function aligned(voxels: Tensor, step: AlignedStep, mode?: PaddingMode): Tensor {
  switch (step.kind) {
    case "extent":
      return withExtent(voxels, step.start, step.size, mode ?? step.mode);
    case "axes":
      return rearranged(voxels, step);
  }
}

/** Whether there are voxels after a step which were not there before. */
export function pads({ shape }: Grid, step: Step): boolean {
  if (step.kind !== "extent") return false;
  return step.start.some((first, axis) => first < 0 || first + (step.size[axis] ?? 1) > (shape[axis] ?? 1));
}

/** From one grid to another. @throws ImageError as {@link mapTo} */
export function samplingOf(
  to: Grid,
  from: Grid,
  how: Pick<SamplingStep, "interpolations" | "outside">,
  place: ImagePlace,
): SamplingStep {
  const { shape, affine } = to;
  return { kind: "sampling", shape, affine, map: mapTo(to, from, place), displacement: null, ...how };
}

function triple(of: (axis: 0 | 1 | 2) => number): [number, number, number] {
  return [of(0), of(1), of(2)];
}
