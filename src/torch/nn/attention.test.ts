import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as torch from "../index.ts";
import type { Tensor } from "../tensor.ts";
import * as nn from "./index.ts";

let before: { tensors: number };
beforeEach(() => {
  before = torch.memory.live();
  torch.manualSeed(0);
});
afterEach(() => {
  expect(torch.memory.live().tensors).toBe(before.tensors);
});

function distance(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  return torch.sub(a, b).abs().max().item();
}

describe("MultiheadAttention", () => {
  it("gives the same output without the weights, and averages them over heads unless told not to", () => {
    using _ = torch.scope();
    using layer = new nn.MultiheadAttention(4, 2, { batchFirst: true });
    const x = torch.randn([3, 5, 4]);
    const [output, weights] = layer.call(x, x, x);
    const live = torch.memory.live().tensors;
    const [fast, none] = layer.call(x, x, x, { needWeights: false });
    expect(torch.memory.live().tensors - live).toBe(1);
    expect(none).toBeNull();
    expect(distance(output, fast)).toBeLessThan(1e-6);
    const [, each] = layer.call(x, x, x, { averageAttnWeights: false });
    expect(each?.shape).toEqual([3, 2, 5, 5]);
    expect(distance(each!.mean([1]), weights!)).toBeLessThan(1e-6);
    expect(distance(weights!.sum([2]), torch.ones([3, 5]))).toBeLessThan(1e-6);
  });

  it.each([true, false])("ignores masked keys as if they were not there (weights: %s)", (needWeights) => {
    using _ = torch.scope();
    using layer = new nn.MultiheadAttention(4, 2);
    const query = torch.randn([3, 2, 4]);
    const keys = torch.randn([5, 2, 4]);
    const short = keys.narrow(0, 0, 3);
    const [expected] = layer.call(query, short, short, { needWeights });
    const padding = torch.tensor([
      [false, false, false, true, true],
      [false, false, false, true, true],
    ]);
    expect(distance(layer.call(query, keys, keys, { needWeights, keyPaddingMask: padding })[0], expected)).toBeLessThan(
      1e-6,
    );
    const pairs = torch.zeros([3, 5]);
    pairs.narrow(1, 3, 2).fill_(Number.NEGATIVE_INFINITY);
    expect(distance(layer.call(query, keys, keys, { needWeights, attnMask: pairs })[0], expected)).toBeLessThan(1e-6);
    const perHead = pairs.unsqueeze(0).repeat([4, 1, 1]);
    const both = { needWeights, attnMask: perHead, keyPaddingMask: padding };
    expect(distance(layer.call(query, keys, keys, both)[0], expected)).toBeLessThan(1e-6);
  });

  it("refuses what cannot be split into heads", () => {
    expect(() => new nn.MultiheadAttention(5, 2)).toThrow("embed_dim must be divisible by num_heads, got 5 and 2");
    expect(() => new nn.MultiheadAttention(0, 2)).toThrow("embed_dim and num_heads must be greater than 0");
  });
});

describe("ConvTranspose", () => {
  it("takes the size wanted of the output, where the stride leaves a choice", () => {
    using _ = torch.scope();
    using layer = new nn.ConvTranspose2d(1, 1, 3, { stride: 2 });
    const x = torch.randn([1, 1, 4, 4]);
    expect(layer.call(x).shape).toEqual([1, 1, 9, 9]);
    expect(layer.call(x, [10, 9]).shape).toEqual([1, 1, 10, 9]);
    expect(() => layer.call(x, [11, 9])).toThrow(
      "requested an output size of [11, 9], but valid sizes range from [9, 9] to [10, 10] (for an input of [4, 4])",
    );
  });
});
