import { describe, expect, it } from "vitest";
import { nn } from "../torch/index.ts";
import { AdamConfig, ReduceLROnPlateauConfig } from "./index.ts";

describe("the group WEIGHTS", () => {
  const make = () =>
    new nn.Sequential({ conv: new nn.Conv3d(1, 2, 3), norm: new nn.BatchNorm3d(2), head: new nn.Linear(2, 2) });
  const groupsOf = (config: AdamConfig, net: nn.Module) => {
    using optimizer = config.getObject(net);
    const groups: readonly { name?: string; params: readonly unknown[]; weightDecay?: number }[] =
      optimizer.paramGroups;
    return groups.map(({ name, params, weightDecay }) => [name, params.length, weightDecay]);
  };

  it("is weights, not biases and normalisations, and goes to JSON and back", () => {
    using net = make();
    const config = new AdamConfig({ weightDecay: { WEIGHTS: 0.01, ELSE: 0 } });
    expect(groupsOf(config, net)).toEqual([
      ["WEIGHTS", 2, 0.01],
      ["ELSE", 4, 0],
    ]);
    expect(config.toDict()).toMatchObject({ weight_decay: { WEIGHTS: 0.01, ELSE: 0 } });
    expect(AdamConfig.fromDict(config.toDict()).toDict()).toEqual(config.toDict());
    expect(config.getParameterGroups()).toEqual(["WEIGHTS", "ELSE"]);
  });

  it("leaves what is under a path to that path, and stands where schedulers look for it", () => {
    using net = make();
    const config = new AdamConfig({ weightDecay: { WEIGHTS: 0.01, CONV: 0.5, head: 0.1, ELSE: 0 } });
    expect(() => groupsOf(config, net)).toThrow(/'CONV'/);
    const right = new AdamConfig({ weightDecay: { head: 0.1, WEIGHTS: 0.01, ELSE: 0 } });
    expect(groupsOf(right, net)).toEqual([
      ["WEIGHTS", 1, 0.01],
      ["head", 2, 0.1],
      ["ELSE", 3, 0],
    ]);
    using optimizer = right.getObject(net);
    new ReduceLROnPlateauConfig({ minLr: { head: 0, WEIGHTS: 0.1, ELSE: 0 } }).getObject(optimizer);
  });

  it("is a layer's, where the network has one of that name", () => {
    using net = new nn.Sequential({ WEIGHTS: new nn.Linear(1, 1), other: new nn.Linear(1, 1) });
    const config = new AdamConfig({ weightDecay: { WEIGHTS: 0.01, ELSE: 0 } });
    expect(groupsOf(config, net)).toEqual([
      ["WEIGHTS", 2, 0.01],
      ["ELSE", 2, 0],
    ]);
  });
});
