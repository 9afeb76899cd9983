import { describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { compareLoss } from "./fixtures/golden.ts";
import { callLossUnreduced, DiceCELossConfig } from "./index.ts";

compareLoss("DiceCELoss");

describe("DiceCELoss", () => {
  it.each(["mean", "sum"] as const)("gives values per sample unreduced, of which the %s is the loss", (reduction) => {
    using _scope = torch.scope();
    using loss = new DiceCELossConfig({ softmax: true, toOnehotY: true, reduction }).getObject();
    const [output, target] = [torch.rand([2, 3, 4]), torch.ones([2, 1, 4])];
    const unreduced = callLossUnreduced(loss, output, target);
    expect(unreduced.shape).toEqual([2]);
    // a few values near 1 in float32, some ten of them added
    expect(unreduced[reduction]().item()).toBeCloseTo(loss.call(output, target).item(), 4);
  });
  it("gives one number unreduced where sums run over the batch", () => {
    using _scope = torch.scope();
    using loss = new DiceCELossConfig({ softmax: true, toOnehotY: true, batch: true }).getObject();
    expect(callLossUnreduced(loss, torch.rand([3, 3, 4]), torch.ones([3, 1, 4])).shape).toEqual([]);
  });
});
