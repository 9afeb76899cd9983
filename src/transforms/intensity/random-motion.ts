import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { randomConfig, randomPerImage } from "../base.ts";
import { range } from "../ranges.ts";
import { gridOf } from "../resampling/grid.ts";
import { interpolation } from "../resampling/interpolation.ts";
import { centreOf, moved, rotation, type Triple, withinPlane } from "../resampling/motion.ts";
import { padValues } from "../resampling/padding.ts";
import type { Rng, Transform, TransformConfig } from "../types.ts";
import { requireFinite } from "./spectrum.ts";

const amount = range();
const triples = z.array(z.tuple([z.number(), z.number(), z.number()]));
const movements = z.strictObject({
  times: z
    .array(z.number().min(0).max(1))
    .refine((times) => times.every((time, i) => time >= (times[i - 1] ?? 0)), "Times follow each other"),
  degrees: triples,
  translation: triples,
});
type Movements = z.output<typeof movements>;

/** By how much of an interval a movement may come earlier or later than at its end. */
const JITTER = 0.3;

/**
 * Makes images look as if someone had moved in the scanner: `numTransforms` times (default 2), each time turned around each axis by an angle from `degrees` and moved along it by `translation`
 * millimetres (each a range; one number d means -d to d; default 10), so that the parts of the spectrum that were taken after it are those of the moved
 * image; what was taken in the middle is the image as it is. Masks are left alone. `imageInterpolation` is one of those of {@link ResizeConfig} (default
 * `"linear"`). As TorchIO's `RandomMotion` (Shaw et al. 2019), but images turn around their middle; TorchIO turns them around the origin of space.
 *
 * @throws ImageError, naming the participant, when an image holds NaN or an infinite number.
 * @example
 * ```ts
 * using sample = await sampleWith({ augmentations: [new RandomMotionConfig({ degrees: 5, translation: 5 })] });
 * console.log(sample.history.map(({ name_ }) => name_)); // → [ 'RandomMotion' ]
 * ```
 */
export class RandomMotionConfig
  extends randomConfig("RandomMotion", {
    /** The range of the angles around each axis, in degrees: one number d means -d to d; default 10. */
    degrees: amount.field.default(10),

    /** The range of the movements along each axis, in millimetres, likewise; default 10. */
    translation: amount.field.default(10),

    /** How many times someone moves; default 2. */
    numTransforms: z.int().min(1).max(1000).default(2),

    /** How images are interpolated, as in `Resize`; default "linear". */
    imageInterpolation: interpolation.default("linear"),
  })
  implements TransformConfig
{
  getObject(): Transform {
    return randomPerImage(this, "scalar", {
      drawn: movements.refine(
        ({ times, degrees, translation }) => times.length === degrees.length && times.length === translation.length,
        "There are as many times as rotations and translations",
      ),
      draw: (rng): Movements => {
        const step = 1 / (this.numTransforms + 1);
        const each = <T>(one: (i: number) => T): T[] => Array.from({ length: this.numTransforms }, (_, i) => one(i));
        const three = (value: typeof this.degrees, from: Rng): [number, number, number] => [
          amount.draw(value, from),
          amount.draw(value, from),
          amount.draw(value, from),
        ];
        return {
          times: each((i) => (i + 1 + rng.uniform(-JITTER, JITTER)) * step),
          degrees: each(() => three(this.degrees, rng)),
          translation: each(() => three(this.translation, rng)),
        };
      },
      change: (image, drawn, place) => {
        const shape = image.tensor.shape.slice(1);
        // the spectrum is taken in parts along the last axis, of a slice along the last that it has
        const axis = Math.max(
          shape.findLastIndex((n) => n > 1),
          0,
        );
        const n = shape[axis] ?? 1;
        const parts = partsOf(n, drawn.times);
        const how = { interpolation: this.imageInterpolation, outside: padValues(image.tensor, "minimum") };
        const grid = gridOf(image);
        const centre = centreOf(grid);
        // the parts together are all frequencies: of each movement only what it changes in its own part is added, and the first state is as it is
        const still = image.tensor.to({ dtype: "float32" });
        requireFinite(still, place);
        // behind this axis there are none of more than one voxel
        const sum = still.reshape([-1, n]).clone();
        for (const [i, frequencies] of parts.entries()) {
          const [degrees, translation] = [drawn.degrees[i - 1], drawn.translation[i - 1]];
          if (frequencies.length === 0 || degrees === undefined || translation === undefined) continue;
          const own = withinPlane(grid, { degrees: flipped(degrees), translation: flipped(translation) });
          const motion = { linear: rotation(own.degrees), centre, shift: own.translation };
          const state = moved(image, motion, how, place).to({ dtype: "float32" });
          sum.addmm_(state.sub(still).reshape([-1, n]), band(n, frequencies));
        }
        image.tensor = sum.reshape(image.tensor.shape).contiguous();
      },
    });
  }
}

/** TorchIO's are of LPS, where x runs to the left and y to the back. */
function flipped([x, y, z]: Triple): Triple {
  return [-x, -y, z];
}

/**
 * Which frequencies of `n` come from which state of the image, the first being as it is. The states follow each other in time, from the lowest to the highest
 * frequency; but the one in whose time the middle of the spectrum falls, which holds most of the image, changes places with the first.
 */
function partsOf(n: number, times: readonly number[]): number[][] {
  const ends = [...times.map((time) => Math.floor(n * time)), n];
  const parts = ends.map((end, i) => {
    const begin = ends[i - 1] ?? 0;
    return Array.from({ length: Math.max(end - begin, 0) }, (_, k) => begin + k - Math.floor(n / 2));
  });
  const later = times.findIndex((time) => time > 0.5);
  const middle = later === -1 ? times.length : later;
  const [first = [], central = []] = [parts[0], parts[middle]];
  parts[0] = central;
  parts[middle] = first;
  return parts;
}

/**
 * What keeps these frequencies of `n` real values, and of the result the real part: (n, n). It stands for a Fourier transform and back, of which only the axis matters
 * along which frequencies are chosen.
 */
function band(n: number, frequencies: readonly number[]): torch.Tensor {
  const wave = Float64Array.from({ length: n }, (_, distance) =>
    frequencies.reduce((sum, f) => sum + Math.cos((2 * Math.PI * f * distance) / n), 0),
  );
  const matrix = Float32Array.from({ length: n * n }, (_, i) => {
    return (wave[Math.abs(Math.floor(i / n) - (i % n))] ?? 0) / n;
  });
  return torch.fromTypedArray(matrix, [n, n]);
}
