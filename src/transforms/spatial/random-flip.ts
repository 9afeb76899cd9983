import { z } from "zod";
import { orientationOf } from "../affine.ts";
import { randomConfig } from "../base.ts";
import { type Grid, gridOf } from "../resampling/grid.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { randomSpatial } from "./spatial-transform.ts";

const axis = z.union([z.literal(0), z.literal(1), z.literal(2)]);
const anatomical = z.enum(["LR", "PA", "IS"]);
const WORLD = { LR: 0, PA: 1, IS: 2 } as const;

/**
 * Flips images and masks together along `axes`, each with `flipProbability`: voxel axes 0, 1, 2 (default 0), or `"LR"`, `"PA"`, `"IS"`
 * for the axes that run that way. The affine stays, as in TorchIO's `RandomFlip`.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ augmentations: [new RandomFlipConfig({ axes: [0], flipProbability: 0.5 })] });
 * console.log(sample.history.map(({ name_ }) => name_)); // → [ 'RandomFlip' ]
 * ```
 */
export class RandomFlipConfig
  extends randomConfig("RandomFlip", {
    /** Voxel axes 0, 1, 2, or "LR", "PA", "IS" for those that run that way: one, or several; default 0. */
    axes: z.union([axis, z.array(axis).min(1), anatomical, z.array(anatomical).min(1)]).default(0),

    /** How likely each of them is flipped, from 0 to 1; default 0.5. */
    flipProbability: z.number().min(0).max(1).default(0.5),
  })
  implements TransformConfig
{
  getObject(): Transform {
    const wanted = [this.axes].flat();
    const flippedOf = (grid: Grid, drawn: Drawn): number[] =>
      drawn.flipped.filter((voxelAxis) => isWanted(grid, voxelAxis, wanted));
    return randomSpatial(this, {
      drawn: z.strictObject({ flipped: z.array(axis) }),
      // three draws whatever the axes, so that the rest of the stream does not depend on them
      draw: (rng) => ({ flipped: ([0, 1, 2] as const).filter(() => rng.uniform() < this.flipProbability) }),
      step: (grid, drawn) => {
        const flipped = flippedOf(grid, drawn);
        return flipped.length === 0 ? null : { kind: "axes", order: [0, 1, 2], flipped, affine: grid.affine };
      },
      undo: (image, drawn) => {
        const flipped = flippedOf(gridOf(image), drawn);
        image.tensor = image.tensor.flip(flipped.map((voxelAxis) => voxelAxis + 1));
      },
    });
  }
}

interface Drawn {
  readonly flipped: readonly number[];
}

function isWanted({ affine }: Grid, voxelAxis: number, wanted: readonly (number | "LR" | "PA" | "IS")[]): boolean {
  return wanted.some((a) =>
    typeof a === "number" ? a === voxelAxis : orientationOf(affine)[voxelAxis]?.world === WORLD[a],
  );
}
