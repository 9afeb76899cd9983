import { describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { compareLoss } from "./fixtures/golden.ts";
import { callLossUnreduced, GeneralizedDiceLossConfig } from "./index.ts";

compareLoss("GeneralizedDiceLoss");

describe("GeneralizedDiceLoss", () => {
  it("says which options do not go together", () => {
    expect(() => new GeneralizedDiceLossConfig({ sigmoid: true, softmax: true })).toThrow("Choose one");
  });
  it("gives one value per sample unreduced, and one number where sums run over the batch", () => {
    using _scope = torch.scope();
    const [output, target] = [torch.rand([2, 3, 4]), torch.ones([2, 3, 4])];
    using samples = new GeneralizedDiceLossConfig().getObject();
    expect(callLossUnreduced(samples, output, target).shape).toEqual([2, 1]);
    using together = new GeneralizedDiceLossConfig({ batch: true }).getObject();
    expect(callLossUnreduced(together, output, target).shape).toEqual([]);
  });
});
