import { z } from "zod";
import type { Input } from "../../../utils/config.ts";
import { Counter } from "../../serialization/python-values.ts";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { OptionScheduler } from "./option-scheduler.ts";
import { lastEpoch, times, unchanged } from "./scheduler.ts";

/** PyTorch keeps, and saves, how often each epoch is listed. */
const milestones = z.union([
  z.array(z.number().int().min(0)).transform((epochs): ReadonlyMap<number, number> => Counter.of(epochs)),
  z.map(z.number(), z.number()),
]);
const schema = z.strictObject({
  /** The epochs at which something changes, in order. */
  milestones,
  /** What the learning rate is multiplied by; default 0.1. */
  gamma: z.number().positive().default(0.1),
  /** The epoch that a run goes on from; -1, the default, begins one. */
  lastEpoch,
});

/**
 * The rate times `gamma` (default 0.1) at each of the epochs `milestones`; one that is listed twice counts twice.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * using sgd = new torch.optim.SGD(layer.parameters(), { lr: 1 });
 * const scheduler = new torch.optim.lrScheduler.MultiStepLR(sgd, { milestones: [1, 3], gamma: 0.5 });
 * const rates: number[] = [];
 * for (let epoch = 0; epoch < 4; epoch++) {
 *   rates.push(...scheduler.getLastLr());
 *   sgd.step();
 *   scheduler.step();
 * }
 * console.log(rates); // → [ 1, 0.5, 0.5, 0.25 ]
 * ```
 */
export class MultiStepLR extends OptionScheduler<z.output<typeof schema>> {
  constructor(optimizer: Optimizer, ...options: readonly [Input<typeof schema>]) {
    super(schema, optimizer, options);
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    const count = this.options.milestones.get(this.lastEpoch);
    return count === undefined ? unchanged(groups) : times(groups, this.options.gamma ** count);
  }
  protected override ownState(): Record<string, unknown> {
    return { ...super.ownState(), milestones: new Counter(this.options.milestones) };
  }
}
