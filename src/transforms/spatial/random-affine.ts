import { z } from "zod";
import { ConfigError } from "../../utils/exceptions.ts";
import { orientationOf } from "../affine.ts";
import { randomConfig } from "../base.ts";
import { type AxisRanges, rangePerAxis } from "../ranges.ts";
import { flatAxes, type Grid, gridOf } from "../resampling/grid.ts";
import { interpolations } from "../resampling/interpolation.ts";
import { centreOf, type Motion, motionMap, moved, rotation, type Triple, withinPlane } from "../resampling/motion.ts";
import { padValues } from "../resampling/padding.ts";
import { sameShapes } from "../resampling/same-shapes.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { randomSpatial } from "./spatial-transform.ts";

const scales = rangePerAxis({ around: 1, min: 0 });
const around0 = rangePerAxis({ around: 0 });
const triple = z.tuple([z.number(), z.number(), z.number()]);
const movement = z.strictObject({ scales: triple, degrees: triple, translation: triple });
const options = {
  /** The range of the factors: one number d means 1 - d to 1 + d, a pair is for all axes, three numbers or six are for x, y and z; default 0.1. */
  scales: scales.field.default(0.1),

  /** The range of the angles, in degrees: one number d means -d to d, a pair is for all axes, three numbers or six are for x, y and z; default 10. */
  degrees: around0.field.default(10),

  /** The range of the movements, in millimetres, likewise; default 0. */
  translation: around0.field.default(0),

  /** Whether one factor is drawn for all axes; default false. */
  isotropic: z.boolean().default(false),

  /** The centre of scaling and rotation: the middle of the "image" (default), or the "origin" of space. */
  center: z.enum(["image", "origin"]).default("image"),

  /** What comes in from outside: a number, or "minimum" (default), "mean" or "otsu" of the image; 0 in masks. */
  defaultPadValue: z.union([z.number(), z.enum(["minimum", "mean", "otsu"])]).default("minimum"),
  ...interpolations,

  /** Whether all images must have the same shape; default true. */
  checkShape: z.boolean().default(true),
};

/**
 * Scales, rotates and moves images and masks together, in space (RAS+): each axis is scaled by a factor that is drawn from `scales` (a number d means 1 - d to 1 + d;
 * default 0.1; one factor for all axes with `isotropic`), the image is rotated around each by an angle from `degrees` (d means -d to d; default 10) and moved along each by
 * `translation` millimetres (likewise; default 0). A pair is the range of all axes; three numbers, or six, are those of x, y and z. The `center` of scaling and
 * rotation is the middle of the `"image"` (default) or the `"origin"`.
 *
 * What comes in from outside is `defaultPadValue`: a number, the `"minimum"` of the image (default), the `"mean"` of its faces, or the mean of what is dark
 * on them by Otsu's threshold (`"otsu"`); 0 in masks. `imageInterpolation` and `labelInterpolation` are those of {@link ResizeConfig}. `checkShape` (default true)
 * demands that all images have the same shape. A single slice is moved within its plane. As TorchIO's `RandomAffine`.
 *
 * @throws ImageError when images differ in shape, naming whose they are.
 * @example
 * ```ts
 * using sample = await sampleWith({ augmentations: [new RandomAffineConfig({ degrees: 10, scales: 0.1 })] });
 * console.log(sample.history.map(({ name_ }) => name_)); // → [ 'RandomAffine' ]
 * ```
 */
export class RandomAffineConfig
  extends randomConfig("RandomAffine", options, (given, what) => {
    if (given.isotropic && typeof given.scales !== "number" && given.scales.length !== 2) {
      throw new ConfigError(
        `${what}: 'scales' got ${JSON.stringify(given.scales)}, ranges for each axis, with isotropic: true. Give one number, or a pair.`,
        { fieldNames: ["scales"] },
      );
    }
    if (smallestScale(given.scales) <= 0) {
      throw new ConfigError(
        `${what}: 'scales' got ${JSON.stringify(given.scales)}, so that a factor may be 0 or less, and nothing remains. Give a number below 1, or ranges above 0.`,
        { fieldNames: ["scales"] },
      );
    }
  })
  implements TransformConfig
{
  getObject(): Transform {
    const centre = (grid: Grid): Triple => (this.center === "image" ? centreOf(grid) : [0, 0, 0]);
    return randomSpatial(this, {
      drawn: movement,
      draw: (rng): z.output<typeof movement> => {
        const [x, y, z] = scales.draw(this.scales, rng);
        return {
          scales: this.isotropic ? [x, x, x] : [x, y, z],
          degrees: around0.draw(this.degrees, rng),
          translation: around0.draw(this.translation, rng),
        };
      },
      step: (grid, drawn, place, grids) => {
        if (this.checkShape) sameShapes(grid, place, grids);
        return {
          kind: "sampling",
          ...grid,
          map: motionMap(grid, inverseOf(drawnWithin(grid, drawn), centre(grid)), place),
          displacement: null,
          interpolations: this,
          outside: ({ kind, tensor }) => (kind === "scalar" ? padValues(tensor, this.defaultPadValue) : 0),
        };
      },
      undo: (image, drawn, place) => {
        const grid = gridOf(image);
        const motion = forwardOf(drawnWithin(grid, drawn), centre(grid));
        image.tensor = moved(image, motion, { interpolation: "linear", outside: 0 }, place);
      },
    });
  }
}

function smallestScale(value: AxisRanges): number {
  if (typeof value === "number") return 1 - value;
  return value.length === 3 ? 1 - Math.max(...value) : Math.min(...value);
}

/** A single slice is not scaled across its plane. */
function drawnWithin(grid: Grid, drawn: Drawn): Drawn {
  const across = flatAxes(grid).map((axis) => orientationOf(grid.affine)[axis].world);
  const one = (world: 0 | 1 | 2): number => (across.includes(world) ? 1 : drawn.scales[world]);
  return withinPlane(grid, { ...drawn, scales: [one(0), one(1), one(2)] });
}

interface Drawn {
  readonly scales: Triple;
  readonly degrees: Triple;
  readonly translation: Triple;
}

/** A point goes to scales · (rotation · (x - centre) + translation) + centre. */
function forwardOf({ scales, degrees, translation }: Drawn, centre: Triple): Motion {
  const rows = rotation(degrees);
  const row = (i: 0 | 1 | 2): Triple => [scales[i] * rows[i][0], scales[i] * rows[i][1], scales[i] * rows[i][2]];
  const shift = (i: 0 | 1 | 2): number => scales[i] * translation[i];
  return { linear: [row(0), row(1), row(2)], centre, shift: [shift(0), shift(1), shift(2)] };
}

/** The inverse of {@link forwardOf}: the value at a point is the one of where it came from. */
function inverseOf(drawn: Drawn, centre: Triple): Motion {
  const [a, b, c] = rotation(drawn.degrees);
  const [sx, sy, sz] = drawn.scales;
  const [tx, ty, tz] = drawn.translation;
  // the inverse of a rotation is its transpose
  const column = (i: 0 | 1 | 2): Triple => [a[i] / sx, b[i] / sy, c[i] / sz];
  const shift = (i: 0 | 1 | 2): number => -(a[i] * tx + b[i] * ty + c[i] * tz);
  return { linear: [column(0), column(1), column(2)], centre, shift: [shift(0), shift(1), shift(2)] };
}
