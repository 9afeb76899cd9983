import { Rng } from "../../../utils/random/index.ts";
import { mean, variance } from "../../../utils/stats/index.ts";
import { heightAt, type RankingCurve, type Scored } from "./ranking.ts";

/** A curve in the middle, and between which it varies. */
export interface Spread {
  readonly x: readonly number[];
  readonly middle: readonly number[];
  readonly lower: readonly number[];
  readonly upper: readonly number[];
}

const PLACES = Array.from({ length: 101 }, (_, i) => i / 100);
const DRAWS = 200;

/** The mean of curves at each place, ± their standard deviation (n - 1), within 0 and 1. */
export function acrossFolds(curves: readonly RankingCurve[], between: "line" | "step"): Spread {
  const columns = PLACES.map((place) => curves.map((curve) => heightAt(curve, place, between)));
  const middle = columns.map(mean);
  const sd = columns.map((column) => Math.sqrt(variance(column)));
  return {
    x: PLACES,
    middle,
    lower: middle.map((value, i) => Math.max(0, value - (sd[i] ?? 0))),
    upper: middle.map((value, i) => Math.min(1, value + (sd[i] ?? 0))),
  };
}

/**
 * Between which 95 % of the curves are, at each place, when participants are drawn again, with replacement. Null where fewer than half of the draws have a curve.
 */
export function acrossDraws(
  samples: readonly Scored[],
  curveOf: (samples: readonly Scored[]) => RankingCurve | null,
  between: "line" | "step",
): Spread | null {
  const units = [...Map.groupBy(samples, ({ participant }) => participant).values()];
  const curves = Array.from({ length: DRAWS }, (_, draw) => {
    const rng = new Rng(0, draw);
    return curveOf(units.flatMap(() => units[rng.integer(units.length)] ?? []));
  }).filter((curve) => curve !== null);
  const whole = curveOf(samples);
  if (whole === null || curves.length < DRAWS / 2) return null;
  const columns = PLACES.map((place) => curves.map((curve) => heightAt(curve, place, between)).sort((a, b) => a - b));
  const at = (column: readonly number[], share: number): number => column[Math.round(share * (column.length - 1))] ?? 0;
  return {
    x: PLACES,
    middle: PLACES.map((place) => heightAt(whole, place, between)),
    lower: columns.map((column) => at(column, 0.025)),
    upper: columns.map((column) => at(column, 0.975)),
  };
}
