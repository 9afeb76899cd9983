import { z } from "zod";
import type { Given } from "../../arguments.ts";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { OptionScheduler } from "./option-scheduler.ts";
import { lastEpoch, times, totalIters, unchanged } from "./scheduler.ts";

const schema = z.strictObject({
  /** What the learning rate is multiplied by; default 1/3. */
  factor: z
    .number()
    .positive()
    .max(1)
    .default(1 / 3),
  /** The number of epochs after which the learning rate stays; default 5. */
  totalIters,
  /** The epoch that a run goes on from; -1, the default, begins one. */
  lastEpoch,
});

/** The rate times `factor` (default ⅓) for the first `totalIters` (5) epochs, then the full rate. */
export class ConstantLR extends OptionScheduler<z.output<typeof schema>> {
  constructor(optimizer: Optimizer, ...options: Given<z.input<typeof schema>>) {
    super(schema, optimizer, options);
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    const { factor, totalIters: total } = this.options;
    if (this.lastEpoch === 0) return times(groups, factor);
    return this.lastEpoch === total ? times(groups, 1 / factor) : unchanged(groups);
  }
}
