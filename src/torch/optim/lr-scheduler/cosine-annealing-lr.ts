import { z } from "zod";
import { parseWith } from "../../../utils/config.ts";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { LRScheduler, lastEpoch, unchanged } from "./scheduler.ts";

const schema = z.strictObject({ tMax: z.number().int().min(1), etaMin: z.number().min(0).default(0), lastEpoch });
const stateSchema = z.object({ T_max: z.number(), eta_min: z.number() });

/** Half a cosine from the rate down to `etaMin` (default 0) in `tMax` epochs, and up again (Loshchilov & Hutter 2017). */
export class CosineAnnealingLR extends LRScheduler {
  #tMax: number;
  #etaMin: number;

  constructor(optimizer: Optimizer, options: z.input<typeof schema>) {
    const parsed = parseWith(schema, options, "CosineAnnealingLR");
    super(optimizer, parsed);
    this.#tMax = parsed.tMax;
    this.#etaMin = parsed.etaMin;
    this.begin();
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    const { lastEpoch: epoch } = this;
    const min = this.#etaMin;
    const height = (at: number) => 1 + Math.cos((Math.PI * at) / this.#tMax);
    const base = (i: number) => this.baseLrs[i] ?? 0;
    if (epoch === 0) return unchanged(groups);
    // a scheduler that begins in the middle has no present rate to go on from
    if (this.stepCount === 1) return groups.map((_, i) => min + ((base(i) - min) * height(epoch)) / 2);
    // just after the lowest point the ratio below would be 0 / 0
    if ((epoch - 1 - this.#tMax) % (2 * this.#tMax) === 0) {
      return groups.map((group, i) => group.lr + ((base(i) - min) * (1 - Math.cos(Math.PI / this.#tMax))) / 2);
    }
    return groups.map((group) => (height(epoch) / height(epoch - 1)) * (group.lr - min) + min);
  }
  protected override ownState(): Record<string, unknown> {
    return { T_max: this.#tMax, eta_min: this.#etaMin };
  }
  protected override loadOwnState(state: Readonly<Record<string, unknown>>): void {
    const parsed = parseWith(stateSchema, state, "CosineAnnealingLR.loadStateDict");
    this.#tMax = parsed.T_max;
    this.#etaMin = parsed.eta_min;
  }
}
