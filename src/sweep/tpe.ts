import { makeParzen } from "./parzen.ts";
import { drawUniform, type Range } from "./space.ts";

/** A trial as a sampler sees it. */
export interface PastTrial {
  /** Its value of the parameter; of a choice, the index. */
  readonly value: number;
  /** What it reached, or had when it was stopped early; null while it runs. */
  readonly score: number | null;
  /** After which epoch it was stopped early. Default: it was not. */
  readonly stoppedAfter?: number;
}

/** As many trials are drawn evenly before TPE begins. */
const STARTUP = 10;
const CANDIDATES = 24;

/**
 * The next value of one parameter by the Tree-structured Parzen Estimator (Bergstra et al. 2011), univariate, with the defaults of
 * Optuna: ten trials drawn evenly, then the best of 24 candidates by the ratio of two densities, of good trials and of the others.
 * @param trials in the order in which they began.
 * @param uniform gives numbers from 0 to below 1.
 */
export function sampleTpe(
  range: Range,
  trials: readonly PastTrial[],
  direction: "min" | "max",
  uniform: () => number,
): number {
  if (trials.filter(({ score }) => score !== null).length < STARTUP) return drawUniform(range, uniform);
  const [good, others] = splitTrials(trials, direction);
  const [below, above] = [makeParzen(range, good), makeParzen(range, others)];
  let best = below.draw(uniform);
  let ratio = below.logDensity(best) - above.logDensity(best);
  for (let i = 1; i < CANDIDATES; i++) {
    const candidate = below.draw(uniform);
    const its = below.logDensity(candidate) - above.logDensity(candidate);
    if (its > ratio) [best, ratio] = [candidate, its];
  }
  return best;
}

/**
 * The values of the best tenth of the trials that have ended (at most 25), and of all others; both in the order of the trials.
 * Complete ones come before those that were stopped early, of which the later is the better. Running ones are among the others, so
 * that processes do not all try the same (Optuna's `constant_liar`).
 */
export function splitTrials(
  trials: readonly PastTrial[],
  direction: "min" | "max",
): readonly [good: readonly number[], others: readonly number[]] {
  const sign = direction === "min" ? 1 : -1;
  const ended = trials.filter((trial): trial is PastTrial & { score: number } => trial.score !== null);
  const epochs = ({ stoppedAfter }: PastTrial): number => stoppedAfter ?? Number.MAX_SAFE_INTEGER;
  const ranked = [...ended].sort((a, b) => epochs(b) - epochs(a) || sign * (a.score - b.score));
  const good = new Set<PastTrial>(ranked.slice(0, Math.min(Math.ceil(ended.length / 10), 25)));
  return [
    trials.filter((trial) => good.has(trial)).map(({ value }) => value),
    trials.filter((trial) => !good.has(trial)).map(({ value }) => value),
  ];
}
