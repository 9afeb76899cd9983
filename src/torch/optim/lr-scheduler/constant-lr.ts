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

/**
 * The rate times `factor` (default ⅓) for the first `totalIters` (5) epochs, then the full rate.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * using sgd = new torch.optim.SGD(layer.parameters(), { lr: 0.5 });
 * const scheduler = new torch.optim.lrScheduler.ConstantLR(sgd, { factor: 0.5, totalIters: 2 });
 * const rates: number[] = [];
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(...scheduler.getLastLr());
 *   sgd.step();
 *   scheduler.step();
 * }
 * console.log(rates); // → [ 0.25, 0.25, 0.5, 0.5 ]
 * ```
 */
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
