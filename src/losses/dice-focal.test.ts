import { describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { compareLoss } from "./fixtures/golden.ts";
import { acceptedTargets, callLossUnreduced, DiceFocalLossConfig } from "./index.ts";

compareLoss("DiceFocalLoss");

describe("DiceFocalLoss", () => {
  it("says which options do not go together, and which targets it takes", () => {
    expect(() => new DiceFocalLossConfig({ sigmoid: true, softmax: true })).toThrow("Choose one");
    expect(() => new DiceFocalLossConfig({ lambdaFocal: -1 })).toThrow(/lambdaFocal/);
    using loss = new DiceFocalLossConfig({ toOnehotY: true }).getObject();
    expect(acceptedTargets(loss, 3)).toMatchObject({ by: "DiceFocalLoss", max: 2, integer: true });
  });
  it("gives one value per sample and class unreduced, of which the mean is the loss", () => {
    using _scope = torch.scope();
    using loss = new DiceFocalLossConfig({ sigmoid: true }).getObject();
    const [output, target] = [torch.rand([2, 3, 4]), torch.ones([2, 3, 4])];
    const unreduced = callLossUnreduced(loss, output, target);
    expect(unreduced.shape).toEqual([2, 3]);
    // six terms below 1 in float32
    expect(unreduced.mean().item()).toBeCloseTo(loss.call(output, target).item(), 6);
  });
  it("gives one number unreduced where sums run over the batch", () => {
    using _scope = torch.scope();
    using loss = new DiceFocalLossConfig({ batch: true }).getObject();
    expect(callLossUnreduced(loss, torch.rand([3, 3, 4]), torch.ones([3, 3, 4])).shape).toEqual([]);
  });
});
