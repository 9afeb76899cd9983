/** Convolutions by kernels of our own, beside the same layers one by one, which a hook on each keeps from being fused. */

import { describe, expect, it } from "vitest";
import { leavingNoTensor } from "../fixtures/leaving-no-tensor.ts";
import type { Tensor } from "../index.ts";
import * as torch from "../index.ts";
import { nn } from "../index.ts";

const { autocast } = torch.amp;

function hook(net: nn.AnyModule): void {
  for (const module of net.modules()) module.registerForwardHook(() => undefined);
}

/** The same weights in both, none of them 1 or 0; the second is run layer by layer. */
function twins(make: () => nn.Sequential, training = true): [fused: nn.Sequential, inTurn: nn.Sequential] {
  const nets: [nn.Sequential, nn.Sequential] = [make(), make()];
  for (const net of nets) {
    torch.manualSeed(5);
    torch.noGrad(() => {
      for (const parameter of net.parameters()) parameter.uniform_(-0.6, 1);
    });
    net.to({ memoryFormat: "channels_last_3d" }).train(training);
  }
  hook(nets[1]);
  return nets;
}

interface Outcome {
  readonly y: Tensor;
  readonly gradients: readonly Tensor[];
  readonly buffers: readonly Tensor[];
}

function outcome(net: nn.Sequential, x: Tensor, run = (input: Tensor) => net.call(input)): Outcome {
  const y = run(x);
  torch.manualSeed(9);
  y.backward(torch.randn([...y.shape]).to({ dtype: y.dtype }));
  return {
    y: y.detach(),
    gradients: [...net.parameters()].map((leaf) => (leaf.grad as Tensor).clone()),
    buffers: [...net.buffers()].map((buffer) => buffer.clone()),
  };
}

const largest = (t: Tensor): number => t.to({ dtype: "float64" }).abs().max().item();
/** The largest difference, as a part of the largest value of all of them. */
function distance(got: readonly Tensor[], expected: readonly Tensor[]): number {
  expect(got.map(({ shape, dtype }) => [shape, dtype])).toEqual(expected.map(({ shape, dtype }) => [shape, dtype]));
  const size = Math.max(...expected.map(largest), 1e-9);
  return Math.max(...got.map((t, i) => largest(t.to({ dtype: "float64" }).sub(expected[i] as Tensor)))) / size;
}
function expectAlike(got: Outcome, expected: Outcome): void {
  // sums of some thousand values in float32
  const bound = 256 * 2 ** -23;
  expect(distance([got.y], [expected.y])).toBeLessThan(bound);
  expect(distance(got.gradients, expected.gradients)).toBeLessThan(bound);
  if (expected.buffers.length > 0) expect(distance(got.buffers, expected.buffers)).toBeLessThan(bound);
}

const norms: Record<string, (channels: number) => nn.Layer> = {
  BatchNorm3d: (channels) => new nn.BatchNorm3d(channels),
  InstanceNorm3d: (channels) => new nn.InstanceNorm3d(channels, { affine: true }),
  GroupNorm: (channels) => new nn.GroupNorm(2, channels),
};
const shapes = [
  { channels: 1, outputs: 8, stride: 1, padding: 1 },
  { channels: 1, outputs: 6, stride: [1, 2, 1], padding: 0 },
  { channels: 1, outputs: 16, stride: 2, padding: "valid" },
  { channels: 2, outputs: 20, stride: 1, padding: "same" },
  { channels: 3, outputs: 32, stride: [2, 1, 3], padding: [0, 1, 2] },
  { channels: 4, outputs: 4, stride: 1, padding: 2 },
] as const;
const cases = shapes.flatMap((shape) => Object.keys(norms).map((norm) => ({ ...shape, norm })));

describe.each(cases)("$channels to $outputs channels, stride $stride, padding $padding, $norm", (shape) => {
  const { channels, outputs, stride, padding, norm } = shape;
  const conv = () => new nn.Conv3d(channels, outputs, 3, { stride, padding });

  it.each([
    ["training", true],
    ["evaluation", false],
  ])("as the layers in turn: %s", (_, training) =>
    leavingNoTensor(() => {
      torch.manualSeed(1);
      const x = torch.randn([2, channels, 9, 10, 35]).add(0.5);
      const ends = [
        () => [],
        () => [new nn.PReLU(), new nn.MaxPool3d(2)],
        () => [new nn.LeakyReLU(0.1), new nn.MaxPool3d(2)],
      ];
      for (const end of ends) {
        const make = () => new nn.Sequential(conv(), (norms[norm] as (n: number) => nn.Layer)(outputs), ...end());
        const [fused, inTurn] = twins(make, training);
        expectAlike(outcome(fused, x), outcome(inTurn, x));
        for (const net of [fused, inTurn]) net.dispose();
      }
    }),
  );
});

const block = (): nn.Sequential =>
  new nn.Sequential(new nn.Conv3d(1, 8, 3, { padding: 1 }), new nn.BatchNorm3d(8), new nn.ReLU(), new nn.MaxPool3d(2));

describe("a convolution, its normalisation, activation and pooling at once", () => {
  it("keeps neither what the convolution made nor its gradient", () => {
    using _ = torch.scope();
    const [fused, inTurn] = twins(block);
    const x = torch.randn([1, 1, 64, 64, 64]);
    const peak = (net: nn.Sequential): number => {
      using _ = torch.scope();
      torch.memory.resetPeakMemoryStats();
      const before = torch.memory.maxMemoryAllocated();
      outcome(net, x);
      return torch.memory.maxMemoryAllocated() - before;
    };
    const made = 8 * 64 ** 3 * 4;
    expect(peak(inTurn)).toBeGreaterThan(2 * made);
    // the image with zeros around it, the pooled image, where its voxels came from, and its gradient twice
    expect(peak(fused)).toBeLessThan(made);
    for (const net of [fused, inTurn]) net.dispose();
  });

  it("gives the same gradients where the pooled image was changed in place, and a second time", () =>
    leavingNoTensor(() => {
      const [fused, inTurn] = twins(block);
      const x = torch.randn([2, 1, 6, 6, 6]);
      const changed = (net: nn.Sequential) => outcome(net, x, (input) => net.call(input).mul_(2));
      expectAlike(changed(fused), changed(inTurn));
      const again = (net: nn.Sequential): Tensor[] => {
        for (const parameter of net.parameters()) parameter.grad = null;
        const loss = net.call(x).pow(2).sum();
        loss.backward(undefined, { retainGraph: true });
        loss.backward();
        return [...net.parameters()].map((leaf) => (leaf.grad as Tensor).clone());
      };
      expect(distance(again(fused), again(inTurn))).toBeLessThan(256 * 2 ** -23);
      for (const net of [fused, inTurn]) net.dispose();
    }));

  it("gives the same gradients where the pooled image does not tell what was normalised", () =>
    leavingNoTensor(() => {
      for (const [gamma, beta] of [
        [0, 1],
        [0.01, 30],
      ] as const) {
        const [fused, inTurn] = twins(block);
        const x = torch.randn([2, 1, 6, 7, 5]);
        for (const net of [fused, inTurn])
          torch.noGrad(() => {
            const norm = net.at(1) as nn.BatchNorm3d;
            norm.weight?.select(0, 3).fill_(gamma);
            norm.bias?.fill_(beta);
          });
        expectAlike(outcome(fused, x), outcome(inTurn, x));
        for (const net of [fused, inTurn]) net.dispose();
      }
    }));

  it("gives a frozen convolution no gradient, and the normalisation behind it its own", () =>
    leavingNoTensor(() => {
      const nets = twins(block);
      const x = torch.randn([2, 1, 6, 7, 5]);
      const [one, two] = nets.map((net) => {
        for (const parameter of net.at(0)?.parameters() ?? []) parameter.requiresGrad_(false);
        net.call(x).pow(2).sum().backward();
        return [...net.parameters()].map((leaf) => leaf.grad);
      }) as [(Tensor | null)[], (Tensor | null)[]];
      const learnt = (gradients: (Tensor | null)[]) => gradients.filter((each): each is Tensor => each !== null);
      expect(one.map((each) => each === null)).toEqual([true, true, false, false]);
      expect(two.map((each) => each === null)).toEqual([true, true, false, false]);
      expect(distance(learnt(one), learnt(two))).toBeLessThan(256 * 2 ** -23);
      for (const net of nets) net.dispose();
    }));

  it("has gradients of gradients", () =>
    leavingNoTensor(() => {
      const [fused, inTurn] = twins(block);
      const x = torch.randn([2, 1, 5, 6, 5]);
      const penalty = (net: nn.Sequential): Tensor[] => {
        const weights = [...net.parameters()];
        const gradients = torch.autograd.grad(net.call(x).pow(2).sum(), weights, { createGraph: true });
        torch
          .stack(gradients.map((each) => (each as Tensor).pow(2).sum()))
          .sum()
          .backward();
        return weights.map((leaf) => (leaf.grad as Tensor).clone());
      };
      expect(distance(penalty(fused), penalty(inTurn))).toBeLessThan(1024 * 2 ** -23);
      for (const net of [fused, inTurn]) net.dispose();
    }));

  it("keeps NaN, and says what libtorch says of an image that is too small", () =>
    leavingNoTensor(() => {
      const [fused, inTurn] = twins(block, false);
      const x = torch.zeros([1, 1, 6, 6, 6]);
      x.fill_(Number.NaN);
      expect(fused.call(x).isnan().all().item()).toBe(1);
      for (const net of [fused, inTurn]) expect(() => net.call(torch.zeros([1, 1, 1, 6, 6]))).toThrow(/too small/);
      for (const net of [fused, inTurn]) expect(() => net.call(torch.zeros([1, 2, 6, 6, 6]))).toThrow(/channels/);
      for (const net of [fused, inTurn]) net.dispose();
    }));

  it("is not taken for an image that has a gradient itself, which is then as ever", () =>
    leavingNoTensor(() => {
      const [fused, inTurn] = twins(block);
      const leaves = [1, 2].map(() => torch.ones([1, 1, 6, 6, 6]).cumsum(4).requiresGrad_());
      const [one, two] = leaves.map((leaf, i) => {
        outcome(i === 0 ? fused : inTurn, leaf);
        return leaf.grad as Tensor;
      });
      expect(distance([one as Tensor], [two as Tensor])).toBeLessThan(256 * 2 ** -23);
      for (const net of [fused, inTurn]) net.dispose();
    }));
});

describe("under autocast in bfloat16", () => {
  const stack = (): nn.Sequential =>
    new nn.Sequential(
      ...[1, 8, 12].flatMap((channels, i, all) => {
        const outputs = all[i + 1] ?? 16;
        const norm = Object.values(norms)[i] as (channels: number) => nn.Layer;
        return [new nn.Conv3d(channels, outputs, 3, { padding: 1 }), norm(outputs), new nn.ReLU(), new nn.MaxPool3d(2)];
      }),
    );

  it("is as near to float32 as the layers in turn, in bfloat16 between them", () =>
    leavingNoTensor(() => {
      const x = torch.randn([2, 1, 17, 16, 19]);
      const [plain, inTurn] = twins(stack);
      const [fused, other] = twins(stack);
      const amp = (net: nn.Sequential) => outcome(net, x, (input) => autocast("cpu", {}, () => net.call(input)));
      const [float, half, turn] = [outcome(plain, x), amp(fused), amp(inTurn)];
      expect(half.y.dtype).toBe("bfloat16");
      expect(half.y.isContiguous("channels_last_3d")).toBe(true);
      expect(half.gradients.map((t) => t.dtype)).toEqual(float.gradients.map(() => "float32"));
      const far = (got: Outcome) => ({
        y: distance([got.y.to({ dtype: "float32" })], [float.y]),
        gradients: distance(got.gradients, float.gradients),
        buffers: distance(got.buffers, float.buffers),
      });
      const [own, theirs] = [far(half), far(turn)];
      // eight bits of a number, through three blocks
      expect(own.y).toBeLessThan(12 * 2 ** -8);
      expect(own.buffers).toBeLessThan(2 ** -8);
      expect(own.gradients).toBeLessThan(Math.max(1.5 * theirs.gradients, 12 * 2 ** -8));
      for (const net of [plain, inTurn, fused, other]) net.dispose();
    }));

  it("adds what a residual block adds", () =>
    leavingNoTensor(() => {
      const nets = twins(() => new nn.Sequential(new nn.BatchNorm3d(6)));
      const drawn = () => torch.randn([2, 6, 5, 4, 7]);
      const x = drawn().to({ dtype: "bfloat16" });
      // far from where rounding would move a voxel over the cut of the activation
      const skip = drawn().sign().mul(8).to({ dtype: "bfloat16" });
      const act = new nn.ReLU();
      const [one, two] = nets.map((net, i) =>
        outcome(net, x, (input) => (i === 0 ? net.residual(input, skip, act) : act.call(net.call(input).add(skip)))),
      ) as [Outcome, Outcome];
      expect(one.y.dtype).toBe("bfloat16");
      // in turn, what is normalised is rounded once more before the sum
      expect(distance([one.y], [two.y])).toBeLessThan(2 ** -7);
      expect(distance(one.gradients, two.gradients)).toBeLessThan(2 ** -7);
      for (const net of [...nets, act]) net.dispose();
    }));
});

describe("the gradient of an image of few channels", () => {
  const sizes = [
    { channels: 8, outputs: 16, padding: 1 },
    { channels: 5, outputs: 3, padding: 0 },
    { channels: 1, outputs: 32, padding: [2, 1, 0] },
    { channels: 3, outputs: 8, padding: 2 },
  ] as const;

  it.each(sizes)("is conv3d's: $channels to $outputs channels, padding $padding", ({ channels, outputs, padding }) =>
    leavingNoTensor(() => {
      torch.manualSeed(2);
      const layer = new nn.Conv3d(channels, outputs, 3, { padding });
      const image = torch.randn([2, channels, 5, 4, 21]);
      const zeros = typeof padding === "number" ? [padding, padding, padding] : [...padding];
      const found = [true, false].map((own) => {
        const leaf = image.clone().requiresGrad_();
        for (const parameter of layer.parameters()) parameter.grad = null;
        const y = own ? layer.call(leaf) : torch.conv3d(leaf, layer.weight, layer.bias, [1, 1, 1], zeros, [1, 1, 1], 1);
        torch.manualSeed(9);
        y.backward(torch.randn([...y.shape]));
        const gradients = [leaf, layer.weight, layer.bias as Tensor].map((t) => (t.grad as Tensor).clone());
        // and gradients of gradients
        const z = own ? layer.call(leaf) : torch.conv3d(leaf, layer.weight, layer.bias, [1, 1, 1], zeros, [1, 1, 1], 1);
        const [first] = torch.autograd.grad(z.pow(3).sum(), [leaf], { createGraph: true });
        leaf.grad = null;
        (first as Tensor).pow(2).sum().backward();
        return [y.detach(), ...gradients, (leaf.grad as unknown as Tensor).clone()];
      });
      for (const [i, t] of (found[0] as Tensor[]).entries())
        expect(distance([t], [(found[1] as Tensor[])[i] as Tensor])).toBeLessThan(256 * 2 ** -23);
      layer.dispose();
    }),
  );
});
