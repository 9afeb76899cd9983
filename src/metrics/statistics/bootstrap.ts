import { z } from "zod";
import { parseWith } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { Rng } from "../../utils/random/index.ts";
import { bcaShares } from "./bca.ts";

const options = z.strictObject({
  /** How often is drawn; default 2000. */
  n: z.int().min(1).default(2000),

  /** Of the draws: the same seed, the same interval; default 0. */
  seed: z.int().nonnegative().default(0),

  /** "bca" (default), corrected for bias and skewness (Efron 1987, JASA 82:171), or "percentile". */
  method: z.enum(["bca", "percentile"]).default("bca"),

  /** The share of such intervals that hold the true value; default 0.95. */
  level: z.number().gt(0).lt(1).default(0.95),
});

/** How an interval is computed. */
export type BootstrapOptions = Readonly<z.input<typeof options>>;

/** A value, and between which bounds it is. */
export interface Interval {
  readonly value: number;
  /** NaN where it is not known: see `defined`. */
  readonly lower: number;
  readonly upper: number;
  /** In how many of the draws the statistic was defined: an AUC is not, where all that were drawn are of one class. The others are left out. */
  readonly defined: number;
}

/** Options, and their defaults. @throws ConfigError naming the option. */
export function bootstrapOptions(given: BootstrapOptions, what = "bootstrap"): z.output<typeof options> {
  return parseWith(options, given, what);
}

/**
 * The confidence interval of a statistic, by the bootstrap: what independent units (participants) would give if they were drawn
 * again, as `scipy.stats.bootstrap`. NaN of fewer than two units, and with "bca" where all draws are on one side of the value, or
 * where it is not defined without one of the units.
 *
 * @param units what is drawn, with replacement.
 * @param strata of each unit: those with the same are drawn among themselves. Default: all are alike.
 * @example
 * ```ts
 * const participants = [0.9, 0.8, 0.4, 0.3].map((score, i) => ({ score, label: i < 2 ? 1 : 0 }));
 * const { value } = bootstrap(
 *   participants,
 *   (drawn) => drawn.reduce((sum, { score }) => sum + score, 0) / drawn.length,
 *   { strata: participants.map(({ label }) => label) }, // as many of each class in each draw
 * );
 * console.log(value.toFixed(2)); // → 0.60
 * ```
 */
export function bootstrap<T>(
  units: readonly T[],
  statistic: (drawn: readonly T[]) => number,
  { strata, ...given }: BootstrapOptions & { readonly strata?: readonly unknown[] } = {},
): Interval {
  const { n, seed, method, level } = bootstrapOptions(given);
  if (strata !== undefined && strata.length !== units.length) {
    throw new ConfigError(
      `bootstrap: 'strata' has ${strata.length} elements, for ${units.length} units. Give one for each.`,
    );
  }
  const parts = [...Map.groupBy(units, (_, i) => strata?.[i]).values()];
  const value = units.length === 0 ? Number.NaN : statistic(units);
  if (units.length < 2 || Number.isNaN(value)) return { value, lower: Number.NaN, upper: Number.NaN, defined: 0 };
  const drawn: number[] = [];
  for (let i = 0; i < n; i++) {
    const rng = new Rng(seed, i);
    const found = statistic(parts.flatMap((part) => draw(part, rng)));
    if (!Number.isNaN(found)) drawn.push(found);
  }
  const left = method === "bca" ? parts.map((part) => leaveOneOut(parts, part, statistic)) : [];
  return { ...intervalOf({ value, drawn, left, method, level }), defined: drawn.length };
}

function draw<T>(units: readonly T[], rng: Rng): T[] {
  return units.map((unit) => units[rng.integer(units.length)] ?? unit);
}

/** The statistic without each of the units of a part. A part of one unit says nothing. */
function leaveOneOut<T>(
  parts: readonly (readonly T[])[],
  part: readonly T[],
  statistic: (drawn: readonly T[]) => number,
): number[] {
  if (part.length < 2) return [];
  const others = parts.filter((one) => one !== part).flat();
  return part.map((_, i) => statistic([...others, ...part.slice(0, i), ...part.slice(i + 1)]));
}

/** What an interval is made of. */
export interface Draws {
  readonly value: number;
  /** The statistic of each draw. */
  readonly drawn: readonly number[];
  /** The statistic without each unit, for each stratum. */
  readonly left: readonly (readonly number[])[];
  readonly method: "bca" | "percentile";
  readonly level: number;
}

/** The bounds. */
export function intervalOf({ value, drawn, left, method, level }: Draws): Omit<Interval, "defined"> {
  const tail = (1 - level) / 2;
  const shares = method === "bca" ? bcaShares(value, drawn, left, tail) : ([tail, 1 - tail] as const);
  const sorted = Float64Array.from(drawn).sort();
  const [lower, upper] = [quantile(sorted, shares[0]), quantile(sorted, shares[1])];
  return { value, lower, upper };
}

/** Between two values, the one at this place of the line from one to the other, as NumPy's percentiles. */
function quantile(sorted: Float64Array, share: number): number {
  if (Number.isNaN(share) || sorted.length === 0) return Number.NaN;
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? below;
  return below === above ? below : below + (above - below) * (place - Math.floor(place));
}
