import { describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { compareLoss } from "./fixtures/golden.ts";
import {
  acceptedTargets,
  CornLossConfig,
  callLossUnreduced,
  cornLabels,
  prepareTarget,
  targetWeights,
} from "./index.ts";

compareLoss("CornLoss");

describe("CornLoss", () => {
  it("refuses classes and shapes that it does not take", () => {
    using _scope = torch.scope();
    using loss = new CornLossConfig({ numClasses: 4 }).getObject();
    expect(acceptedTargets(loss, 3)).toMatchObject({ min: 0, max: 3, integer: true });
    expect(() => prepareTarget(loss, torch.rand([2, 3]), torch.tensor([[4], [0]]))).toThrow(/from 0 to 3/);
    expect(() => loss.call(torch.rand([2, 4]), torch.ones([2, 1]))).toThrow(/takes \(N, 3\)/);
    expect(() => loss.call(torch.rand([2, 3]), torch.ones([2, 3]))).toThrow(/one class index per sample/);
    expect(() => new CornLossConfig({ numClasses: 1 })).toThrow(/numClasses/);
  });
  it("has the mean of its unreduced values, each sample counted by the questions that it answers", () => {
    using _scope = torch.scope();
    using loss = new CornLossConfig({ numClasses: 4 }).getObject();
    const output = torch.randn([5, 3]);
    const target = prepareTarget(loss, output, torch.tensor([[0], [3], [1], [2], [3]], { dtype: "int64" }));
    const weights = targetWeights(loss, target);
    expect(weights?.flatten().toNumbers()).toEqual([1, 3, 2, 3, 3]);
    const unreduced = callLossUnreduced(loss, output, target);
    expect(unreduced.shape).toEqual([5, 3]);
    const mean = unreduced.sum().item() / (weights?.sum().item() ?? 0);
    // twelve terms of about 1 in float32
    expect(mean).toBeCloseTo(loss.call(output, target).item(), 5);
  });
  it("says which classes an output means", () => {
    using _scope = torch.scope();
    const output = torch.tensor([
      [-1, 5, 5],
      [5, 5, -1],
      [0.5, 0.5, 5],
      [5, 5, 5],
    ]);
    // in the third row, 0.62 · 0.62 is less than a half
    expect(cornLabels(output).toArray()).toEqual([[0], [2], [1], [3]]);
  });
});
