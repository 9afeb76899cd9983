import { z } from "zod";
import { parseWith } from "../../../utils/config.ts";
import { Counter } from "../../serialization/python-values.ts";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { LRScheduler, lastEpoch, times, unchanged } from "./scheduler.ts";

const schema = z.strictObject({
  milestones: z.array(z.number().int().min(0)),
  gamma: z.number().positive().default(0.1),
  lastEpoch,
});
const stateSchema = z.object({ milestones: z.map(z.number(), z.number()), gamma: z.number() });

/** The rate times `gamma` (default 0.1) at each of the epochs `milestones`; one that is listed twice counts twice. */
export class MultiStepLR extends LRScheduler {
  #milestones: ReadonlyMap<number, number>;
  #gamma: number;

  constructor(optimizer: Optimizer, options: z.input<typeof schema>) {
    const parsed = parseWith(schema, options, "MultiStepLR");
    super(optimizer, parsed);
    this.#milestones = Counter.of(parsed.milestones);
    this.#gamma = parsed.gamma;
    this.begin();
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    const count = this.#milestones.get(this.lastEpoch);
    return count === undefined ? unchanged(groups) : times(groups, this.#gamma ** count);
  }
  protected override ownState(): Record<string, unknown> {
    return { milestones: new Counter(this.#milestones), gamma: this.#gamma };
  }
  protected override loadOwnState(state: Readonly<Record<string, unknown>>): void {
    const parsed = parseWith(stateSchema, state, "MultiStepLR.loadStateDict");
    this.#milestones = parsed.milestones;
    this.#gamma = parsed.gamma;
  }
}
