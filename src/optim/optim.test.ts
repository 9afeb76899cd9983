import { describe, expect, it } from "vitest";
import { CNN } from "../networks/index.ts";
import * as torch from "../torch/index.ts";
import {
  AdadeltaConfig,
  AdamConfig,
  AdamWConfig,
  ConstantLRConfig,
  ExponentialLRConfig,
  LionConfig,
  MultiStepLRConfig,
  NAdamConfig,
  OneCycleLRConfig,
  OptimizationConfig,
  optimizerRegistry,
  RAdamConfig,
  ReduceLROnPlateauConfig,
  SGDConfig,
  StepLRConfig,
} from "./index.ts";

const network = () =>
  new CNN({
    inShape: [1, 8, 8],
    numOutputs: 2,
    convArgs: { channels: [2, 3], norm: null },
    mlpArgs: { hiddenDims: [4] },
  });

it("takes any norm of gradients", () => {
  for (const gradNormType of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -1, 1.5]) {
    const config = new OptimizationConfig({ gradNormType });
    expect(OptimizationConfig.fromDict(config.toDict()).gradNormType).toBe(gradNormType);
  }
  expect(() => new OptimizationConfig({ gradNormType: Number.NaN })).toThrow(/'gradNormType' got NaN/);
});

describe("optimizer configs", () => {
  it("keep the names of groups and layers as they are", () => {
    const config = new AdadeltaConfig({ freeze: "mlpHead", rho: { "convolutions.layerOne": 0.5, ELSE: 0.9 } });
    expect(config.toDict()).toMatchObject({ freeze: ["mlpHead"], rho: { "convolutions.layerOne": 0.5, ELSE: 0.9 } });
    expect(AdadeltaConfig.fromDict(config.toDict()).toDict()).toEqual(config.toDict());
  });
  it("beyond the original's go to JSON and back, and give each group its options", () => {
    const live = torch.memory.live().tensors;
    for (const Config of [AdamWConfig, LionConfig, NAdamConfig, RAdamConfig]) {
      using net = network();
      const config = new Config({ lr: { mlp: 0.5, ELSE: 0.25 }, weightDecay: 0.125, freeze: "convolutions.layer0" });
      expect(Config.fromDict(JSON.parse(JSON.stringify(config.toDict()))).toDict()).toEqual(config.toDict());
      using optimizer = config.getObject(net);
      const groups = optimizer.stateDict().param_groups.map((group) => [group.name, group.lr, group.weight_decay]);
      expect(groups).toEqual([
        ["mlp", 0.5, 0.125],
        ["ELSE", 0.25, 0.125],
      ]);
      expect(
        Object.keys(config.fields())
          .filter((key) => key !== "freeze")
          .sort(),
      ).toEqual(Object.keys(optimizer.defaults).sort());
    }
    expect(torch.memory.live().tensors).toBe(live);
  });
  it("build optimizers that learn", () => {
    for (const name of optimizerRegistry.names) {
      const net = network();
      const optimizer = optimizerRegistry.get(name)!.fromOptions({}).getObject(net);
      const before = [...net.parameters()].map((p) => p.detach().sum().item());
      {
        using _scope = torch.scope();
        (net.call(torch.ones([2, 1, 8, 8]).add(torch.randn([2, 1, 8, 8]))) as torch.Tensor).square().sum().backward();
      }
      optimizer.step();
      const after = [...net.parameters()].map((p) => p.detach().sum().item());
      expect(after).not.toEqual(before);
      net.dispose();
    }
  });
  it("sort groups by name, the rest last (D19: names are relative to the network)", () => {
    const net = network();
    const config = new SGDConfig({
      lr: { "mlp.output": 1, "convolutions.layer0": 2, ELSE: 3 },
      momentum: { "mlp.output": 0.5, ELSE: 0 },
    });
    const groups = config.getObject(net).paramGroups;
    expect(groups.map((g) => [g.name, g.lr, g.momentum, g.params.length])).toEqual([
      ["convolutions.layer0", 2, 0, 3],
      ["mlp.output", 1, 0.5, 2],
      ["ELSE", 3, 0, [...net.parameters()].length - 5],
    ]);
    expect(config.getParameterGroups()).toEqual(["convolutions.layer0", "mlp.output", "ELSE"]);
    expect(new SGDConfig().getParameterGroups()).toEqual([]);
    net.dispose();
  });
  it("freeze layers and parameters", () => {
    const net = network();
    new AdamConfig({ freeze: ["mlp", "convolutions.layer0.conv.bias"] }).getObject(net);
    const frozen = [...net.namedParameters()].filter(([, p]) => !p.requiresGrad).map(([name]) => name);
    expect(frozen[0]).toBe("convolutions.layer0.conv.bias");
    expect(frozen.slice(1).every((name) => name.startsWith("mlp."))).toBe(true);
    expect(frozen).toHaveLength(1 + [...net.namedParameters()].filter(([name]) => name.startsWith("mlp.")).length);
    net.dispose();
  });
  it("refuse wrong options and names", () => {
    const net = network();
    expect(() => new SGDConfig({ lr: { mlp: 1 } })).toThrow(/'ELSE'/);
    expect(() => new SGDConfig({ lr: { mlp: 1, ELSE: 2 }, freeze: "mlp" })).toThrow(/also in 'freeze'/);
    expect(() => new SGDConfig({ lr: 0 })).toThrow(/lr/);
    expect(() => new AdamConfig({ betas: [0.9, 1.1] })).toThrow(/betas/);
    expect(() => new AdamConfig({ freeze: "network.mlp" }).getObject(net)).toThrow(
      /no layer or parameter 'network.mlp'.*'convolutions', 'mlp'/,
    );
    expect(() => new SGDConfig({ lr: { mlp: 1, "mlp.output": 2, ELSE: 3 } }).getObject(net)).toThrow(/overlap/);
    // what PyTorch refuses is refused when the optimizer is built
    expect(() => new SGDConfig({ nesterov: true }).getObject(net)).toThrow(/'nesterov' needs a momentum/);
    expect(() => new AdamConfig({ betas: [0.9, 1] }).getObject(net)).toThrow(/betas/);
    expect(() => new AdamConfig({ differentiable: true }).getObject(net)).toThrow(/differentiable/);
    net.dispose();
  });
  it("have no group of the rest when all parameters are in groups", () => {
    const net = network();
    const groups = (config: SGDConfig) => config.getObject(net).paramGroups.map(({ name, lr }) => [name, lr]);
    expect(groups(new SGDConfig({ lr: { mlp: 1, convolutions: 2, ELSE: 3 } }))).toEqual([
      ["convolutions", 2],
      ["mlp", 1],
    ]);
    // frozen parameters are in the groups that name them, or the last
    const frozen = new SGDConfig({ lr: { mlp: 1, ELSE: 2 }, freeze: "convolutions" });
    expect(groups(frozen)).toEqual([
      ["mlp", 1],
      ["ELSE", 2],
    ]);
    expect(groups(new SGDConfig())).toEqual([[undefined, 1e-3]]);
    net.dispose();
  });
});

describe("learning-rate scheduler configs", () => {
  it("know when they move", () => {
    expect(new StepLRConfig({ stepSize: 1 }).schedulerType()).toBe("epoch-based");
    expect(new ReduceLROnPlateauConfig().schedulerType()).toBe("metric-based");
    expect(new OneCycleLRConfig({ maxLr: 1, totalSteps: 2 }).schedulerType()).toBe("step-based");
  });
  it("move the learning rate", () => {
    const net = network();
    const optimizer = new SGDConfig({ lr: 1 }).getObject(net);
    const scheduler = new ExponentialLRConfig({ gamma: 0.5 }).getObject(optimizer) as { step(): void };
    optimizer.step();
    scheduler.step();
    expect(optimizer.paramGroups[0]?.lr).toBe(0.5);
    net.dispose();
  });
  it("check their options, and the optimizer's groups", () => {
    const net = network();
    expect(() => new MultiStepLRConfig({ milestones: [1, 1] })).toThrow(/twice/);
    expect(() => new OneCycleLRConfig({ maxLr: 1 })).toThrow(/'totalSteps', or 'epochs'/);
    expect(() => new OneCycleLRConfig({ maxLr: 1, totalSteps: 2, epochs: 1 })).toThrow(/'totalSteps', or 'epochs'/);
    expect(
      () => new OneCycleLRConfig({ maxLr: { a: 1, ELSE: 2 }, baseMomentum: { b: 1, ELSE: 2 }, totalSteps: 2 }),
    ).toThrow(/groups/);
    expect(() => new ReduceLROnPlateauConfig({ minLr: { mlp: 0 } })).toThrow(/'ELSE'/);
    const optimizer = new SGDConfig({ lr: { mlp: 1, ELSE: 2 } }).getObject(net);
    expect(() => new ReduceLROnPlateauConfig({ minLr: [0, 0, 0] }).getObject(optimizer)).toThrow(
      /3 value\(s\).*2 parameter group/,
    );
    expect(() =>
      new OneCycleLRConfig({ maxLr: 1, totalSteps: 2 }).getObject(new AdadeltaConfig().getObject(net)),
    ).toThrow(/cycleMomentum/);
    // PyTorch's own conditions hold when the scheduler is built
    expect(() => new ConstantLRConfig({ factor: 1.5 }).getObject(optimizer)).toThrow(/'factor' got 1.5/);
    expect(() => new ReduceLROnPlateauConfig({ factor: 1 }).getObject(optimizer)).toThrow(/'factor' got 1/);
    expect(() => new StepLRConfig({ stepSize: 1, lastEpoch: 2 }).getObject(optimizer)).toThrow(/no initialLr/);
    net.dispose();
  });
  it("go by the names of groups", () => {
    const net = network();
    const optimizer = new SGDConfig({ lr: { mlp: 1, ELSE: 2 } }).getObject(net);
    new OneCycleLRConfig({ maxLr: { mlp: 1, ELSE: 2 }, totalSteps: 4 }).getObject(optimizer);
    for (const [i, lr] of [1 / 25, 2 / 25].entries()) expect(optimizer.paramGroups[i]?.lr).toBeCloseTo(lr, 12);
    expect(() => new ReduceLROnPlateauConfig({ minLr: { convolutions: 0, ELSE: 1 } }).getObject(optimizer)).toThrow(
      /'minLr' has values for convolutions, ELSE, but the optimizer's parameter groups are mlp, ELSE/,
    );
    expect(() => new ReduceLROnPlateauConfig({ minLr: { mlp: 0, a: 1, ELSE: 1 } }).getObject(optimizer)).toThrow(
      /groups are mlp, ELSE/,
    );
    // "ELSE" must be there, though no parameter is left for it
    const whole = new SGDConfig({ lr: { mlp: 1, convolutions: 2, ELSE: 3 } }).getObject(net);
    const plateau = new ReduceLROnPlateauConfig({ minLr: { mlp: 0.1, convolutions: 0.2, ELSE: 0.3 } });
    expect((plateau.getObject(whole).stateDict() as { min_lrs: number[] }).min_lrs).toEqual([0.2, 0.1]);
    // an optimizer whose groups have no names takes the values in order
    const nameless = new torch.optim.SGD(
      [...net.children()].map((child) => ({ params: (child as torch.nn.Module).parameters() })),
      { lr: 1 },
    );
    const sorted = new ReduceLROnPlateauConfig({ minLr: { a: 0.1, ELSE: 0.3 } }).getObject(nameless);
    expect((sorted.stateDict() as { min_lrs: number[] }).min_lrs).toEqual([0.1, 0.3]);
    expect(() => new ReduceLROnPlateauConfig({ minLr: { a: 0.1, b: 0, ELSE: 0.3 } }).getObject(nameless)).toThrow(
      /3 value\(s\)/,
    );
    net.dispose();
  });
  it("may go on in the middle", () => {
    const net = network();
    const optimizer = new SGDConfig({ lr: 0.5 }).getObject(net);
    for (const group of optimizer.paramGroups) group.initialLr = 1;
    const scheduler = new StepLRConfig({ stepSize: 2, gamma: 0.5, lastEpoch: 2 }).getObject(
      optimizer,
    ) as torch.optim.lrScheduler.LRScheduler;
    expect([scheduler.lastEpoch, optimizer.paramGroups[0]?.lr]).toEqual([3, 0.5]);
    scheduler.step();
    expect(optimizer.paramGroups[0]?.lr).toBe(0.25);
    net.dispose();
  });
});
