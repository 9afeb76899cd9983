import { ConfigError } from "../../utils/exceptions.ts";
import { mean, normalCdf, normalQuantile, variance } from "../../utils/stats/index.ts";
import { bothClasses, ties } from "../ranking.ts";

/** An area under the ROC curve, and between which bounds it is. */
export interface AucInterval {
  readonly auc: number;
  readonly variance: number;
  /** Cut at 0 and 1. */
  readonly lower: number;
  readonly upper: number;
}

/**
 * The area under the ROC curve with its interval of confidence (DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837), as `ci.auc` of pROC. One
 * score per participant: those of several sessions depend on each other. An AUC of 0 or 1 has no variance, and an interval of no
 * width that means nothing. NaN where a class has less than two.
 *
 * @param labels 0 or 1.
 * @param options `level`: how many of such intervals hold the true value; default 0.95.
 * @throws ConfigError for labels that are neither 0 nor 1, or all alike, for scores that are NaN, or other lengths.
 * @example
 * ```ts
 * const { auc, lower, upper } = delong([0.9, 0.4, 0.7, 0.2], [1, 1, 0, 0]);
 * ```
 */
export function delong(
  scores: readonly number[],
  labels: readonly number[],
  { level = 0.95 }: { readonly level?: number } = {},
): AucInterval {
  checkLevel("delong", level);
  const placed = placements("delong", scores, labels);
  const spread = varianceOf(placed);
  const margin = -normalQuantile((1 - level) / 2) * Math.sqrt(spread);
  return {
    auc: placed.auc,
    variance: spread,
    lower: Math.max(0, placed.auc - margin),
    upper: Math.min(1, placed.auc + margin),
  };
}

/** How far the areas of two models are apart. */
export interface AucDifference {
  readonly aucs: readonly [number, number];
  /** The first less the second. */
  readonly difference: number;
  readonly variance: number;
  readonly lower: number;
  readonly upper: number;
  readonly z: number;
  /** Of no difference, two-sided; 1 where both areas are the same, NaN where one is 1 and the other 0. */
  readonly pValue: number;
}

/**
 * Whether two models, on the same participants, differ in their areas under the ROC curve (DeLong et al. 1988), as `roc.test` of pROC.
 *
 * @param labels 0 or 1, in the order of both.
 * @throws ConfigError as {@link delong}.
 * @example
 * ```ts
 * const labels = [1, 1, 1, 0, 0, 0];
 * const { difference } = delongTest([0.9, 0.8, 0.3, 0.4, 0.2, 0.1], [0.9, 0.2, 0.3, 0.4, 0.8, 0.1], labels);
 * console.log(difference.toFixed(4)); // → 0.3333
 * ```
 */
export function delongTest(
  first: readonly number[],
  second: readonly number[],
  labels: readonly number[],
  { level = 0.95 }: { readonly level?: number } = {},
): AucDifference {
  checkLevel("delongTest", level);
  const [a, b] = [placements("delongTest", first, labels), placements("delongTest", second, labels)];
  const difference = a.auc - b.auc;
  const apart: Placements = {
    auc: difference,
    positive: minus(a.positive, b.positive),
    negative: minus(a.negative, b.negative),
  };
  const spread = varianceOf(apart);
  const z = difference === 0 ? 0 : spread === 0 ? Number.NaN : difference / Math.sqrt(spread);
  const margin = -normalQuantile((1 - level) / 2) * Math.sqrt(spread);
  const bounds = { lower: difference - margin, upper: difference + margin };
  return { aucs: [a.auc, b.auc], difference, variance: spread, ...bounds, z, pValue: 2 * normalCdf(-Math.abs(z)) };
}

/** For each sample, the share of the other class that it is on the right side of. */
interface Placements {
  readonly auc: number;
  readonly positive: readonly number[];
  readonly negative: readonly number[];
}

function placements(what: string, scores: readonly number[], labels: readonly number[]): Placements {
  if (scores.length !== labels.length) {
    throw new ConfigError(`${what}: ${scores.length} scores, for ${labels.length} labels. Give one for each.`);
  }
  if (!bothClasses(labels)) throw new ConfigError(`${what} needs labels that are 0 and 1, and some of both.`);
  const nan = scores.findIndex(Number.isNaN);
  if (nan >= 0) throw new ConfigError(`${what}: score ${nan} is NaN. Leave out what has no score.`);
  const order = scores.map((_, i) => i).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;
  const shares = scores.map(() => 0);
  let [positivesBelow, negativesBelow] = [0, 0];
  for (const run of ties(order, scores)) {
    const here = run.reduce((sum, i) => sum + (labels[i] ?? 0), 0);
    const others = run.length - here;
    for (const i of run) {
      const isPositive = labels[i] === 1;
      shares[i] = isPositive
        ? (negativesBelow + others / 2) / negatives
        : (positives - positivesBelow - here + here / 2) / positives;
    }
    positivesBelow += here;
    negativesBelow += others;
  }
  const positive = shares.filter((_, i) => labels[i] === 1);
  return { auc: mean(positive), positive, negative: shares.filter((_, i) => labels[i] === 0) };
}

function varianceOf({ positive, negative }: Placements): number {
  return variance(positive) / positive.length + variance(negative) / negative.length;
}

function minus(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value - (b[i] ?? 0));
}

function checkLevel(what: string, level: number): void {
  if (level > 0 && level < 1) return;
  throw new ConfigError(`${what}: 'level' got ${level}. Give a share between 0 and 1, such as 0.95.`);
}
