import { describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { compareLoss } from "./fixtures/golden.ts";
import { callLossUnreduced, SSIMLossConfig } from "./index.ts";

compareLoss("SSIMLoss");

describe("SSIMLoss", () => {
  it("refuses images that it cannot compare", () => {
    using _scope = torch.scope();
    using loss = new SSIMLossConfig({ spatialDims: 2, winSize: 3 }).getObject();
    expect(() => loss.call(torch.rand([2, 1, 4, 4, 4]), torch.rand([2, 1, 4, 4, 4]))).toThrow(/'spatialDims' is 2/);
    expect(() => loss.call(torch.rand([2, 1, 2, 4]), torch.rand([2, 1, 2, 4]))).toThrow(/smaller window/);
    expect(() => loss.call(torch.rand([2, 1, 4, 4]), torch.rand([2, 2, 4, 4]))).toThrow(/must be equal/);
    expect(() => new SSIMLossConfig({ spatialDims: 3, winSize: [3, 3] })).toThrow(/each of the 3 spatial dimensions/);
  });
  it("gives one value per sample unreduced, in the type of the output", () => {
    using _scope = torch.scope();
    using loss = new SSIMLossConfig({ spatialDims: 2, winSize: 3 }).getObject();
    const images = torch.rand([2, 1, 4, 4]);
    const unreduced = callLossUnreduced(loss, images, images);
    expect([unreduced.shape, unreduced.dtype]).toEqual([[2], "float32"]);
    // what is the same is divided by itself, but for the rounding of some operations of float64
    for (const value of unreduced.toNumbers()) expect(Math.abs(value)).toBeLessThan(1e-12);
  });
});
