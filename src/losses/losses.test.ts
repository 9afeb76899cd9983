import { describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import {
  BCELossConfig,
  BCEWithLogitsLossConfig,
  CrossEntropyLossConfig,
  callLoss,
  KLDivLossConfig,
  MultiMarginLossConfig,
  NLLLossConfig,
  prepareTarget,
  SmoothL1LossConfig,
  targetWeights,
} from "./index.ts";

describe("loss configs", () => {
  it("check their options", () => {
    expect(() => new NLLLossConfig({ ignoreIndex: -1 })).toThrow(/class index, or -100/);
    expect(() => new CrossEntropyLossConfig({ labelSmoothing: 1.1 })).toThrow(/labelSmoothing/);
    expect(() => new CrossEntropyLossConfig({ weight: [1, -1] })).toThrow(/weight/);
    expect(() => new BCELossConfig({ weight: [1] as never })).toThrow(/leave it out/);
    expect(() => new BCEWithLogitsLossConfig({ posWeight: [[1, -2]] })).toThrow(/posWeight/);
    expect(() => new MultiMarginLossConfig({ p: 3 as 2 })).toThrow(/1 or 2/);
    expect(() => new SmoothL1LossConfig({ reduction: "none" as "mean" })).toThrow(/'mean' or 'sum'/);
    expect(() => new KLDivLossConfig({ log_target: true } as never)).toThrow(/unknown option 'log_target'/);
  });
  it("make the weights buffers of the loss", () => {
    const loss = new BCEWithLogitsLossConfig({ posWeight: [2, 3] }).getObject();
    expect([...loss.stateDict().keys()]).toEqual(["pos_weight"]);
    const weighted = new CrossEntropyLossConfig({ weight: [1, 2, 3] }).getObject();
    expect([...weighted.stateDict().keys()]).toEqual(["weight"]);
    expect([...new CrossEntropyLossConfig().getObject().stateDict().keys()]).toEqual([]);
    loss.dispose();
    weighted.dispose();
  });
});

describe("targets (D18)", () => {
  it("are class indices for losses of class indices", () => {
    using _scope = torch.scope();
    const output = torch.randn([4, 3]).logSoftmax(1);
    const ids = torch.tensor([[0], [2], [1], [1]], { dtype: "float32" });
    for (const config of [new CrossEntropyLossConfig(), new NLLLossConfig(), new MultiMarginLossConfig()]) {
      const loss = config.getObject();
      const target = prepareTarget(loss, output, ids);
      expect([target.dtype, [...target.shape]]).toEqual(["int64", [4]]);
      expect(callLoss(loss, output, target).item()).toBeGreaterThan(0);
    }
    const volume = prepareTarget(
      new CrossEntropyLossConfig().getObject(),
      torch.randn([2, 3, 4, 4]),
      torch.ones([2, 1, 4, 4]),
    );
    expect([...volume.shape]).toEqual([2, 4, 4]);
  });
  it("may be probabilities for the cross-entropy", () => {
    using _scope = torch.scope();
    const target = prepareTarget(
      new CrossEntropyLossConfig().getObject(),
      torch.randn([2, 3]),
      torch.eye(3).narrow(0, 0, 2),
    );
    expect([target.dtype, [...target.shape]]).toEqual(["float32", [2, 3]]);
  });
  it("are floating-point numbers for the others", () => {
    using _scope = torch.scope();
    const loss = new BCEWithLogitsLossConfig().getObject();
    const target = prepareTarget(loss, torch.zeros([2, 1]), torch.tensor([[0], [1]], { dtype: "int64" }));
    expect(target.dtype).toBe("float32");
    expect(callLoss(loss, torch.zeros([2, 1]), target).item()).toBeCloseTo(Math.log(2), 6);
  });
  it("know what a weighted mean divides by", () => {
    using _scope = torch.scope();
    const loss = new CrossEntropyLossConfig({ weight: [1, 2, 4], ignoreIndex: 1 }).getObject();
    const ids = torch.tensor([0, 2, 1], { dtype: "int64" });
    expect(targetWeights(loss, ids)?.toArray()).toEqual([1, 4, 0]);
    expect(targetWeights(new MultiMarginLossConfig().getObject(), ids)).toBeNull();
  });
});
