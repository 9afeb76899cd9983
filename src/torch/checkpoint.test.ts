import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as torch from "./index.ts";

const { nn } = torch;

let before: ReturnType<typeof torch.memory.live>;
beforeEach(() => {
  before = torch.memory.live();
});
afterEach(() => {
  expect(torch.memory.live()).toEqual(before);
});

const blocks: Record<string, () => torch.nn.Layer[]> = {
  "batch normalisation, fused": () => [new nn.Conv3d(2, 4, 3, { padding: 1 }), new nn.BatchNorm3d(4), new nn.ReLU()],
  "two convolutions of few channels": () =>
    [2, 4].flatMap((channels) => [
      new nn.Conv3d(channels, 4, 3, { padding: 1 }),
      new nn.GroupNorm(2, 4),
      new nn.LeakyReLU(0.1),
    ]),
  "batch normalisation by running statistics": () => [
    new nn.Conv3d(2, 4, 3, { padding: 1 }),
    new nn.BatchNorm3d(4).eval(),
    new nn.Conv3d(4, 5, 1),
    new nn.BatchNorm3d(5).eval(),
    new nn.ReLU(),
  ],
  "batch normalisation, averaged over all batches": () => [
    new nn.Conv3d(2, 4, 1),
    new nn.BatchNorm3d(4, { momentum: null }),
  ],
  "instance normalisation with statistics": () => [new nn.InstanceNorm3d(2, { affine: true, trackRunningStats: true })],
  dropout: () => [new nn.Conv3d(2, 4, 1), new nn.Dropout(0.5), new nn.Sigmoid()],
  "no parameters": () => [new nn.Dropout(0.3)],
};

/** Output, gradients, buffers and the next random number after a forward and a backward pass. */
function outcome(layers: () => torch.nn.Layer[], wrap: boolean, inputNeedsGradient: boolean, amp: boolean): number[][] {
  using _ = torch.scope();
  torch.manualSeed(5);
  const block = new nn.Sequential(...layers());
  const head = torch.ones([1]).requiresGrad_();
  const x = torch.randn([2, 2, 4, 4, 4]);
  if (inputNeedsGradient) x.requiresGrad_();
  const y = torch.amp.autocast("cpu", { enabled: amp }, () =>
    wrap ? torch.utils.checkpoint(block, x) : block.call(x),
  );
  y.to({ dtype: "float32" }).mul(head).pow(2).sum().backward();
  const tensors = [y, x.grad, ...[...block.parameters()].map((p) => p.grad), ...block.buffers(), torch.randn([2])];
  const numbers = tensors.map((t) => t?.toNumbers() ?? []);
  block.dispose();
  return numbers;
}

describe.each(Object.entries(blocks))("recomputation of %s", (_name, layers) => {
  it.each([
    [true, false],
    [false, false],
    [true, true],
  ])("gives the same bits (input needs a gradient: %s, mixed precision: %s)", (needs, amp) => {
    expect(outcome(layers, true, needs, amp)).toEqual(outcome(layers, false, needs, amp));
  });
});

it("gradients of gradients are those of the block", () => {
  using _ = torch.scope();
  torch.manualSeed(0);
  using block = new nn.Sequential(new nn.Linear(3, 3), new nn.Tanh());
  const x = torch.randn([2, 3]).requiresGrad_();
  const penalty = (y: torch.Tensor): number[] => {
    const [gradient] = torch.autograd.grad(y.sum(), x, { createGraph: true });
    const [second] = torch.autograd.grad((gradient as torch.Tensor).pow(2).sum(), x);
    return (second as torch.Tensor).toNumbers();
  };
  expect(penalty(torch.utils.checkpoint(block, x))).toEqual(penalty(block.call(x)));
});

it("holds the intermediates of one block instead of all", () => {
  using _ = torch.scope();
  const deep = Array.from({ length: 8 }, () => {
    const pairs = Array.from({ length: 4 }, () => [new nn.Linear(256, 256), new nn.Tanh()]);
    return new nn.Sequential(...pairs.flat());
  });
  const peak = (wrap: boolean): number => {
    using _step = torch.scope();
    const x = torch.randn([512, 256]).requiresGrad_();
    const { bytes } = torch.memory.live();
    torch.memory.resetPeakMemoryStats();
    let y: torch.Tensor = x;
    for (const block of deep) y = wrap ? torch.utils.checkpoint(block, y) : block.call(y);
    y.sum().backward();
    return torch.memory.maxMemoryAllocated() - bytes;
  };
  peak(false);
  for (const block of deep) block.zeroGrad();
  const [whole, part] = [peak(false), peak(true)];
  // 32 results of 512 × 256 floats are held without, 8 inputs and 4 results of one block with it; gradients come to both
  expect(part).toBeLessThan(whole * 0.7);
  for (const block of deep) block.dispose();
});
