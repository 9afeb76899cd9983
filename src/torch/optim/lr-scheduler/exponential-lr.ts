import { z } from "zod";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { OptionScheduler } from "./option-scheduler.ts";
import { lastEpoch, times, unchanged } from "./scheduler.ts";

const schema = z.strictObject({
  /** What the learning rate is multiplied by; required. */
  gamma: z.number().positive(),
  /** The epoch that a run goes on from; -1, the default, begins one. */
  lastEpoch,
});

/**
 * The rate times `gamma` at every epoch.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * using sgd = new torch.optim.SGD(layer.parameters(), { lr: 0.5 });
 * const scheduler = new torch.optim.lrScheduler.ExponentialLR(sgd, { gamma: 0.5 });
 * const rates: number[] = [];
 * for (let epoch = 0; epoch < 3; epoch++) {
 *   rates.push(...scheduler.getLastLr());
 *   sgd.step();
 *   scheduler.step();
 * }
 * console.log(rates); // → [ 0.5, 0.25, 0.125 ]
 * ```
 */
export class ExponentialLR extends OptionScheduler<z.output<typeof schema>> {
  constructor(optimizer: Optimizer, ...options: readonly [z.input<typeof schema>]) {
    super(schema, optimizer, options);
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    return this.lastEpoch === 0 ? unchanged(groups) : times(groups, this.options.gamma);
  }
}
