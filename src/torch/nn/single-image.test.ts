import { expect, it } from "vitest";
import * as torch from "../index.ts";
import { nn } from "../index.ts";

const cases = [
  { inputs: 1, outputs: 8, kernel: 3, options: { padding: 1 }, size: [12, 9, 10] },
  {
    inputs: 5,
    outputs: 3,
    kernel: [3, 1, 5],
    options: { padding: [1, 0, 2], stride: [2, 1, 1], bias: false },
    size: [7, 8, 9],
  },
  { inputs: 16, outputs: 8, kernel: 2, options: { dilation: 2, stride: 2 }, size: [6, 6, 7] },
];

it.each(cases)("one image gets what it gets in a batch of two: %o", ({ inputs, outputs, kernel, options, size }) => {
  const before = torch.memory.live().tensors;
  for (const channelsLast of [true, false]) {
    using _ = torch.scope();
    torch.manualSeed(2);
    using layer = new nn.Conv3d(inputs, outputs, kernel, options);
    if (channelsLast) layer.to({ memoryFormat: "channels_last_3d" });
    const image = torch.randn([1, inputs, ...size]);
    const run = (copies: number) => {
      layer.zeroGrad();
      const leaf = image.clone().requiresGrad_();
      const y = layer.call(torch.cat(Array.from({ length: copies }, () => leaf))).narrow(0, 0, 1);
      const [gradient] = torch.autograd.grad(y.pow(2).sum(), leaf, { createGraph: true });
      const penalty = (gradient as torch.Tensor).pow(2).sum();
      penalty.backward();
      return [y.detach(), gradient as torch.Tensor, ...[...layer.parameters()].map((each) => each.grad?.clone())];
    };
    const [one, two] = [run(1), run(2)];
    expect(one).toHaveLength(two.length);
    for (const [i, expected] of two.entries()) {
      // a bias has no part in the gradient of the gradient but through the output
      if (expected === undefined) continue;
      const difference = torch
        .sub(one[i] as torch.Tensor, expected)
        .abs()
        .max()
        .item();
      // sums of some hundred products in float32
      expect(difference / (expected.abs().max().item() + 1e-9)).toBeLessThan(64 * 2 ** -23);
    }
  }
  expect(torch.memory.live().tensors).toBe(before);
});

it.each(cases)("its gradients are those of a batch of two: %o", ({ inputs, outputs, kernel, options, size }) => {
  const before = torch.memory.live().tensors;
  for (const frozen of [false, true]) {
    using _ = torch.scope();
    torch.manualSeed(3);
    using layer = new nn.Conv3d(inputs, outputs, kernel, options);
    layer.weight.requiresGrad = !frozen;
    const image = torch.randn([1, inputs, ...size]);
    const run = (copies: number) => {
      layer.zeroGrad();
      const leaf = image.clone().requiresGrad_();
      layer
        .call(torch.cat(Array.from({ length: copies }, () => leaf)))
        .narrow(0, 0, 1)
        .pow(2)
        .sum()
        .backward();
      return [leaf.grad, layer.weight.grad?.clone() ?? null, layer.bias?.grad?.clone() ?? null];
    };
    const [one, two] = [run(1), run(2)];
    expect(one.map((gradient) => gradient === null)).toEqual([false, frozen, layer.bias === null]);
    for (const [i, expected] of two.entries()) {
      if (expected === null) continue;
      const difference = torch
        .sub(one[i] as torch.Tensor, expected)
        .abs()
        .max()
        .item();
      // sums of some thousand products in float32
      expect(difference / expected.abs().max().item()).toBeLessThan(256 * 2 ** -23);
    }
  }
  expect(torch.memory.live().tensors).toBe(before);
});

it("what cannot be convolved is told in libtorch's words", () => {
  using _ = torch.scope();
  using layer = new nn.Conv3d(2, 3, 3);
  expect(() => layer.call(torch.zeros([1, 4, 5, 5, 5]))).toThrow(/expected input\[1, 4, 5, 5, 5\] to have 2 channels/);
  expect(() => layer.call(torch.zeros([1, 2, 2, 5, 5]))).toThrow(/Kernel size can't be greater than actual input size/);
});
