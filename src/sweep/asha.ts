/** Where successive halving stops trials. */
export interface AshaOptions {
  /** Epochs before a trial can be stopped. */
  readonly minEpochs: number;
  /** Of so many trials one goes on, at each rung; a rung is at so many times the epochs of the one before. */
  readonly reductionFactor: number;
}

/** At which rung a trial has been, with its metric there. */
export interface RungEntry {
  readonly trial: number;
  readonly rung: number;
  readonly value: number;
}

/**
 * Asynchronous successive halving (Li et al. 2020, A System for Massively Parallel Hyperparameter Tuning), as Optuna's
 * `SuccessiveHalvingPruner` does it: a trial that arrives at a rung goes on if it is among the best of those that were there.
 *
 * @param trial the number of the trial.
 * @param last its metric after the latest epoch.
 * @param entries what all trials, this one included, had at their rungs.
 * @returns whether it stops, and its new entries, to be kept for the trials to come.
 */
export function asha(
  { minEpochs, reductionFactor }: AshaOptions,
  direction: "min" | "max",
  trial: number,
  last: { readonly epoch: number; readonly value: number },
  entries: readonly RungEntry[],
): { readonly stop: boolean; readonly added: readonly RungEntry[] } {
  const added: RungEntry[] = [];
  let rung = entries.filter((entry) => entry.trial === trial).length;
  while (last.epoch >= minEpochs * reductionFactor ** rung) {
    // what is not a number is no better than anything
    if (Number.isNaN(last.value)) return { stop: true, added };
    const own = { trial, rung, value: last.value };
    added.push(own);
    const values = [...entries.filter((entry) => entry.rung === rung), own].map(({ value }) => value);
    values.sort((a, b) => (direction === "min" ? a - b : b - a));
    // of fewer trials than the factor, the best goes on
    const worst = values[Math.max(Math.floor(values.length / reductionFactor), 1) - 1] ?? last.value;
    if (direction === "min" ? last.value > worst : last.value < worst) return { stop: true, added };
    rung += 1;
  }
  return { stop: false, added };
}
