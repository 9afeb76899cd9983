import { z } from "zod";
import { ConfigError } from "../../utils/exceptions.ts";
import { warnOnce } from "../../utils/warnings.ts";
import { randomConfig } from "../base.ts";
import { controlSpacing, displacementOf } from "../resampling/deformation.ts";
import { mapBetween } from "../resampling/grid.ts";
import { interpolations } from "../resampling/interpolation.ts";
import { padValues } from "../resampling/padding.ts";
import { sameShapes } from "../resampling/same-shapes.ts";
import type { Rng, Transform, TransformConfig } from "../types.ts";
import { randomSpatial } from "./spatial-transform.ts";

// more are no deformation but noise, and are recorded with every sample
const count = z.int().min(4).max(100);
const distance = z.number().min(0);
const options = {
  /** Control points along each axis: one number, or one for x, y and z; default 7. */
  numControlPoints: z.union([count, z.tuple([count, count, count])]).default(7),

  /** By how many millimetres a control point moves at most along each axis: one number, or one for x, y and z; default 7.5. */
  maxDisplacement: z.union([distance, z.tuple([distance, distance, distance])]).default(7.5),

  /** How many outer layers of control points stay where they are: 0, 1 or 2 (default). */
  lockedBorders: z.union([z.literal(0), z.literal(1), z.literal(2)]).default(2),
  ...interpolations,
};
type Triple = readonly [number, number, number];
const triple = (value: number | Triple): Triple => (typeof value === "number" ? [value, value, value] : value);

/**
 * Deforms images and masks together: the control points of a coarse lattice over the image, `numControlPoints` along each axis of space (default 7; one number, or one for x, y
 * and z), are moved by up to `maxDisplacement` millimetres along each axis (likewise; default 7.5), and between them cubic B-splines say how far each
 * voxel comes. `lockedBorders` outer layers of them stay where they are (0, 1 or 2; default 2: the edges of the image hardly move).
 *
 * What comes in from outside is the minimum of the image. `imageInterpolation` and `labelInterpolation` are those of {@link ResizeConfig}. A single slice is
 * deformed within its plane. As TorchIO's `RandomElasticDeformation`, which does not lock the borders of the third axis.
 *
 * A displacement of more than half the distance between control points may fold the image: that is said once.
 *
 * @throws ImageError when images differ in shape, naming whose they are.
 * @example
 * ```ts
 * using sample = await sampleWith({ augmentations: [new RandomElasticDeformationConfig({ numControlPoints: 5, maxDisplacement: 2 })] });
 * console.log(sample.history.map(({ name_ }) => name_)); // → [ 'RandomElasticDeformation' ]
 * ```
 */
export class RandomElasticDeformationConfig
  extends randomConfig("RandomElasticDeformation", options, (given, what) => {
    if (given.lockedBorders === 2 && triple(given.numControlPoints).includes(4)) {
      throw new ConfigError(
        `${what}: 'numControlPoints' got ${JSON.stringify(given.numControlPoints)} with lockedBorders: 2, which locks all of 4 points. Give 5 or more, or lock fewer.`,
        { fieldNames: ["numControlPoints", "lockedBorders"] },
      );
    }
  })
  implements TransformConfig
{
  getObject(): Transform {
    const counts = triple(this.numControlPoints);
    const most = triple(this.maxDisplacement);
    const numbers = counts.reduce((product, n) => product * n, 3);
    return randomSpatial(this, {
      drawn: z.strictObject({ controlPoints: z.array(z.number()).length(numbers) }),
      draw: (rng) => ({ controlPoints: drawPoints(counts, most, this.lockedBorders, rng) }),
      step: (grid, { controlPoints }, place, grids) => {
        sameShapes(grid, place, grids);
        if (controlPoints.every((value) => value === 0)) return null;
        const spacing = controlSpacing(grid, counts);
        if (most.some((value, axis) => value > (spacing[axis] ?? 0) / 2)) {
          const shown = spacing.map((value) => value.toPrecision(4)).join(", ");
          warnOnce(
            `folding ${JSON.stringify(this.toDict())}`,
            `RandomElasticDeformation: 'maxDisplacement' got ${JSON.stringify(this.maxDisplacement)}, more than half the distance between the control points (${shown} mm in '${place.name}' of ${place.dataPoint.participantId}, ${place.dataPoint.sessionId}), so that images may be folded. Give fewer control points, or a smaller displacement.`,
          );
        }
        return {
          kind: "sampling",
          ...grid,
          map: mapBetween(grid.affine, grid, place),
          displacement: displacementOf(grid, controlPoints, counts, place),
          interpolations: this,
          outside: ({ tensor }) => padValues(tensor, "minimum"),
        };
      },
    });
  }
}

/** Along x, y and z of each control point, the last axis first; 0 in the layers that are locked. */
function drawPoints([X, Y, Z]: Triple, most: Triple, locked: number, rng: Rng): number[] {
  const isLocked = (i: number, n: number): boolean => i < locked || i >= n - locked;
  const points: number[] = [];
  for (let x = 0; x < X; x++) {
    for (let y = 0; y < Y; y++) {
      for (let z = 0; z < Z; z++) {
        if (isLocked(x, X) || isLocked(y, Y) || isLocked(z, Z)) points.push(0, 0, 0);
        else points.push(...most.map((value) => rng.uniform(-value, value)));
      }
    }
  }
  return points;
}
