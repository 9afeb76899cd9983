import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { product } from "../affine.ts";
import type { Grid } from "../resampling/grid.ts";
import { aligned, gridAfter, mapOf, pads, type SamplingStep, type Step } from "./step.ts";

/** Where the voxels of a grid lie in an image of which they are still to be sampled. */
export interface Places {
  readonly grid: Grid;
  /** From the voxel indices of the grid to those of the image, 4×4 row-major. */
  readonly map: Float64Array;
  /** What is added to each place, in voxels of the image: (3, …shape), float64. Null: nothing. */
  readonly displacement: Tensor | null;
  /** How many steps led here. */
  readonly steps: number;
  /**
   * (1, …shape), float32: the number of the step that brought a voxel in from outside of a grid on the way, so that it has no place in the image; 0 for
   * those that have. Null: all have.
   */
  readonly beyond: Tensor | null;
}

/** After the first step that samples. What lies outside of the image itself is known when it is sampled: it needs no number. */
export function firstPlaces(step: SamplingStep): Places {
  return { grid: step, map: step.map, displacement: step.displacement, steps: 1, beyond: null };
}

/** After one more step: the places of the places. */
export function placesAfter(places: Places, step: Step): Places {
  const { grid, map, steps } = places;
  const moved = step.kind === "sampling" ? sampledAt(places, step) : alignedWith(places, step);
  return { ...moved, grid: gridAfter(grid, step), map: product(map, mapOf(grid, step)), steps: steps + 1 };
}

type Moved = Pick<Places, "displacement" | "beyond">;

function alignedWith({ grid, displacement, steps, beyond }: Places, step: Exclude<Step, SamplingStep>): Moved {
  const known = beyond ?? (pads(grid, step) ? nowhere(grid) : null);
  return {
    displacement: displacement && aligned(displacement, step, 0),
    beyond: known && aligned(known, step, steps),
  };
}

/** Of the displacements, those at the new places are found by linear interpolation; the new ones are turned and scaled as the map does. */
function sampledAt({ grid, map, displacement, steps, beyond }: Places, step: SamplingStep): Moved {
  const at = (values: Tensor, interpolation: "linear" | "nearest", outside: readonly number[] | null): Tensor =>
    torch.resampleVoxels(values, {
      shape: step.shape,
      map: step.map,
      displacement: step.displacement && perVoxel(step.displacement),
      interpolation,
      outside,
    });
  const carried = displacement && at(displacement, "linear", null);
  const added = step.displacement && turned(step.displacement, map);
  const known = beyond ?? (step.outside !== null && mayLeave(grid, step) ? nowhere(grid) : null);
  return {
    displacement: carried && added ? carried.add(added) : (carried ?? added),
    beyond: known && at(known, "nearest", step.outside && [steps]),
  };
}

/** (3, …shape), as (…shape, 3). */
export function perVoxel(displacement: Tensor): Tensor {
  return displacement.permute([1, 2, 3, 0]).contiguous();
}

function turned(displacement: Tensor, map: Float64Array): Tensor {
  const linear = Float64Array.from([0, 1, 2, 4, 5, 6, 8, 9, 10], (i) => map[i] ?? 0);
  return torch
    .fromTypedArray(linear, [3, 3])
    .matmul(displacement.reshape([3, -1]))
    .reshape(displacement.shape);
}

function nowhere({ shape }: Grid): Tensor {
  return torch.zeros([1, ...shape]);
}

/** Whether a voxel may come from outside of a grid. What is displaced may; what is not, does if one of the corners does. */
function mayLeave({ shape }: Grid, { shape: size, map, displacement }: SamplingStep): boolean {
  if (displacement !== null) return true;
  return [0, 1, 2].some((row) => {
    const [start = 0, ...steps] = [map[row * 4 + 3], ...[0, 1, 2].map((axis) => map[row * 4 + axis] ?? 0)];
    const ends = steps.map((step, axis) => step * ((size[axis] ?? 1) - 1));
    const least = ends.reduce((sum, end) => sum + Math.min(end, 0), start);
    const most = ends.reduce((sum, end) => sum + Math.max(end, 0), start);
    return least < 0 || most > (shape[row] ?? 1) - 1;
  });
}
