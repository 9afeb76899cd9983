import { z } from "zod";
import { orientationOf } from "../affine.ts";
import { randomConfig, randomTogether } from "../base.ts";
import type { ImageLike, Transform, TransformConfig } from "../types.ts";

const axis = z.union([z.literal(0), z.literal(1), z.literal(2)]);
const anatomical = z.enum(["LR", "PA", "IS"]);
const WORLD = { LR: 0, PA: 1, IS: 2 } as const;

/**
 * Flips images and masks together along `axes`, each with `flipProbability`: voxel axes 0, 1, 2 (default 0), or `"LR"`, `"PA"`, `"IS"`
 * for the axes that run that way. The affine stays, as in TorchIO's `RandomFlip`.
 */
export class RandomFlipConfig
  extends randomConfig("RandomFlip", {
    axes: z.union([axis, z.array(axis).min(1), anatomical, z.array(anatomical).min(1)]).default(0),
    flipProbability: z.number().min(0).max(1).default(0.5),
  })
  implements TransformConfig
{
  getObject(): Transform {
    const wanted = [this.axes].flat();
    const flip = (image: ImageLike, { flipped }: { readonly flipped: readonly number[] }): void => {
      const dims = flipped.filter((voxelAxis) => isWanted(image, voxelAxis, wanted)).map((a) => a + 1);
      if (dims.length > 0) image.tensor = image.tensor.flip(dims);
    };
    return randomTogether(this, "all", {
      drawn: z.strictObject({ flipped: z.array(axis) }),
      // three draws whatever the axes, so that the rest of the stream does not depend on them
      draw: (rng) => ({ flipped: ([0, 1, 2] as const).filter(() => rng.uniform() < this.flipProbability) }),
      change: flip,
      undo: flip,
    });
  }
}

function isWanted(image: ImageLike, voxelAxis: number, wanted: readonly (number | "LR" | "PA" | "IS")[]): boolean {
  return wanted.some((a) =>
    typeof a === "number" ? a === voxelAxis : orientationOf(image.affine)[voxelAxis]?.world === WORLD[a],
  );
}
