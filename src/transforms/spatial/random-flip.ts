import { z } from "zod";
import { configClass, type Input } from "../../utils/config.ts";
import { orientationOf } from "../affine.ts";
import { checkSelection, selectImages, selectionFields } from "../selection.ts";
import type { HasImages, ImageLike, Rng, Transform, TransformConfig } from "../types.ts";

const axis = z.union([z.literal(0), z.literal(1), z.literal(2)]);
const anatomical = z.enum(["LR", "PA", "IS"]);
const WORLD = { LR: 0, PA: 1, IS: 2 } as const;

const schema = z.strictObject({
  ...selectionFields,
  axes: z.union([axis, z.array(axis).min(1), anatomical, z.array(anatomical).min(1)]).default(0),
  flipProbability: z.number().min(0).max(1).default(0.5),
});

/**
 * Flips images and masks together along `axes`, each with `flipProbability`: voxel axes 0, 1, 2 (default 0), or `"LR"`, `"PA"`, `"IS"`
 * for the axes that run that way. The affine stays, as in TorchIO's `RandomFlip`.
 */
export class RandomFlipConfig extends configClass("RandomFlip", schema) implements TransformConfig {
  constructor(fields?: Input<typeof schema>) {
    super(fields);
    checkSelection("RandomFlipConfig", this);
  }

  getObject(): Transform {
    const config = this;
    const wanted = [config.axes].flat();
    return {
      name: config.name_,
      random: true,
      apply<T extends HasImages>(dataPoint: T, rng: Rng): T {
        const target = config.copy ? dataPoint.copy() : dataPoint;
        const images = selectImages(config.name_, target, config, { scalarOnly: false });
        // three draws whatever the axes, so that the rest of the stream does not depend on them
        const hot = [0, 1, 2].map(() => rng.uniform() < config.flipProbability);
        for (const [, image] of images) {
          const dims = [0, 1, 2]
            .filter((voxelAxis) => hot[voxelAxis] && isWanted(image, voxelAxis, wanted))
            .map((a) => a + 1);
          if (dims.length > 0) image.tensor = image.tensor.flip(dims);
        }
        return target;
      },
    };
  }
}

function isWanted(image: ImageLike, voxelAxis: number, wanted: readonly (number | "LR" | "PA" | "IS")[]): boolean {
  return wanted.some((a) =>
    typeof a === "number" ? a === voxelAxis : orientationOf(image.affine)[voxelAxis]?.world === WORLD[a],
  );
}
