import { experimentValues, rangesOf, type ShownState, type Study, type Sweep, shownState } from "../../sweep/index.ts";
import { alignedTable, shownNumber } from "../table.ts";

/** A trial as it is printed. */
export interface TrialRow {
  readonly number: number;
  readonly state: ShownState;
  readonly score: number | null;
  /** The standard deviation over its trainings; null where there are no two. */
  readonly sd: number | null;
  /** After which epoch it was pruned; null where it was not. */
  readonly epochs: number | null;
  /** The values that the experiment file gets, by their keys. */
  readonly values: Readonly<Record<string, unknown>>;
}

export function trialRows(sweep: Sweep, study: Study): TrialRow[] {
  return study.trials.map((trial) => {
    const { number, score, sd, epochs } = trial;
    const state = shownState(study.path, sweep, trial);
    return { number, state, score, sd, epochs, values: experimentValues(sweep, trial) };
  });
}

/** A line for each trial, and which is the best. */
export function shownTrials(sweep: Sweep, study: Study): string {
  const names = [...rangesOf(sweep).keys()];
  const rows = trialRows(sweep, study).map(({ number, state, score, sd, epochs, values }) => [
    String(number),
    epochs === null ? state : `${state} after epoch ${epochs}`,
    shownNumber(score ?? Number.NaN),
    shownNumber(sd ?? Number.NaN),
    ...names.map((name) => {
      const value = values[name];
      return typeof value === "number" ? shownNumber(value) : JSON.stringify(value);
    }),
  ]);
  const { best } = study;
  const last = best === null ? "no trial is complete" : `best: trial ${best.number}`;
  return [...alignedTable([["trial", "state", sweep.metric, "sd", ...names], ...rows]), last].join("\n");
}
