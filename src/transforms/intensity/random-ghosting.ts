import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { randomConfig, randomPerImage } from "../base.ts";
import { range } from "../ranges.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { imageOf, spectrumOf } from "./spectrum.ts";

const axis = z.union([z.literal(0), z.literal(1), z.literal(2)]);
const numGhosts = range({ min: 0, integer: true });
const intensity = range({ min: 0 });
const restore = range({ min: 0, max: 1 });

/**
 * Adds the ghosts that a movement in regular intervals leaves along an axis of an MR image: every n-th plane of its spectrum is weakened. Masks are left
 * alone. As TorchIO's `RandomGhosting`.
 *
 * - `numGhosts`: n, one number or the smallest and the greatest. Default 4 to 10; 0 adds none.
 * - `axes`: voxel axes, of which one is drawn. Default 0, 1, 2; axes of one voxel are left out.
 * - `intensity`: the share by which planes are weakened: one number or a range. Default 0.5 to 1.
 * - `restore`: the share of the spectrum, in its middle, that is left as it was: one number or a range from 0 to 1. Default null: the middle plane.
 *
 * @throws ImageError, naming the participant, when an image has one voxel along all `axes`, or holds NaN.
 * @example
 * ```ts
 * using sample = await sampleWith({ augmentations: [new RandomGhostingConfig({ numGhosts: [4, 10], axes: [1] })] });
 * console.log(sample.history.map(({ name_ }) => name_)); // → [ 'RandomGhosting' ]
 * ```
 */
export class RandomGhostingConfig
  extends randomConfig("RandomGhosting", {
    numGhosts: numGhosts.field.default([4, 10]),
    axes: z.union([axis, z.array(axis).min(1)]).default([0, 1, 2]),
    intensity: intensity.field.default([0.5, 1]),
    restore: restore.field.nullable().default(null),
  })
  implements TransformConfig
{
  getObject(): Transform {
    const wanted = [this.axes].flat();
    return randomPerImage(this, "scalar", {
      drawn: z.strictObject({
        num_ghosts: z.int().min(0),
        axis,
        intensity: z.number(),
        restore: z.number().min(0).max(1).nullable(),
      }),
      draw: (rng, { tensor }, place) => {
        const axes = wanted.filter((one) => (tensor.shape[one + 1] ?? 0) > 1);
        const drawnGhosts = numGhosts.draw(this.numGhosts, rng);
        const drawnAxis = axes[axes.length > 0 ? rng.integer(axes.length) : 0];
        if (drawnAxis === undefined) {
          throw place.error(
            `has ${tensor.shape.slice(1).join("×")} voxels, and there are no ghosts along one voxel ('axes' got ${JSON.stringify(wanted)}).`,
          );
        }
        return {
          num_ghosts: drawnGhosts,
          axis: drawnAxis,
          intensity: intensity.draw(this.intensity, rng),
          restore: this.restore === null ? null : restore.draw(this.restore, rng),
        };
      },
      change: (image, drawn, place) => {
        if (drawn.num_ghosts === 0 || drawn.intensity === 0) return;
        // planes are weakened as wholes, so that the spectrum along the other axes need not be known
        const dimensions = [drawn.axis + 1];
        const spectrum = spectrumOf(image.tensor, dimensions, place);
        const n = image.tensor.shape[drawn.axis + 1] ?? 1;
        const [from, to] = restored(n, drawn.restore);
        const factors = Array.from({ length: n }, (_, plane) =>
          plane % drawn.num_ghosts === 0 && (plane < from || plane >= to) ? 1 - drawn.intensity : 1,
        );
        const along = [1, 1, 1, 1].map((one, dim) => (dim === drawn.axis + 1 ? n : one));
        image.tensor = imageOf(spectrum.mul(torch.tensor(factors).reshape(along)), dimensions);
      },
    });
  }
}

/** From which plane to before which the spectrum is left as it was. */
function restored(n: number, share: number | null): readonly [from: number, to: number] {
  const middle = Math.floor(n / 2);
  if (share === null) return [middle, middle + 1];
  const half = Math.floor(roundHalfToEven(share * n) / 2);
  return [middle - half, middle + half];
}

/** As NumPy rounds. */
function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
