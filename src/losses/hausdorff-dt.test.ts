import { describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { compareLoss } from "./fixtures/golden.ts";
import { callLossUnreduced, HausdorffDTLossConfig } from "./index.ts";

compareLoss("HausdorffDTLoss");

describe("HausdorffDTLoss", () => {
  it("refuses what are no images", () => {
    using _scope = torch.scope();
    using loss = new HausdorffDTLossConfig().getObject();
    expect(() => loss.call(torch.rand([2, 3, 4]), torch.ones([2, 3, 4]))).toThrow(/takes images/);
    expect(() => loss.call(torch.rand([2, 3, 4, 4]), torch.ones([2, 1, 4, 4]))).toThrow(/toOnehotY/);
  });
  it("counts an error by its distance from the outline", () => {
    using _scope = torch.scope();
    using loss = new HausdorffDTLossConfig({ reduction: "sum", alpha: 1 }).getObject();
    // one voxel too much, 3 from what is there: 1 + 3 there, over 8 places
    const target = torch.tensor([[[[1, 0, 0, 0, 0, 0, 0, 0]]]]);
    const output = torch.tensor([[[[1, 0, 0, 1, 0, 0, 0, 0]]]]);
    expect(loss.call(output, target).item()).toBe((1 + 3) / 8);
  });
  it("gives one value per sample and class that counts unreduced", () => {
    using _scope = torch.scope();
    using loss = new HausdorffDTLossConfig({ softmax: true }).getObject();
    const [output, target] = [torch.randn([2, 3, 4, 4]), torch.ones([2, 3, 4, 4])];
    expect(callLossUnreduced(loss, output, target).shape).toEqual([2, 2]);
    using pooled = new HausdorffDTLossConfig({ softmax: true, batch: true }).getObject();
    expect(callLossUnreduced(pooled, output, target).shape).toEqual([]);
  });
});
