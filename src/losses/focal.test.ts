import { describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { compareLoss } from "./fixtures/golden.ts";
import { callLossUnreduced, FocalLossConfig } from "./index.ts";

compareLoss("FocalLoss");

describe("FocalLoss", () => {
  it("says which options do not go together", () => {
    const options = { alpha: 0.5, useSoftmax: true, includeBackground: false };
    expect(() => new FocalLossConfig(options)).toThrow(/'alpha' weighs the classes/);
  });
  it("refuses the softmax over one class", () => {
    using _scope = torch.scope();
    using loss = new FocalLossConfig({ useSoftmax: true }).getObject();
    expect(() => loss.call(torch.zeros([2, 1, 4]), torch.zeros([2, 1, 4]))).toThrow(/over one class is always 1/);
  });
  it("gives one value per sample and class unreduced, of which the sum is that of MONAI", () => {
    using _scope = torch.scope();
    using loss = new FocalLossConfig({ reduction: "sum" }).getObject();
    const [output, target] = [torch.rand([2, 3, 4]), torch.ones([2, 3, 4])];
    const unreduced = callLossUnreduced(loss, output, target);
    expect(unreduced.shape).toEqual([2, 3]);
    // six terms of about 0.1 in float32
    expect(unreduced.sum().item()).toBeCloseTo(loss.call(output, target).item(), 5);
  });
});
