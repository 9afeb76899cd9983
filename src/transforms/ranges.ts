import { z } from "zod";
import type { Rng } from "./types.ts";

/** One number or a pair, from which a transform draws a number. */
export type Range = number | readonly [number, number];

export interface RangeOption<F extends z.ZodType> {
  /** What the option accepts. Both ends are finite, and the smaller comes first. */
  readonly field: F;
  /** The smallest and the greatest number that a value of the option stands for. */
  bounds(value: Range): readonly [low: number, high: number];
  /** Draws a number between the bounds, from a uniform distribution. */
  draw(value: Range, rng: Rng): number;
}

/**
 * An option from which a number is drawn, as TorchIO means it: a pair is its smallest and greatest number; one number d is the range from -d to
 * d, but where a smallest number `min` is set, it is d itself.
 *
 * @param limits what the numbers may be at least and at most, and whether they are integers. Default: any number.
 */
export function range(limits: { readonly min?: number; readonly max?: number; readonly integer?: boolean } = {}) {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, integer = false } = limits;
  const number = (integer ? z.int() : z.number()).max(max);
  const end = number.min(min);
  const sorted = ([low, high]: readonly [number, number]): boolean => low <= high;
  const field = z.union([
    number.min(Math.max(0, min)),
    z.tuple([end, end]).refine(sorted, "Give the smaller number first"),
  ]);
  const bounds = (value: Range): readonly [number, number] => {
    if (typeof value !== "number") return value;
    return min === Number.NEGATIVE_INFINITY ? [-value, value] : [value, value];
  };
  const option: RangeOption<typeof field> = {
    field,
    bounds,
    draw(value, rng) {
      const [low, high] = bounds(value);
      return integer ? low + rng.integer(high - low + 1) : rng.uniform(low, high);
    },
  };
  return option;
}

/** As {@link Range}, for three axes: one for all of them, three numbers, or three pairs. */
export type AxisRanges =
  | Range
  | readonly [number, number, number]
  | readonly [number, number, number, number, number, number];

/**
 * An option from which a number is drawn for each axis, as TorchIO means it: a pair is the smallest and greatest number of all axes, six numbers
 * are the pairs of the axes; of one number d, or of three, the range is from 0 to d, or, with `around`, from around - d to around + d.
 */
export function rangePerAxis({ around, min }: { readonly around?: number; readonly min?: number } = {}) {
  const end = min === undefined ? z.number() : z.number().min(min);
  const distance = z.number().min(0);
  const sorted = (ends: readonly number[]): boolean =>
    ends.every((value, i) => i % 2 === 0 || (ends[i - 1] ?? value) <= value);
  const field = z.union([
    distance,
    z.tuple([end, end]).refine(sorted, "Give the smaller number first"),
    z.tuple([distance, distance, distance]),
    z.tuple([end, end, end, end, end, end]).refine(sorted, "Give the smaller number of each axis first"),
  ]);
  const boundsOf = (value: AxisRanges, axis: number): readonly [number, number] => {
    if (typeof value !== "number" && value.length === 2) return value;
    if (typeof value !== "number" && value.length === 6) return [value[axis * 2] ?? 0, value[axis * 2 + 1] ?? 0];
    const d = typeof value === "number" ? value : (value[axis] ?? 0);
    return around === undefined ? [0, d] : [around - d, around + d];
  };
  return {
    field,
    draw: (value: AxisRanges, rng: Rng): [number, number, number] => {
      const one = (axis: number): number => rng.uniform(...boundsOf(value, axis));
      return [one(0), one(1), one(2)];
    },
  };
}
