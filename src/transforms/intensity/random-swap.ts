import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { randomConfig, randomPerImage } from "../base.ts";
import type { Rng, Transform, TransformConfig } from "../types.ts";

type Triple = [number, number, number];
const size = z.int().min(1);
const corner = z.tuple([z.int(), z.int(), z.int()]);

/**
 * Swaps pairs of patches of `patchSize` voxels (default 15; one size, or x, y, z) at random places of each image, `numIterations` times (default 100), from which a network can
 * learn to restore it. Masks are left alone. As TorchIO's `RandomSwap`; patches of a pair that overlap are exchanged as they were.
 *
 * @throws ImageError, naming the participant, when an image has no room for two patches.
 * @example
 * ```ts
 * using sample = await sampleWith({ augmentations: [new RandomSwapConfig({ patchSize: 4, numIterations: 20 })] });
 * console.log(sample.history.map(({ name_ }) => name_)); // → [ 'RandomSwap' ]
 * ```
 */
export class RandomSwapConfig
  extends randomConfig("RandomSwap", {
    /** The size of the patches in voxels: one number, or one for x, y and z; default 15. */
    patchSize: z.union([size, z.tuple([size, size, size])]).default(15),

    /** How many pairs are swapped; default 100. */
    numIterations: z.int().min(0).default(100),
  })
  implements TransformConfig
{
  getObject(): Transform {
    const { patchSize } = this;
    const patch: Triple = typeof patchSize === "number" ? [patchSize, patchSize, patchSize] : patchSize;
    return randomPerImage(this, "scalar", {
      drawn: z.strictObject({ locations: z.array(z.tuple([corner, corner])) }),
      draw: (rng, { tensor }, place) => {
        const room = patch.map((n, axis) => (tensor.shape[axis + 1] ?? 0) - n);
        if (room.some((n) => n < 0) || room.every((n) => n < 2)) {
          throw place.error(
            `has ${tensor.shape.slice(1).join("×")} voxels, which is too small to swap patches of ${patch.join("×")}.`,
          );
        }
        return { locations: Array.from({ length: this.numIterations }, () => twoCorners(room, rng)) };
      },
      change: (image, { locations }) => {
        image.tensor = torch.voxels.swapPatches(image.tensor, patch, locations);
      },
    });
  }
}

/** The first voxels of two patches that are not the same. */
function twoCorners(room: readonly number[], rng: Rng): [Triple, Triple] {
  const one = (axis: number): number => ((room[axis] ?? 0) === 0 ? 0 : rng.integer(room[axis] ?? 1));
  const first: Triple = [one(0), one(1), one(2)];
  for (;;) {
    const second: Triple = [one(0), one(1), one(2)];
    if (second.join() !== first.join()) return [first, second];
  }
}
