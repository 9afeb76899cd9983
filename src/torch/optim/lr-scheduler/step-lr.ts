import { z } from "zod";
import { parseWith } from "../../../utils/config.ts";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { LRScheduler, lastEpoch, times, unchanged } from "./scheduler.ts";

const schema = z.strictObject({
  stepSize: z.number().int().min(1),
  gamma: z.number().positive().default(0.1),
  lastEpoch,
});
const stateSchema = z.object({ step_size: z.number(), gamma: z.number() });

/** The rate times `gamma` (default 0.1) every `stepSize` epochs. */
export class StepLR extends LRScheduler {
  #stepSize: number;
  #gamma: number;

  constructor(optimizer: Optimizer, options: z.input<typeof schema>) {
    const parsed = parseWith(schema, options, "StepLR");
    super(optimizer, parsed);
    this.#stepSize = parsed.stepSize;
    this.#gamma = parsed.gamma;
    this.begin();
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    const now = this.lastEpoch > 0 && this.lastEpoch % this.#stepSize === 0;
    return now ? times(groups, this.#gamma) : unchanged(groups);
  }
  protected override ownState(): Record<string, unknown> {
    return { step_size: this.#stepSize, gamma: this.#gamma };
  }
  protected override loadOwnState(state: Readonly<Record<string, unknown>>): void {
    const parsed = parseWith(stateSchema, state, "StepLR.loadStateDict");
    this.#stepSize = parsed.step_size;
    this.#gamma = parsed.gamma;
  }
}
