import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { snakeToCamel } from "../../../utils/names.ts";
import * as torch from "../../index.ts";
import { load, save } from "../../serialization/index.ts";
import { Adam } from "../adam.ts";
import type { Optimizer } from "../optimizer.ts";
import { SGD } from "../sgd.ts";
import * as schedulers from "./index.ts";

interface Schedule {
  name: Exclude<keyof typeof schedulers, "LRScheduler">;
  options: Record<string, unknown>;
  momentum: "betas" | true | null;
  groups: Record<string, unknown>[] | null;
  metrics: number[];
  steps: { lr: number[]; momentum: number[] }[];
  state: Record<string, unknown>;
  group: Record<string, unknown>;
}
const classes: Record<string, unknown> = { ...schedulers };
const golden = JSON.parse(readFileSync(new URL("../golden/optim.json", import.meta.url), "utf8")) as {
  schedulers: Schedule[];
};

interface Scheduler {
  step(...metric: number[]): void;
  stateDict(): Record<string, unknown>;
  loadStateDict(state: Record<string, unknown>): void;
  getLastLr(): number[];
}

function optimizerOf(s: Schedule): Optimizer {
  const params = [torch.zeros([1]).requiresGrad_(), torch.zeros([1]).requiresGrad_()];
  const given = s.groups === null ? params : s.groups.map((g, i) => ({ params: params.slice(i, i + 1), ...g }));
  return s.momentum === "betas"
    ? new Adam(given, { lr: 0.1 })
    : new SGD(given, { lr: 0.1, momentum: s.momentum ? 0.9 : 0 });
}

// the golden script has the same under the same names
const lambdas: Readonly<Record<string, schedulers.LrLambda>> = {
  decay: (epoch) => 0.95 ** epoch,
  warm: (epoch) => Math.min(1, (epoch + 1) / 5),
};
const names: Readonly<Record<string, string>> = { T_max: "tMax", T_0: "t0", T_mult: "tMult" };

/** An option as it is given here: functions by their names, schedulers by theirs with their options. */
function optionOf(name: string, value: unknown, optimizer: Optimizer): unknown {
  if (name === "lr_lambda") {
    return Array.isArray(value) ? value.map((each) => lambdas[String(each)]) : lambdas[String(value)];
  }
  if (name !== "schedulers") return value;
  return (value as [string, Record<string, unknown>][]).map((inner) => makeScheduler(...inner, optimizer));
}

function makeScheduler(name: string, given: Record<string, unknown>, optimizer: Optimizer): Scheduler {
  const options = Object.fromEntries(
    Object.entries(given).map(([k, v]) => [names[k] ?? snakeToCamel(k), optionOf(k, v, optimizer)]),
  );
  const Class = classes[name] as new (...args: unknown[]) => Scheduler;
  return name === "ChainedScheduler" ? new Class(options.schedulers) : new Class(optimizer, options);
}

function schedulerOf(s: Schedule, optimizer: Optimizer): Scheduler {
  if (s.options.last_epoch !== undefined) for (const group of optimizer.paramGroups) group.initialLr = 0.8;
  return makeScheduler(s.name, s.options, optimizer);
}

function argumentsOf(s: Schedule, metric: number): number[] {
  return s.name === "ReduceLROnPlateau" ? [metric] : [];
}

function expectNow(optimizer: Optimizer, expected: { lr: number[]; momentum: number[] } | undefined): void {
  for (const [i, group] of optimizer.paramGroups.entries()) {
    expect(group.lr).toBeCloseTo(expected?.lr[i] ?? Number.NaN, 12);
    expect(group.betas?.[0] ?? group.momentum).toBeCloseTo(expected?.momentum[i] ?? Number.NaN, 12);
  }
}

function rounded(value: unknown): unknown {
  if (typeof value === "number")
    return Number.isFinite(value) ? Number(value.toPrecision(10)) : value > 0 ? "inf" : "-inf";
  if (Array.isArray(value)) return value.map(rounded);
  if (value instanceof Map) return Object.fromEntries(value);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, rounded(v)]));
  return value;
}

describe.each(golden.schedulers.map((s) => ({ title: `${s.name} ${JSON.stringify(s.options)}`, s })))(
  "$title",
  ({ s }) => {
    it("gives PyTorch's rates and state", () => {
      using _scope = torch.scope();
      using optimizer = optimizerOf(s);
      const scheduler = schedulerOf(s, optimizer);
      expectNow(optimizer, s.steps[0]);
      for (const [epoch, metric] of s.metrics.entries()) {
        scheduler.step(...argumentsOf(s, metric));
        expectNow(optimizer, s.steps[epoch + 1]);
      }
      expect(scheduler.getLastLr()).toEqual(optimizer.paramGroups.map((group) => group.lr));
      expect(rounded(scheduler.stateDict())).toEqual(rounded(s.state));
      expect(Object.keys(scheduler.stateDict())).toEqual(Object.keys(s.state));
      expect(rounded(optimizer.stateDict().param_groups[0])).toEqual(rounded(s.group));
    });

    it("continues through a file", () => {
      using _scope = torch.scope();
      using first = optimizerOf(s);
      const before = schedulerOf(s, first);
      for (const metric of s.metrics.slice(0, 7)) before.step(...argumentsOf(s, metric));
      const saved = load(save({ optimizer: first.stateDict(), scheduler: before.stateDict() })) as {
        optimizer: object;
        scheduler: Record<string, unknown>;
      };
      using second = optimizerOf(s);
      const after = schedulerOf(s, second);
      second.loadStateDict(saved.optimizer);
      after.loadStateDict(saved.scheduler);
      for (const [epoch, metric] of [...s.metrics.entries()].slice(7)) {
        after.step(...argumentsOf(s, metric));
        expectNow(second, s.steps[epoch + 1]);
      }
    });
  },
);

describe("options", () => {
  it("are checked", () => {
    using _scope = torch.scope();
    using optimizer = new SGD([torch.zeros([1]).requiresGrad_()]);
    expect(() => new schedulers.StepLR(optimizer, { stepSize: 0 })).toThrow(/stepSize/);
    expect(() => new schedulers.StepLR(optimizer, { stepSize: 1, gama: 1 } as { stepSize: number })).toThrow(/gama/);
    expect(() => new schedulers.OneCycleLR(optimizer, { maxLr: 1 })).toThrow(/totalSteps/);
    expect(() => new schedulers.OneCycleLR(optimizer, { maxLr: [1, 2], totalSteps: 3 })).toThrow(
      /2 values for 1 groups/,
    );
    expect(() => new schedulers.ConstantLR(optimizer, { lastEpoch: 3 })).toThrow(/initialLr/);
    expect(() => new schedulers.ExponentialLR(optimizer, { gamma: 1 }).loadStateDict({ last_epoch: 1 })).toThrow(
      /base_lrs/,
    );
    const { gamma: _, ...state } = new schedulers.StepLR(optimizer, { stepSize: 3 }).stateDict();
    expect(() => new schedulers.StepLR(optimizer, { stepSize: 3 }).loadStateDict(state)).toThrow(/'gamma' is missing/);
  });

  it("say whether the metric is to get smaller or greater", () => {
    using _scope = torch.scope();
    using optimizer = new SGD([torch.zeros([1]).requiresGrad_()]);
    const plateau = new schedulers.ReduceLROnPlateau(optimizer);
    expect(plateau.mode).toBe("min");
    plateau.loadStateDict(new schedulers.ReduceLROnPlateau(optimizer, { mode: "max" }).stateDict());
    expect(plateau.mode).toBe("max");
    expect("mode" in plateau).toBe(true);
  });

  it("of schedulers of others are checked", () => {
    using _scope = torch.scope();
    using optimizer = new SGD([torch.zeros([1]).requiresGrad_()], { lr: 0.1 });
    using other = new SGD([torch.zeros([1]).requiresGrad_()]);
    const [a, b] = [
      new schedulers.StepLR(optimizer, { stepSize: 1 }),
      new schedulers.ExponentialLR(other, { gamma: 0.5 }),
    ];
    const chain = new schedulers.ChainedScheduler([a]);
    expect(() => new schedulers.ChainedScheduler([])).toThrow("ChainedScheduler: 'schedulers' got []");
    expect(() => new schedulers.ChainedScheduler(a as never)).toThrow("ChainedScheduler: 'schedulers' got");
    expect(() => new schedulers.ChainedScheduler([a, b])).toThrow(
      "scheduler 1 (ExponentialLR) is of another optimizer",
    );
    expect(() => new schedulers.SequentialLR(optimizer, { schedulers: [a, a], milestones: [] })).toThrow(
      "2 schedulers need 1 milestones, got 0",
    );
    expect(() => new schedulers.SequentialLR(optimizer, { schedulers: [a, chain], milestones: [2] })).toThrow(
      "can only be the first",
    );
    expect(() => new (schedulers.SequentialLR as never as new (...args: unknown[]) => unknown)(optimizer, [a])).toThrow(
      "SequentialLR: got ",
    );
    expect(() => chain.loadStateDict({ _last_lr: [1], _schedulers: [] })).toThrow("of 0 schedulers, not of 1");
    const plateau = new schedulers.ReduceLROnPlateau(optimizer);
    expect(() => new schedulers.ChainedScheduler([plateau as never])).toThrow("a scheduler that acts by epochs");
    expect(() => new schedulers.LambdaLR(optimizer, { lrLambda: [() => 1, () => 1] })).toThrow(
      "2 functions for 1 groups",
    );
    expect(() => new schedulers.LambdaLR(optimizer, { lrLambda: (() => "a") as never })).toThrow("gave a for epoch 0");
  });

  it("go to an epoch that is a fraction", () => {
    using _scope = torch.scope();
    using optimizer = new SGD([torch.zeros([1]).requiresGrad_()], { lr: 1 });
    const scheduler = new schedulers.CosineAnnealingWarmRestarts(optimizer, { t0: 2, tMult: 2 });
    // periods 0 to 2, 2 to 6, 6 to 14
    for (const [epoch, lr] of [
      [1, 0.5],
      [2, 1],
      [4, 0.5],
      [10, 0.5],
      [1.5, (1 + Math.cos(0.75 * Math.PI)) / 2],
    ] as const) {
      scheduler.step(epoch);
      expect(optimizer.paramGroups[0]?.lr).toBeCloseTo(lr, 12);
      expect(scheduler.lastEpoch).toBe(Math.floor(epoch));
    }
    expect(() => scheduler.step(-1)).toThrow("epoch got -1");
  });

  it("stops beyond the last step of a cycle", () => {
    using _scope = torch.scope();
    using optimizer = new SGD([torch.zeros([1]).requiresGrad_()]);
    const scheduler = new schedulers.OneCycleLR(optimizer, { maxLr: 1, totalSteps: 2 });
    scheduler.step();
    scheduler.step();
    expect(() => scheduler.step()).toThrow(/beyond its 2 steps/);
  });
});
