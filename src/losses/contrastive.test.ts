import { describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { compareLoss } from "./fixtures/golden.ts";
import { ContrastiveLossConfig, callLossUnreduced } from "./index.ts";

compareLoss("ContrastiveLoss");

describe("ContrastiveLoss", () => {
  it("refuses what are not two matrices of one shape", () => {
    using _scope = torch.scope();
    using loss = new ContrastiveLossConfig().getObject();
    expect(() => loss.call(torch.rand([2, 3]), torch.rand([2, 1]))).toThrow(/Both are embeddings/);
    expect(() => loss.call(torch.rand([2, 3, 4]), torch.rand([2, 3, 4]))).toThrow(/Both are embeddings/);
    expect(() => new ContrastiveLossConfig({ temperature: 0 })).toThrow(/temperature/);
  });
  it("is finite at a temperature where exponentials are not", () => {
    using _scope = torch.scope();
    using loss = new ContrastiveLossConfig({ temperature: 0.001 }).getObject();
    // each view is like its other, and opposite to the rest: exp(1000) would be infinite
    const views = torch.tensor([
      [1, 0],
      [-1, 0],
    ]);
    expect(loss.call(views, views).item()).toBe(0);
  });
  it("gives one number, of which the others are no part, unreduced", () => {
    using _scope = torch.scope();
    using loss = new ContrastiveLossConfig().getObject();
    expect(callLossUnreduced(loss, torch.rand([4, 3]), torch.rand([4, 3])).shape).toEqual([]);
  });
});
