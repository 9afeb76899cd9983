import { existsSync } from "node:fs";
import { z } from "zod";
import { readNiftiHeader } from "../../io/nifti/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { markFloats } from "../../utils/floats.ts";
import { voxelMap } from "../affine.ts";
import { transformConfig } from "../base.ts";
import { type Grid, withSpacing } from "../resampling/grid.ts";
import { interpolations } from "../resampling/interpolation.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { spatial } from "./spatial-transform.ts";
import { samplingOf } from "./step.ts";

const spacing = z.number().positive();
const size = z.int().min(1);
const row = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const affine = z
  .tuple([row, row, row, row])
  .refine(([, , , last]) => last.join() === "0,0,0,1", "The last row of an affine is 0, 0, 0, 1")
  .refine((rows) => voxelMap(rows.flat(), rows.flat()) !== null, "The affine has no inverse");
const target = z.union([
  spacing,
  z.tuple([spacing, spacing, spacing]),
  z.string().min(1),
  z.tuple([z.tuple([size, size, size]), affine]),
]);

/**
 * Brings images and masks to another grid, `target`:
 *
 * - the size of its voxels in millimetres: one number (default 1), or one for each axis. The image keeps its axes and its centre;
 * - the name of an image of the data point, or the path of a NIfTI file: they get its voxels;
 * - `[shape, affine]`: the number of voxels along each axis, and the affine (RAS+), as four rows.
 *
 * What lies outside an image becomes 0. `imageInterpolation` (default `"linear"`) and `labelInterpolation` (default `"nearest"`) are those of
 * {@link ResizeConfig}; `scalarsOnly` leaves masks as they are (default false). As TorchIO's `Resample`.
 *
 * @throws ImageError when the target is a file that cannot be read, or neither an image nor a file.
 * @example
 * ```ts
 * using sample = await sampleWith({ imageTransforms: [new ResampleConfig({ target: 24 })] });
 * console.log(sample.shape); // → [ 1, 8, 10, 8 ]
 * ```
 */
export class ResampleConfig
  extends transformConfig("Resample", {
    /** The size of the voxels in millimetres (one number, or three), the name of an image or the path of a NIfTI file whose voxels are taken, or [shape, affine]; default 1. */
    target: target.default(1),

    /** Of ClinicaDL, not offered here: null. */
    preAffineName: z.null("An affine of its own for each image is not offered: leave it out").default(null),
    ...interpolations,

    /** Whether masks stay as they are; default false. */
    scalarsOnly: z.boolean().default(false),
  })
  implements TransformConfig
{
  override toDict(): JsonObject {
    const dict = super.toDict();
    const { target } = dict;
    // voxel sizes and affines are floats, a shape is not
    if (Array.isArray(target) && target.length === 2) {
      if (Array.isArray(target[1])) for (const row of target[1]) if (Array.isArray(row)) markFloats(row);
      return dict;
    }
    if (Array.isArray(target)) markFloats(target);
    return markFloats(dict, ["target"]);
  }

  getObject(): Transform {
    const ofFile = typeof this.target === "string" && isPath(this.target) ? gridOfFile(this.target) : null;
    return spatial(this, {
      actsOn: this.scalarsOnly ? "scalar" : "all",
      stays: typeof this.target === "string" && ofFile === null ? this.target : null,
      step: (grid, place, grids) => {
        const to = ofFile ?? this.#target(grid, grids);
        if (to === null) {
          throw place.error(
            `cannot be resampled to '${this.target}', which is neither one of its images (${[...grids.keys()].map((name) => `'${name}'`).join(", ")}) nor a NIfTI file.`,
          );
        }
        return samplingOf(to, grid, { interpolations: this, outside: () => 0 }, place);
      },
    });
  }

  /** The grid of the target; null when there is none. */
  #target(grid: Grid, grids: ReadonlyMap<string, Grid>): Grid | null {
    const { target } = this;
    if (typeof target === "number") return withSpacing(grid, [target, target, target]);
    if (typeof target === "string") return grids.get(target) ?? (existsSync(target) ? gridOfFile(target) : null);
    if (target.length === 3) return withSpacing(grid, target);
    const [shape, rows] = target;
    return { shape, affine: Float64Array.from(rows.flat()) };
  }
}

/** What can only be a file is read when the transform is made, so that an error is found then. */
function isPath(text: string): boolean {
  return /[/\\]|\.nii(\.gz)?$/.test(text);
}

function gridOfFile(path: string): Grid {
  const { shape, affine } = readNiftiHeader(path);
  return { shape, affine };
}
