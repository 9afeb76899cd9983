import { z } from "zod";
import { parseWith } from "../../../utils/config.ts";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { LRScheduler, lastEpoch, times, totalIters, unchanged } from "./scheduler.ts";

const schema = z.strictObject({
  factor: z
    .number()
    .positive()
    .max(1)
    .default(1 / 3),
  totalIters,
  lastEpoch,
});
const stateSchema = z.object({ factor: z.number(), total_iters: z.number() });

/** The rate times `factor` (default ⅓) for the first `totalIters` (5) epochs, then the full rate. */
export class ConstantLR extends LRScheduler {
  #factor: number;
  #totalIters: number;

  constructor(optimizer: Optimizer, options: z.input<typeof schema> = {}) {
    const parsed = parseWith(schema, options, "ConstantLR");
    super(optimizer, parsed);
    this.#factor = parsed.factor;
    this.#totalIters = parsed.totalIters;
    this.begin();
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    if (this.lastEpoch === 0) return times(groups, this.#factor);
    return this.lastEpoch === this.#totalIters ? times(groups, 1 / this.#factor) : unchanged(groups);
  }
  protected override ownState(): Record<string, unknown> {
    return { factor: this.#factor, total_iters: this.#totalIters };
  }
  protected override loadOwnState(state: Readonly<Record<string, unknown>>): void {
    const parsed = parseWith(stateSchema, state, "ConstantLR.loadStateDict");
    this.#factor = parsed.factor;
    this.#totalIters = parsed.total_iters;
  }
}
