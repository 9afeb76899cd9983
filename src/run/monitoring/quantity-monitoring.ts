import type { Optimum } from "../../metrics/index.ts";
import * as torch from "../../torch/index.ts";
import { asRecord } from "../checkpoint/as-record.ts";

export interface Improvement {
  /** An improvement is more than this. Default 0. */
  readonly minDelta?: number;
  /** Whether `minDelta` is a share of the best value. Default false. */
  readonly relative?: boolean;
  /** What the first value must improve upon; null: nothing. Default null. */
  readonly baseline?: number | null;
}

/** Follows a value: its best one so far, and for how many values it has not improved. NaN is no improvement. */
export class QuantityMonitoring {
  readonly mode: Optimum;
  readonly #minDelta: number;
  readonly #relative: boolean;
  best: number;
  numNonImprovements = 0;

  constructor(mode: Optimum, { minDelta = 0, relative = false, baseline = null }: Improvement = {}) {
    this.mode = mode;
    this.#minDelta = minDelta;
    this.#relative = relative;
    this.best = baseline ?? (mode === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY);
  }

  /** Takes a value into account; says whether it is better than the best one by more than `minDelta`. */
  step(value: number): boolean {
    const isFirst = !Number.isFinite(this.best);
    const delta = this.#relative && !isFirst ? this.#minDelta * Math.abs(this.best) : this.#minDelta;
    const better = this.mode === "min" ? value < this.best - delta : value > this.best + delta;
    if (better) {
      this.best = value;
      this.numNonImprovements = 0;
    } else {
      this.numNonImprovements++;
    }
    return better;
  }

  stateDict(): Record<string, unknown> {
    return { best: torch.float(this.best), num_non_improvements: this.numNonImprovements };
  }
  loadStateDict(state: unknown): void {
    const { best, num_non_improvements } = asRecord(state, "the state of a monitored metric");
    this.best = Number(best);
    this.numNonImprovements = Number(num_non_improvements);
  }
}
