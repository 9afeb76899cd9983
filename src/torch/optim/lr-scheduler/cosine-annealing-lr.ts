import { z } from "zod";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { OptionScheduler } from "./option-scheduler.ts";
import { lastEpoch, unchanged } from "./scheduler.ts";

const schema = z.strictObject({
  /** Epochs from the highest to the lowest learning rate. */
  tMax: z.number().int().min(1),
  /** The lowest learning rate; default 0. */
  etaMin: z.number().min(0).default(0),
  /** The epoch that a run goes on from; -1, the default, begins one. */
  lastEpoch,
});

/**
 * Half a cosine from the rate down to `etaMin` (default 0) in `tMax` epochs, and up again (Loshchilov & Hutter 2017).
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * using sgd = new torch.optim.SGD(layer.parameters(), { lr: 0.5 });
 * const scheduler = new torch.optim.lrScheduler.CosineAnnealingLR(sgd, { tMax: 2 });
 * const rates: number[] = [];
 * for (let epoch = 0; epoch < 3; epoch++) {
 *   rates.push(...scheduler.getLastLr());
 *   sgd.step();
 *   scheduler.step();
 * }
 * console.log(rates.map((rate) => rate.toFixed(2)).join(" ")); // → 0.50 0.25 0.00
 * ```
 */
export class CosineAnnealingLR extends OptionScheduler<z.output<typeof schema>> {
  constructor(optimizer: Optimizer, ...options: readonly [z.input<typeof schema>]) {
    super(schema, optimizer, options);
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    const { lastEpoch: epoch } = this;
    const { tMax, etaMin: min } = this.options;
    const height = (at: number) => 1 + Math.cos((Math.PI * at) / tMax);
    const base = (i: number) => this.baseLrs[i] ?? 0;
    if (epoch === 0) return unchanged(groups);
    // a scheduler that begins in the middle has no present rate to go on from
    if (this.stepCount === 1) return groups.map((_, i) => min + ((base(i) - min) * height(epoch)) / 2);
    // just after the lowest point the ratio below would be 0 / 0
    if ((epoch - 1 - tMax) % (2 * tMax) === 0) {
      return groups.map((group, i) => group.lr + ((base(i) - min) * (1 - Math.cos(Math.PI / tMax))) / 2);
    }
    return groups.map((group) => (height(epoch) / height(epoch - 1)) * (group.lr - min) + min);
  }
  // PyTorch writes this one with a capital
  protected override ownState(): Record<string, unknown> {
    return { T_max: this.options.tMax, eta_min: this.options.etaMin };
  }
  protected override loadOwnState(state: Readonly<Record<string, unknown>>): void {
    super.loadOwnState({ ...state, t_max: state.T_max });
  }
}
