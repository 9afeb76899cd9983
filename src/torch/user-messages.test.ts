import { describe, expect, it } from "vitest";
import * as torch from "./index.ts";

describe("messages in the user's terms, before libtorch's", () => {
  it("name the layer and both sizes, for an input that does not fit a linear layer", () => {
    using _ = torch.scope();
    using layer = new torch.nn.Linear(4, 2);
    expect(() => layer.call(torch.ones([2, 3]))).toThrow(/^Linear: .*\[2, 3\].*inFeatures, 4/);
    expect(() => layer.call(torch.ones([]))).toThrow(/^Linear: /);
    expect(layer.call(torch.ones([4])).shape).toEqual([2]);
  });

  it.skipIf(torch.cuda.isAvailable())("say why there is no GPU, and what to write", () => {
    using _ = torch.scope();
    using layer = new torch.nn.Linear(4, 2);
    const message = /device 'cuda.*' cannot be used: .*torch\.cuda\.isAvailable\(\)/;
    expect(() => torch.ones([1]).to({ device: "cuda" })).toThrow(message);
    expect(() => torch.ones([1]).cuda()).toThrow(message);
    expect(() => layer.to({ device: "cuda:0" })).toThrow(message);
  });
});
