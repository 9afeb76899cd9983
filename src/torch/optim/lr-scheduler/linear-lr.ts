import { z } from "zod";
import type { Given } from "../../arguments.ts";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { OptionScheduler } from "./option-scheduler.ts";
import { lastEpoch, times, totalIters, unchanged } from "./scheduler.ts";

const schema = z.strictObject({
  /** What the learning rate is multiplied by at first, in (0, 1]; default 1/3. */
  startFactor: z
    .number()
    .positive()
    .max(1)
    .default(1 / 3),
  /** What it is multiplied by in the end, in [0, 1]; default 1. */
  endFactor: z.number().min(0).max(1).default(1),
  /** The number of epochs after which the learning rate stays; default 5. */
  totalIters,
  /** The epoch that a run goes on from; -1, the default, begins one. */
  lastEpoch,
});

/**
 * From the rate times `startFactor` (default ⅓) to the rate times `endFactor` (1) on a straight line of `totalIters` (5) epochs.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * using sgd = new torch.optim.SGD(layer.parameters(), { lr: 1 });
 * const scheduler = new torch.optim.lrScheduler.LinearLR(sgd, { startFactor: 0.5, totalIters: 2 });
 * const rates: number[] = [];
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(...scheduler.getLastLr());
 *   sgd.step();
 *   scheduler.step();
 * }
 * console.log(rates); // → [ 0.5, 0.75, 1, 1 ]
 * ```
 */
export class LinearLR extends OptionScheduler<z.output<typeof schema>> {
  constructor(optimizer: Optimizer, ...options: Given<z.input<typeof schema>>) {
    super(schema, optimizer, options);
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    const { startFactor, endFactor, totalIters: total } = this.options;
    if (this.lastEpoch === 0) return times(groups, startFactor);
    if (this.lastEpoch > total) return unchanged(groups);
    // the factor of this epoch over that of the last
    const rise = endFactor - startFactor;
    return times(groups, 1 + rise / (total * startFactor + (this.lastEpoch - 1) * rise));
  }
}
