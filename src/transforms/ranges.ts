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
