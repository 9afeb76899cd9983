import { z } from "zod";
import { spacingOf } from "../affine.ts";
import { randomConfig, randomTogether } from "../base.ts";
import { range } from "../ranges.ts";
import { flatAxes, gridOf, toGrid, withSpacing } from "../resampling/grid.ts";
import { interpolation } from "../resampling/interpolation.ts";
import type { Rng, Transform, TransformConfig } from "../types.ts";

const axis = z.union([z.literal(0), z.literal(1), z.literal(2)]);
const downsampling = range({ min: 1 });

/**
 * Makes images look as if they had been taken in thick slices: along one of `axes` (default any of 0, 1, 2), to voxels that are longer by a factor that is drawn from
 * `downsampling` (a range, or one number; default 1.5 to 5), by nearest neighbour, and back by `imageInterpolation` (default `"linear"`; those
 * of {@link ResizeConfig}). Masks are left alone. Of a single slice, one of the other axes is taken. As TorchIO's `RandomAnisotropy`, but the last thick slice
 * goes on to the edge, where TorchIO leaves zeros.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ augmentations: [new RandomAnisotropyConfig({ downsampling: [1.5, 3] })] });
 * console.log(sample.history.map(({ name_ }) => name_)); // → [ 'RandomAnisotropy' ]
 * ```
 */
export class RandomAnisotropyConfig
  extends randomConfig("RandomAnisotropy", {
    /** Of which voxel axes (0, 1, 2) one is drawn; default all. */
    axes: z.union([axis, z.array(axis).min(1)]).default([0, 1, 2]),

    /** The range of the factor by which voxels get longer, or one number; default 1.5 to 5. */
    downsampling: downsampling.field.default([1.5, 5]),

    /** How images are brought back to their size, as in `Resize`; default "linear". */
    imageInterpolation: interpolation.default("linear"),
  })
  implements TransformConfig
{
  getObject(): Transform {
    return randomTogether(this, "scalar", {
      drawn: z.strictObject({ axes: z.array(axis).min(1), downsampling: z.number().min(1) }),
      draw: (rng) => ({
        axes: shuffled([this.axes].flat(), rng),
        downsampling: downsampling.draw(this.downsampling, rng),
      }),
      change: (image, drawn, place) => {
        const grid = gridOf(image);
        const flat = flatAxes(grid);
        const along = drawn.axes.find((one) => !flat.includes(one));
        if (along === undefined) return;
        const spacing = spacingOf(image.affine);
        spacing[along] *= drawn.downsampling;
        toGrid(image, withSpacing(grid, spacing), { interpolation: "nearest", outside: null }, place);
        toGrid(image, grid, { interpolation: this.imageInterpolation, outside: null }, place);
      },
    });
  }
}

/** In another order, so that one of which the first cannot be used has a next one. */
function shuffled<T>(list: readonly T[], rng: Rng): T[] {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i--) result.push(...result.splice(rng.integer(i + 1), 1));
  return result;
}
