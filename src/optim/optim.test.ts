import { describe, expect, it } from "vitest";
import { CNN } from "../networks/index.ts";
import * as torch from "../torch/index.ts";
import {
  AdadeltaConfig,
  AdamConfig,
  ExponentialLRConfig,
  LR_SCHEDULER_CONFIGS,
  MultiStepLRConfig,
  OneCycleLRConfig,
  OPTIMIZER_CONFIGS,
  OptimizationConfig,
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

describe("OptimizationConfig", () => {
  it("is written as in the original", () => {
    expect(JSON.stringify(new OptimizationConfig().toDict())).toBe(
      '{"num_epochs":10,"accumulation_steps":1,"evaluation_interval":1,"clip_grad_norm":null,"grad_norm_type":2,"clip_grad_value":null,"reset_model":true}',
    );
    const config = new OptimizationConfig({ numEpochs: 3, clipGradValue: 0.5 });
    expect(OptimizationConfig.fromDict(config.toDict()).toDict()).toEqual(config.toDict());
    expect(() => new OptimizationConfig({ numEpochs: 0 })).toThrow(/numEpochs/);
    expect(() => new OptimizationConfig({ epochs: 2 } as never)).toThrow(/unknown option 'epochs'/);
  });
});

describe("optimizer configs", () => {
  it("are written as in the original", () => {
    expect(JSON.stringify(new AdamConfig().toDict())).toBe(
      '{"name_":"Adam","freeze":null,"lr":0.001,"betas":[0.9,0.999],"eps":1e-8,"weight_decay":0,"amsgrad":false,"foreach":null,"maximize":false,"capturable":false,"differentiable":false,"fused":null}',
    );
    const config = new AdadeltaConfig({ freeze: "mlp", rho: { "convolutions.layer0": 0.5, ELSE: 0.9 } });
    expect(config.toDict()).toMatchObject({ freeze: ["mlp"], rho: { "convolutions.layer0": 0.5, ELSE: 0.9 } });
    expect(AdadeltaConfig.fromDict(config.toDict()).toDict()).toEqual(config.toDict());
  });
  it("build optimizers that learn", () => {
    for (const Class of Object.values(OPTIMIZER_CONFIGS)) {
      const net = network();
      const optimizer = new (Class as unknown as new () => AdamConfig)().getObject(net);
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
    net.dispose();
  });
});

describe("learning-rate scheduler configs", () => {
  it("are written as in the original", () => {
    expect(JSON.stringify(new StepLRConfig({ stepSize: 1 }).toDict())).toBe(
      '{"name_":"StepLR","last_epoch":-1,"step_size":1,"gamma":0.1}',
    );
    expect(new MultiStepLRConfig({ milestones: [3, 1] }).toDict().milestones).toEqual([1, 3]);
    expect(Object.keys(new ReduceLROnPlateauConfig().toDict())).toEqual(
      "name_ mode factor patience threshold threshold_mode cooldown min_lr eps".split(" "),
    );
    expect(Object.keys(LR_SCHEDULER_CONFIGS)).toHaveLength(8);
  });
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
    new OneCycleLRConfig({ maxLr: { mlp: 1, ELSE: 2 }, totalSteps: 4 }).getObject(optimizer);
    for (const [i, lr] of [1 / 25, 2 / 25].entries()) expect(optimizer.paramGroups[i]?.lr).toBeCloseTo(lr, 12);
    net.dispose();
  });
});
