import { describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { compareLoss } from "./fixtures/golden.ts";
import { callLossUnreduced, TverskyLossConfig } from "./index.ts";

compareLoss("TverskyLoss");

describe("TverskyLoss", () => {
  it("says which options do not go together", () => {
    expect(() => new TverskyLossConfig({ sigmoid: true, softmax: true })).toThrow("Choose one");
    expect(() => new TverskyLossConfig({ alpha: -1 })).toThrow(/alpha/);
  });
  it("gives one value per sample and class unreduced, for the metric of a loss", () => {
    using _scope = torch.scope();
    using loss = new TverskyLossConfig().getObject();
    expect(callLossUnreduced(loss, torch.rand([2, 3, 4]), torch.ones([2, 3, 4])).shape).toEqual([2, 3]);
  });
});
