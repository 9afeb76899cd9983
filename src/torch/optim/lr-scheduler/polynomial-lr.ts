import { z } from "zod";
import { parseWith } from "../../../utils/config.ts";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { LRScheduler, lastEpoch, times, totalIters, unchanged } from "./scheduler.ts";

const schema = z.strictObject({ totalIters, power: z.number().default(1), lastEpoch });
const stateSchema = z.object({ total_iters: z.number(), power: z.number() });

/** The rate times (1 − epoch / `totalIters`)^`power`, down to 0 after `totalIters` (default 5) epochs. */
export class PolynomialLR extends LRScheduler {
  #totalIters: number;
  #power: number;

  constructor(optimizer: Optimizer, options: z.input<typeof schema> = {}) {
    const parsed = parseWith(schema, options, "PolynomialLR");
    super(optimizer, parsed);
    this.#totalIters = parsed.totalIters;
    this.#power = parsed.power;
    this.begin();
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    const { lastEpoch: epoch } = this;
    if (epoch === 0 || epoch > this.#totalIters) return unchanged(groups);
    const left = (at: number) => 1 - at / this.#totalIters;
    return times(groups, (left(epoch) / left(epoch - 1)) ** this.#power);
  }
  protected override ownState(): Record<string, unknown> {
    return { total_iters: this.#totalIters, power: this.#power };
  }
  protected override loadOwnState(state: Readonly<Record<string, unknown>>): void {
    const parsed = parseWith(stateSchema, state, "PolynomialLR.loadStateDict");
    this.#totalIters = parsed.total_iters;
    this.#power = parsed.power;
  }
}
