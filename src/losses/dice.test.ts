import { describe, expect, it, onTestFinished, vi } from "vitest";
import * as torch from "../torch/index.ts";
import { compareLoss } from "./fixtures/golden.ts";
import { acceptedTargets, callLossUnreduced, DiceLossConfig, prepareTarget } from "./index.ts";

compareLoss("DiceLoss");

describe("DiceLoss", () => {
  it("says which options do not go together", () => {
    expect(() => new DiceLossConfig({ sigmoid: true, softmax: true })).toThrow("Choose one");
  });
  it("refuses targets that it does not take, and shapes that do not go together", () => {
    using _scope = torch.scope();
    const output = torch.rand([2, 3, 4]);
    using indices = new DiceLossConfig({ softmax: true, toOnehotY: true }).getObject();
    expect(acceptedTargets(indices, 3)).toMatchObject({ min: 0, max: 2, integer: true });
    expect(() => prepareTarget(indices, output, torch.full([2, 1, 4], 3))).toThrow(/from 0 to 2/);
    expect(() => indices.call(output, torch.zeros([2, 3, 4]))).toThrow(/\(N, 1, …\)/);
    expect(() => indices.call(output.narrow(1, 0, 1), torch.zeros([2, 1, 4]))).toThrow(/one channel/);
    using shares = new DiceLossConfig({ weight: [1, 2] }).getObject();
    expect(() => prepareTarget(shares, output, torch.full([2, 3, 4], 2))).toThrow(/between 0 and 1/);
    expect(() => shares.call(output, torch.zeros([2, 1, 4]))).toThrow(/toOnehotY/);
    expect(() => shares.call(output, torch.zeros([2, 3, 4]))).toThrow(/'weight' has 2 values, and 3 classes/);
  });
  it("warns once of logits where nothing makes probabilities of them", () => {
    using _scope = torch.scope();
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    onTestFinished(() => write.mockRestore());
    const [logits, target] = [torch.tensor([[[-2, 3]]]), torch.ones([1, 1, 2])];
    using sigmoid = new DiceLossConfig({ sigmoid: true }).getObject();
    sigmoid.call(logits, target);
    using bare = new DiceLossConfig().getObject();
    bare.call(logits, target);
    bare.call(logits, target);
    using ofProbabilities = new DiceLossConfig().getObject();
    ofProbabilities.call(logits.sigmoid(), target);
    expect(write.mock.calls.map(String)).toEqual([
      expect.stringMatching(/DiceLoss takes probabilities.*from -2 to 3.*softmax: true/),
    ]);
  });
  it("gives one value per sample and class unreduced, for the metric of a loss", () => {
    using _scope = torch.scope();
    using loss = new DiceLossConfig().getObject();
    expect(callLossUnreduced(loss, torch.rand([2, 3, 4]), torch.ones([2, 3, 4])).shape).toEqual([2, 3]);
    expect(loss.reduction).toBe("mean");
  });
  it("gives one number unreduced where sums run over the batch, never classes for samples", () => {
    using _scope = torch.scope();
    using loss = new DiceLossConfig({ batch: true }).getObject();
    expect(callLossUnreduced(loss, torch.rand([3, 3, 4]), torch.ones([3, 3, 4])).shape).toEqual([]);
  });
});
