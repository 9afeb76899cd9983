import { z } from "zod";
import { type Input, parseWith } from "../../../utils/config.ts";
import { ConfigError } from "../../../utils/exceptions.ts";
import type { Optimizer } from "../optimizer.ts";
import type { ParamGroup } from "../param-group.ts";
import { LRScheduler, lastEpoch, schedulerOptions } from "./scheduler.ts";

const perGroup = (value: z.ZodNumber) => z.union([value, z.array(value)]);
const count = z.number().int().min(1).nullish();
const schema = z.strictObject({
  /** The highest learning rate; or a list, one for each group. */
  maxLr: perGroup(z.number().positive()),
  /** Steps of the whole cycle; or give `epochs` and `stepsPerEpoch`. */
  totalSteps: count,
  /** Epochs of the whole cycle; with `stepsPerEpoch`, in place of `totalSteps`. */
  epochs: count,
  /** Steps of an epoch; with `epochs`, in place of `totalSteps`. */
  stepsPerEpoch: count,
  /** The part of the cycle in which the learning rate rises, in [0, 1]; default 0.3. */
  pctStart: z.number().min(0).max(1).default(0.3),
  /** How it changes: "cos" (the default) or "linear". */
  annealStrategy: z.enum(["cos", "linear"]).default("cos"),
  /** Whether the momentum (the first of `betas`) falls as the learning rate rises; default true. */
  cycleMomentum: z.boolean().default(true),
  /** The lowest momentum; default 0.85. */
  baseMomentum: perGroup(z.number()).default(0.85),
  /** The highest momentum; default 0.95. */
  maxMomentum: perGroup(z.number()).default(0.95),
  /** `maxLr` divided by the first learning rate; default 25. */
  divFactor: z.number().positive().default(25),
  /** The first learning rate divided by the last; default 1e4. */
  finalDivFactor: z.number().positive().default(1e4),
  /** Whether the last fall is a phase of its own; default false. */
  threePhase: z.boolean().default(false),
  /** The epoch that a run goes on from; -1, the default, begins one. */
  lastEpoch,
});

const lrNames = z.enum(["initial_lr", "max_lr", "min_lr"]);
const momentumNames = z.enum(["max_momentum", "base_momentum"]);
const phaseSchema = z.object({
  end_step: z.number(),
  start_lr: lrNames,
  end_lr: lrNames,
  start_momentum: momentumNames,
  end_momentum: momentumNames,
});
const stateSchema = z.object({
  total_steps: z.number(),
  _schedule_phases: z.array(phaseSchema),
  _anneal_func_type: z.enum(["cos", "linear"]),
  cycle_momentum: z.boolean(),
  use_beta1: z.boolean().default(false),
});
type State = z.output<typeof stateSchema>;
type Phase = z.output<typeof phaseSchema>;

/**
 * One cycle: up from `maxLr / divFactor` to `maxLr` in the first `pctStart` of the steps, then down to
 * `maxLr / (divFactor · finalDivFactor)`; the momentum (or β1) goes the other way (Smith & Topin 2018,
 * https://arxiv.org/abs/1708.07120). Step it after every batch.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1);
 * using sgd = new torch.optim.SGD(layer.parameters(), { lr: 0.1, momentum: 0.9 });
 * const scheduler = new torch.optim.lrScheduler.OneCycleLR(sgd, { maxLr: 0.5, totalSteps: 10 });
 * const rates: number[] = [];
 * for (let step = 0; step < 9; step++) {
 *   rates.push(...scheduler.getLastLr());
 *   sgd.step();
 *   scheduler.step();
 * }
 * console.log(rates.map((rate) => rate.toFixed(2)).join(" ")); // → 0.02 0.26 0.50 0.48 0.41 0.31 0.19 0.09 0.02
 * ```
 */
export class OneCycleLR extends LRScheduler {
  #state: State;

  constructor(optimizer: Optimizer, ...options: readonly [Input<typeof schema>]) {
    const parsed = parseWith(schema, schedulerOptions("OneCycleLR", optimizer, options, schema), "OneCycleLR");
    const total = totalSteps(parsed);
    const { paramGroups } = optimizer;
    const usesBetas = paramGroups[0]?.betas !== undefined;
    const usesMomentum = paramGroups[0]?.momentum !== undefined;
    if (parsed.cycleMomentum && !usesBetas && !usesMomentum) {
      throw new ConfigError("OneCycleLR: 'cycleMomentum' needs an optimizer with momentum or betas.");
    }
    if (parsed.lastEpoch === -1) prepareGroups(paramGroups, parsed);
    super(optimizer, parsed);
    this.#state = {
      total_steps: total,
      _schedule_phases: phases(total, parsed.pctStart, parsed.threePhase),
      _anneal_func_type: parsed.annealStrategy,
      cycle_momentum: parsed.cycleMomentum,
      use_beta1: usesBetas,
    };
    this.begin();
  }

  protected override nextLrs(groups: readonly ParamGroup[]): number[] {
    const step = this.lastEpoch;
    const { total_steps: total, _schedule_phases: all, cycle_momentum: cycles, use_beta1: usesBetas } = this.#state;
    if (step > total) throw new ConfigError(`OneCycleLR: step ${step} is beyond its ${total} steps.`);
    const found = all.findIndex((phase) => step <= phase.end_step);
    const index = found < 0 ? all.length - 1 : found;
    const phase = all[index];
    if (phase === undefined) throw new ConfigError("OneCycleLR: its state has no phases.");
    const start = index === 0 ? 0 : (all[index - 1]?.end_step ?? 0);
    const progress = (step - start) / (phase.end_step - start);
    return groups.map((group) => {
      if (cycles) {
        const momentum = this.#anneal(bound(group, phase.start_momentum), bound(group, phase.end_momentum), progress);
        if (usesBetas && group.betas !== undefined) group.betas = [momentum, group.betas[1]];
        else group.momentum = momentum;
      }
      return this.#anneal(bound(group, phase.start_lr), bound(group, phase.end_lr), progress);
    });
  }

  #anneal(start: number, end: number, progress: number): number {
    return this.#state._anneal_func_type === "cos"
      ? end + ((start - end) / 2) * (Math.cos(Math.PI * progress) + 1)
      : (end - start) * progress + start;
  }

  protected override ownState(): Record<string, unknown> {
    const { use_beta1, ...state } = structuredClone(this.#state);
    return state.cycle_momentum ? { ...state, use_beta1 } : state;
  }
  protected override loadOwnState(state: Readonly<Record<string, unknown>>): void {
    this.#state = parseWith(stateSchema, state, "OneCycleLR.loadStateDict");
  }
}

function totalSteps(options: z.output<typeof schema>): number {
  if (options.totalSteps != null) return options.totalSteps;
  if (options.epochs != null && options.stepsPerEpoch != null) return options.epochs * options.stepsPerEpoch;
  throw new ConfigError("OneCycleLR: give either 'totalSteps', or 'epochs' and 'stepsPerEpoch'.");
}

type Lr = Phase["start_lr"];
type Momentum = Phase["start_momentum"];

function phases(total: number, pctStart: number, three: boolean): Phase[] {
  const phase = (end: number, fromLr: Lr, toLr: Lr, fromMomentum: Momentum, toMomentum: Momentum): Phase => ({
    end_step: end,
    start_lr: fromLr,
    end_lr: toLr,
    start_momentum: fromMomentum,
    end_momentum: toMomentum,
  });
  const up = phase(pctStart * total - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum");
  if (!three) return [up, phase(total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum")];
  return [
    up,
    phase(2 * pctStart * total - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
    phase(total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
  ];
}

/** Writes the bounds of the cycle into the groups, where PyTorch keeps them too. */
function prepareGroups(groups: readonly ParamGroup[], options: z.output<typeof schema>): void {
  const maxLrs = forGroups(options.maxLr, groups, "maxLr");
  const maxMomenta = forGroups(options.maxMomentum, groups, "maxMomentum");
  const baseMomenta = forGroups(options.baseMomentum, groups, "baseMomentum");
  for (const [i, group] of groups.entries()) {
    const maxLr = maxLrs[i] ?? 0;
    group.initialLr = maxLr / options.divFactor;
    group.maxLr = maxLr;
    group.minLr = group.initialLr / options.finalDivFactor;
    if (!options.cycleMomentum) continue;
    const maxMomentum = maxMomenta[i] ?? 0;
    if (group.betas !== undefined) group.betas = [maxMomentum, group.betas[1]];
    else group.momentum = maxMomentum;
    group.maxMomentum = maxMomentum;
    group.baseMomentum = baseMomenta[i] ?? 0;
  }
}

function forGroups(value: number | readonly number[], groups: readonly ParamGroup[], name: string): readonly number[] {
  if (typeof value === "number") return groups.map(() => value);
  if (value.length !== groups.length) {
    throw new ConfigError(`OneCycleLR: '${name}' has ${value.length} values for ${groups.length} groups.`);
  }
  return value;
}

function bound(group: ParamGroup, name: z.output<typeof lrNames> | z.output<typeof momentumNames>): number {
  const fields = {
    initial_lr: group.initialLr,
    max_lr: group.maxLr,
    min_lr: group.minLr,
    max_momentum: group.maxMomentum,
    base_momentum: group.baseMomentum,
  };
  const value = fields[name];
  if (value === undefined)
    throw new ConfigError(`OneCycleLR: the optimizer's groups lack '${name}'; load the optimizer's state first.`);
  return value;
}
