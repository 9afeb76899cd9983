import { z } from "zod";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { OptionScheduler } from "./option-scheduler.ts";
import { lastEpoch, times, unchanged } from "./scheduler.ts";

const schema = z.strictObject({
  /** Epochs from one change to the next. */
  stepSize: z.number().int().min(1),
  /** What the learning rate is multiplied by; default 0.1. */
  gamma: z.number().positive().default(0.1),
  /** The epoch that a run goes on from; -1, the default, begins one. */
  lastEpoch,
});

/**
 * The rate times `gamma` (default 0.1) every `stepSize` epochs.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * using sgd = new torch.optim.SGD(layer.parameters(), { lr: 1 });
 * const scheduler = new torch.optim.lrScheduler.StepLR(sgd, { stepSize: 2, gamma: 0.5 });
 * const rates: number[] = [];
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(...scheduler.getLastLr());
 *   sgd.step();
 *   scheduler.step();
 * }
 * console.log(rates); // → [ 1, 1, 0.5, 0.5 ]
 * ```
 */
export class StepLR extends OptionScheduler<z.output<typeof schema>> {
  constructor(optimizer: Optimizer, ...options: readonly [z.input<typeof schema>]) {
    super(schema, optimizer, options);
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    const now = this.lastEpoch > 0 && this.lastEpoch % this.options.stepSize === 0;
    return now ? times(groups, this.options.gamma) : unchanged(groups);
  }
}
