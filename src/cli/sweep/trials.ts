import { rangesOf, type Study, type Sweep, type Trial } from "../../sweep/index.ts";
import { alignedTable, shownNumber } from "../table.ts";

/** A trial as it is printed. */
export interface TrialRow {
  readonly number: number;
  readonly state: Trial["state"];
  readonly score: number | null;
  /** After which epoch it was pruned; null where it was not. */
  readonly epochs: number | null;
  /** The values that the experiment file gets, by their keys. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** Values as the experiment file has them: of a choice, not the index. */
export function experimentValues(sweep: Sweep, { values }: Pick<Trial, "values">): Record<string, unknown> {
  return Object.fromEntries(
    [...rangesOf(sweep)].map(([name, range]) => {
      const value = values[name];
      return [name, range.kind === "choice" && value !== undefined ? range.choices[value] : value];
    }),
  );
}

/** What `--set` of `train` gets for a trial. @param maps its MAPS. */
export function trialChanges(sweep: Sweep, trial: Pick<Trial, "values">, maps: string): string[] {
  const values = { ...experimentValues(sweep, trial), maps };
  return Object.entries(values).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
}

export function trialRows(sweep: Sweep, study: Study): TrialRow[] {
  return study.trials.map((trial) => {
    const { number, state, score, epochs } = trial;
    return { number, state, score, epochs, values: experimentValues(sweep, trial) };
  });
}

/** A line for each trial, and which is the best. */
export function shownTrials(sweep: Sweep, study: Study): string {
  const names = [...rangesOf(sweep).keys()];
  const rows = trialRows(sweep, study).map(({ number, state, score, epochs, values }) => [
    String(number),
    epochs === null ? state : `${state} after epoch ${epochs}`,
    shownNumber(score ?? Number.NaN),
    ...names.map((name) => {
      const value = values[name];
      return typeof value === "number" ? shownNumber(value) : JSON.stringify(value);
    }),
  ]);
  const { best } = study;
  const last = best === null ? "no trial is complete" : `best: trial ${best.number}`;
  return [...alignedTable([["trial", "state", sweep.metric, ...names], ...rows]), last].join("\n");
}
