import { z } from "zod";
import type { Given } from "../../arguments.ts";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { OptionScheduler } from "./option-scheduler.ts";
import { lastEpoch, times, totalIters, unchanged } from "./scheduler.ts";

const schema = z.strictObject({
  /** The number of epochs after which the learning rate stays; default 5. */
  totalIters,
  /** The power of the polynomial; default 1. */
  power: z.number().default(1),
  /** The epoch that a run goes on from; -1, the default, begins one. */
  lastEpoch,
});

/**
 * The rate times (1 − epoch / `totalIters`)^`power`, down to 0 after `totalIters` (default 5) epochs.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * using sgd = new torch.optim.SGD(layer.parameters(), { lr: 1 });
 * const scheduler = new torch.optim.lrScheduler.PolynomialLR(sgd, { totalIters: 4, power: 2 });
 * const rates: number[] = [];
 * for (let epoch = 0; epoch < 5; epoch++) {
 *   rates.push(...scheduler.getLastLr());
 *   sgd.step();
 *   scheduler.step();
 * }
 * console.log(rates.map((rate) => rate.toFixed(4)).join(" ")); // → 1.0000 0.5625 0.2500 0.0625 0.0000
 * ```
 */
export class PolynomialLR extends OptionScheduler<z.output<typeof schema>> {
  constructor(optimizer: Optimizer, ...options: Given<z.input<typeof schema>>) {
    super(schema, optimizer, options);
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    const { lastEpoch: epoch } = this;
    const { totalIters: total, power } = this.options;
    if (epoch === 0 || epoch > total) return unchanged(groups);
    const left = (at: number) => 1 - at / total;
    return times(groups, (left(epoch) / left(epoch - 1)) ** power);
  }
}
