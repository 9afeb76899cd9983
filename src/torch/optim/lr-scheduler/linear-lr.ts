import { z } from "zod";
import { parseWith } from "../../../utils/config.ts";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { LRScheduler, lastEpoch, times, totalIters, unchanged } from "./scheduler.ts";

const schema = z.strictObject({
  startFactor: z
    .number()
    .positive()
    .max(1)
    .default(1 / 3),
  endFactor: z.number().min(0).max(1).default(1),
  totalIters,
  lastEpoch,
});
const stateSchema = z.object({ start_factor: z.number(), end_factor: z.number(), total_iters: z.number() });

/** From the rate times `startFactor` (default ⅓) to the rate times `endFactor` (1) on a straight line of `totalIters` (5) epochs. */
export class LinearLR extends LRScheduler {
  #startFactor: number;
  #endFactor: number;
  #totalIters: number;

  constructor(optimizer: Optimizer, options: z.input<typeof schema> = {}) {
    const parsed = parseWith(schema, options, "LinearLR");
    super(optimizer, parsed);
    this.#startFactor = parsed.startFactor;
    this.#endFactor = parsed.endFactor;
    this.#totalIters = parsed.totalIters;
    this.begin();
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    if (this.lastEpoch === 0) return times(groups, this.#startFactor);
    if (this.lastEpoch > this.#totalIters) return unchanged(groups);
    // the factor of this epoch over that of the last
    const rise = this.#endFactor - this.#startFactor;
    return times(groups, 1 + rise / (this.#totalIters * this.#startFactor + (this.lastEpoch - 1) * rise));
  }
  protected override ownState(): Record<string, unknown> {
    return { start_factor: this.#startFactor, end_factor: this.#endFactor, total_iters: this.#totalIters };
  }
  protected override loadOwnState(state: Readonly<Record<string, unknown>>): void {
    const parsed = parseWith(stateSchema, state, "LinearLR.loadStateDict");
    this.#startFactor = parsed.start_factor;
    this.#endFactor = parsed.end_factor;
    this.#totalIters = parsed.total_iters;
  }
}
