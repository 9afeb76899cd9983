import { z } from "zod";
import { parseWith } from "../../../utils/config.ts";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { LRScheduler, lastEpoch, times, unchanged } from "./scheduler.ts";

const schema = z.strictObject({ gamma: z.number().positive(), lastEpoch });
const stateSchema = z.object({ gamma: z.number() });

/** The rate times `gamma` at every epoch. */
export class ExponentialLR extends LRScheduler {
  #gamma: number;

  constructor(optimizer: Optimizer, options: z.input<typeof schema>) {
    const parsed = parseWith(schema, options, "ExponentialLR");
    super(optimizer, parsed);
    this.#gamma = parsed.gamma;
    this.begin();
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    return this.lastEpoch === 0 ? unchanged(groups) : times(groups, this.#gamma);
  }
  protected override ownState(): Record<string, unknown> {
    return { gamma: this.#gamma };
  }
  protected override loadOwnState(state: Readonly<Record<string, unknown>>): void {
    this.#gamma = parseWith(stateSchema, state, "ExponentialLR.loadStateDict").gamma;
  }
}
