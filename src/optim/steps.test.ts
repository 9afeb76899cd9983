import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ConfigGolden, readGolden } from "../io/json/fixtures/config-golden.ts";
import { formatJson } from "../io/json/index.ts";
import { CNN } from "../networks/index.ts";
import * as torch from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { camelToSnake } from "../utils/names.ts";
import { CosineAnnealingLRConfig, lrSchedulerRegistry, optimizerRegistry, SGDConfig, WarmupLRConfig } from "./index.ts";

interface Golden extends ConfigGolden {
  readonly optimizers: readonly {
    readonly json: string;
    /** The options of each group, in order. */
    readonly groups: readonly (readonly [string, unknown])[][];
    readonly sizes: readonly number[];
    readonly frozen: readonly string[];
    readonly losses: readonly number[];
    readonly sums: Readonly<Record<string, number>>;
  }[];
  readonly schedulers: readonly {
    readonly json: string;
    readonly type: string;
    /** Learning rate and momentum of each group, after each step. */
    readonly rates: readonly (readonly [number, number])[][];
  }[];
}
const golden = readGolden<Golden>(new URL("golden/configs.json", import.meta.url));
const pytorch: readonly {
  readonly name: string;
  readonly options: {
    readonly power?: number;
    readonly milestones?: readonly number[];
    readonly schedulers?: readonly (readonly [string, object])[];
  };
  readonly groups: readonly object[] | null;
  readonly steps: readonly { readonly lr: readonly number[] }[];
}[] = JSON.parse(readFileSync(new URL("../torch/optim/golden/optim.json", import.meta.url), "utf8")).schedulers;
const METRIC = [
  1, 0.9, 0.95, 0.91, 0.9, 0.89, 0.93, 0.94, 0.95, 0.99, 0.5, 0.6, 0.7, 0.8, 0.9, 0.4, 0.41, 0.42, 0.43, 0.44,
];

/** The network and data of test/golden/configs_golden.py. */
function network(): CNN {
  torch.manualSeed(0);
  return new CNN({
    inShape: [1, 6, 6],
    numOutputs: 2,
    convArgs: { channels: [2, 3], norm: null },
    mlpArgs: { hiddenDims: [4], norm: null },
  });
}
const images = () => torch.linspace(-1, 1, 72).reshape([2, 1, 6, 6]);
const title = <T extends { readonly json: string }>(item: T, i: number) => {
  const dict = JSON.parse(item.json) as JsonObject;
  return { item, dict, name: `${i}: ${dict.name_}` };
};
const close = (got: number, expected: number, tolerance: number) =>
  expect(Math.abs(got - expected)).toBeLessThan(tolerance * Math.max(1, Math.abs(expected)));

describe("optimizers with parameter groups move weights as the original's, over 20 steps", () => {
  it.each(golden.optimizers.map(title))("$name", ({ item, dict }) => {
    const live = torch.memory.live().tensors;
    {
      using _scope = torch.scope();
      using net = network();
      const config = optimizerRegistry.get(String(dict.name_))?.fromDict(dict);
      if (config === undefined) throw new Error(`no config ${dict.name_}`);
      expect(formatJson(config.toDict())).toBe(item.json);
      using optimizer = config.getObject(net);
      const options = optimizer.paramGroups.map(({ params: _, ...rest }) =>
        Object.entries(rest).map(([key, value]) => [camelToSnake(key), value]),
      );
      expect(options).toEqual(item.groups);
      expect(optimizer.paramGroups.map(({ params }) => params.length)).toEqual(item.sizes);
      const frozen = [...net.namedParameters()].filter(([, p]) => !p.requiresGrad).map(([name]) => name);
      expect(frozen).toEqual(item.frozen);
      for (const expected of item.losses) {
        using _step = torch.scope();
        optimizer.zeroGrad();
        const loss = (net.call(images()) as torch.Tensor).sub(1).square().sum();
        loss.backward();
        optimizer.step();
        close(loss.item(), expected, 1e-4);
      }
      optimizer.zeroGrad();
      for (const [name, p] of net.namedParameters()) close(p.detach().sum().item(), item.sums[name] ?? NaN, 1e-4);
    }
    expect(torch.memory.live().tensors).toBe(live);
  });
});

describe("schedulers with parameter groups give the original's rates, over 20 steps", () => {
  it.each(golden.schedulers.map(title))("$name", ({ item, dict }) => {
    using net = network();
    using optimizer = new SGDConfig({
      lr: { "mlp.output": 0.5, convolutions: 0.2, ELSE: 0.1 },
      momentum: 0.9,
    }).getObject(net);
    const config = lrSchedulerRegistry.get(String(dict.name_))?.fromDict(dict);
    expect(config?.schedulerType()).toBe(item.type);
    const scheduler = config?.getObject(optimizer) as { step(metric?: number): void };
    for (const [step, expected] of item.rates.entries()) {
      optimizer.step();
      scheduler.step(METRIC[step]);
      for (const [i, group] of optimizer.paramGroups.entries()) {
        expect(group.lr).toBeCloseTo(expected[i]?.[0] ?? Number.NaN, 12);
        expect(group.momentum).toBeCloseTo(expected[i]?.[1] ?? Number.NaN, 12);
      }
    }
  });
  it("of all kinds", () => {
    const names = golden.schedulers.map(({ json }) => String((JSON.parse(json) as JsonObject).name_));
    const notThere = ["CosineAnnealingLR", "CosineAnnealingWarmRestarts", "WarmupLR"];
    expect([...new Set(names), ...notThere].sort()).toEqual(lrSchedulerRegistry.names.sort());
  });
});

describe("schedulers that the original lacks", () => {
  const cosine = (epoch: number, period: number) =>
    0.1 + ((0.5 - 0.1) * (1 + Math.cos((Math.PI * epoch) / period))) / 2;
  it.each([
    ["CosineAnnealingLR", { tMax: 8, etaMin: 0.1 }, (epoch: number) => cosine(epoch, 8)],
    [
      "CosineAnnealingWarmRestarts",
      { t0: 3, tMult: 2, etaMin: 0.1 },
      (epoch: number) => (epoch < 3 ? cosine(epoch, 3) : cosine(epoch - 3, 6)),
    ],
  ] as const)("%s follows its formula, and is read back", (name, options, rate) => {
    using net = network();
    using optimizer = new SGDConfig({ lr: 0.5 }).getObject(net);
    const config = lrSchedulerRegistry.from("the test", { name_: name, ...options });
    expect(lrSchedulerRegistry.read("the test", "scheduler", config!.toDict()).toDict()).toEqual(config!.toDict());
    const scheduler = config!.getObject(optimizer) as torch.optim.lrScheduler.LRScheduler;
    expect(config!.schedulerType()).toBe("epoch-based");
    for (let epoch = 0; epoch < 9; epoch++) {
      expect(optimizer.paramGroups[0]!.lr).toBeCloseTo(rate(epoch), 12);
      optimizer.step();
      scheduler.step();
    }
  });
  const warmup = (scheduler: object) => ({ name_: "WarmupLR", warmup: 4, startFactor: 0.01, scheduler });
  it.each([
    [{ name_: "PolynomialLR", totalIters: "training", power: 0.9 }, "PolynomialLR", undefined],
    [warmup({ name_: "PolynomialLR", totalIters: "training", power: 0.9 }), "SequentialLR", "PolynomialLR"],
    [warmup({ name_: "CosineAnnealingLR", etaMin: 0.001 }), "SequentialLR", "CosineAnnealingLR"],
    [warmup({ name_: "StepLR", stepSize: 5, gamma: 0.5 }), "SequentialLR", "StepLR"],
  ] as const)("%j has the rates of PyTorch over a training of 20 epochs", (options, name, then) => {
    const original = pytorch.find(
      (one) =>
        one.name === name &&
        (then === undefined ? one.options.power === 0.9 : one.options.schedulers?.[1]?.[0] === then) &&
        (then === undefined || one.options.milestones?.join() === "4"),
    );
    using net = network();
    const several = original?.groups !== null;
    using optimizer = new SGDConfig({ lr: several ? { mlp: 0.3, ELSE: 0.1 } : 0.1 }).getObject(net);
    const config = lrSchedulerRegistry.from("the test", options);
    expect(lrSchedulerRegistry.read("the test", "scheduler", config!.toDict()).toDict()).toEqual(config!.toDict());
    const scheduler = config!.getObject(optimizer, { epochs: 20, steps: 60 }) as torch.optim.lrScheduler.LRScheduler;
    expect(config!.schedulerType()).toBe("epoch-based");
    expect(original?.steps).toHaveLength(21);
    for (const { lr } of original?.steps ?? []) {
      expect(optimizer.paramGroups).toHaveLength(several ? 2 : 1);
      optimizer.paramGroups.forEach((group, i) => void expect(group.lr).toBeCloseTo(lr[i] ?? Number.NaN, 12));
      optimizer.step();
      scheduler.step();
    }
  });
  it("say what does not go together", () => {
    using net = network();
    using optimizer = new SGDConfig().getObject(net);
    expect(() => new WarmupLRConfig({ scheduler: { name_: "ReduceLROnPlateau" } })).toThrow(/follows a metric/);
    expect(() => new WarmupLRConfig({ scheduler: { name_: "OneCycleLR", maxLr: 1, totalSteps: 9 } })).toThrow(
      /has a warm-up itself/,
    );
    expect(() => new WarmupLRConfig({ scheduler: { name_: "Cosine" } })).toThrow(/'Cosine'.*CosineAnnealingLR/);
    expect(() => new WarmupLRConfig({ scheduler: {} as never })).toThrow(/'scheduler' got/);
    const cosine = new WarmupLRConfig({ warmup: 3, scheduler: new CosineAnnealingLRConfig() });
    expect(() => cosine.getObject(optimizer, { epochs: 3, steps: 30 })).toThrow(/'warmup' is 3 epochs, .* has 3/);
    expect(() => cosine.getObject(optimizer)).toThrow(/'tMax' is 'training', .* not known/);
  });
});
