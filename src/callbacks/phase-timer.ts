import * as torch from "../torch/index.ts";
import { asRecord } from "./quantity-monitoring.ts";

/** Measures how long a phase takes, up to a number of times. On the host's clock: the GPU is not waited for. */
export class PhaseTimer {
  readonly name: string;
  readonly limit: number;
  times: number[] = [];
  #started: number | null = null;

  /** @param limit the number of measurements; 0: all. */
  constructor(name: string, limit = 0) {
    this.name = name;
    this.limit = limit;
  }
  get running(): boolean {
    return this.#started !== null;
  }
  start(): void {
    if (this.limit === 0 || this.times.length < this.limit) this.#started = performance.now();
  }
  stop(): void {
    if (this.#started === null) return;
    this.times.push((performance.now() - this.#started) / 1000);
    this.#started = null;
  }
  /** Forgets a measurement that was begun. */
  cancel(): void {
    this.#started = null;
  }

  /** As ClinicaDL writes it: seconds. */
  stateDict(): Record<string, unknown> {
    const state: Record<string, unknown> = {
      times: this.times.map((time) => torch.float(time)),
      gpu_times: [],
      gpu_max_mem: [],
      n_measured: this.times.length,
    };
    if (this.#started !== null) state.elapsed = torch.float((performance.now() - this.#started) / 1000);
    return state;
  }
  loadStateDict(state: unknown): void {
    const { times, elapsed } = asRecord(state, `the measurements of ${this.name}`);
    this.times = (Array.isArray(times) ? times : []).map(Number);
    // a phase that goes on counts what it took before
    if (this.#started !== null && elapsed !== undefined) this.#started -= Number(elapsed) * 1000;
  }
}

/** `1.93e-02 ± 2.67e-03 [6]`. */
export function meanAndDeviation(times: readonly number[]): string {
  if (times.length === 0) return "";
  const mean = average(times);
  if (times.length === 1) return `${exponential(mean)} [1]`;
  const deviation = Math.sqrt(times.reduce((sum, t) => sum + (t - mean) ** 2, 0) / (times.length - 1));
  return `${exponential(mean)} ± ${exponential(deviation)} [${times.length}]`;
}

export function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function exponential(value: number): string {
  return value.toExponential(2).replace(/e([+-])(\d)$/, "e$10$2");
}
