import { Rng } from "../utils/random/index.ts";
import { rangesOf, type Sweep } from "./config.ts";
import { drawUniform } from "./space.ts";
import { type PastTrial, sampleTpe } from "./tpe.ts";
import type { Trial } from "./trial.ts";

/**
 * The values of the next trial, one for each parameter; of a choice, its index. What is drawn follows from the seed and the number of
 * the trial, and with TPE from the trials before.
 */
export function suggest(sweep: Sweep, trials: readonly Trial[]): Record<string, number> {
  const number = trials.length;
  const rng = new Rng(sweep.seed, number);
  const uniform = (): number => rng.uniform();
  let combination = number;
  const values: Record<string, number> = {};
  for (const [name, range] of rangesOf(sweep)) {
    if (sweep.sampler === "grid" && range.kind === "choice") {
      values[name] = combination % range.choices.length;
      combination = Math.floor(combination / range.choices.length);
    } else if (sweep.sampler === "tpe") {
      values[name] = sampleTpe(range, pastOf(name, trials), sweep.direction, uniform);
    } else {
      values[name] = drawUniform(range, uniform);
    }
  }
  return values;
}

/** The trials with a value of this parameter; failed ones say nothing of it. */
function pastOf(name: string, trials: readonly Trial[]): PastTrial[] {
  return trials.flatMap(({ values, state, score, epochs }): PastTrial[] => {
    const value = values[name];
    return value === undefined || state === "failed"
      ? []
      : [{ value, score, ...(epochs === null ? {} : { stoppedAfter: epochs }) }];
  });
}
