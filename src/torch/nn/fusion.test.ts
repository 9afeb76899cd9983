/** What a chain does at once, beside the same layers one by one, which a hook on each keeps from being fused. */

import { describe, expect, it } from "vitest";
import { leavingNoTensor } from "../fixtures/leaving-no-tensor.ts";
import type { Tensor } from "../index.ts";
import * as torch from "../index.ts";
import { nn } from "../index.ts";

type Norm = () => nn.Layer;
const CHANNELS = [4, 8, 12];
const norms = (channels: number): [string, Norm, number][] => [
  ["BatchNorm2d", () => new nn.BatchNorm2d(channels), 2],
  ["BatchNorm3d", () => new nn.BatchNorm3d(channels), 3],
  ["InstanceNorm2d", () => new nn.InstanceNorm2d(channels, { affine: true }), 2],
  ["InstanceNorm3d", () => new nn.InstanceNorm3d(channels), 3],
  ["GroupNorm of 2D", () => new nn.GroupNorm(2, channels), 2],
  ["GroupNorm of 3D", () => new nn.GroupNorm(2, channels), 3],
  ["GroupNorm of one group", () => new nn.GroupNorm(1, channels, { affine: false }), 3],
];
const cases = CHANNELS.flatMap((channels) =>
  norms(channels).map(([name, norm, dims]) => ({ name, norm, dims, channels })),
);
const SIZE = [5, 6, 7];

function image(dims: number, channels: number): Tensor {
  const x = torch
    .randn([2, channels, ...SIZE.slice(-dims)])
    .mul(2)
    .add(0.5);
  return x.to({ memoryFormat: dims === 2 ? "channels_last" : "channels_last_3d" });
}
function hook(layer: nn.AnyModule): void {
  for (const module of layer.modules()) module.registerForwardHook(() => undefined);
}
/** Weights that are neither 1 nor 0. */
function draw(layers: nn.AnyModule): void {
  torch.manualSeed(5);
  torch.noGrad(() => {
    for (const parameter of layers.parameters()) parameter.uniform_(0.2, 1);
  });
}

/** What comes out, and the gradients of inputs and weights, and the buffers. */
function outcome(
  layers: nn.AnyModule,
  inputs: readonly Tensor[],
  run: (inputs: readonly Tensor[]) => Tensor,
): Tensor[] {
  const leaves = inputs.map((input) => input.detach().clone().requiresGrad_());
  const y = run(leaves);
  torch.manualSeed(9);
  y.backward(torch.randn([...y.shape]));
  const gradients = [...leaves, ...layers.parameters()].map((leaf) => leaf.grad);
  return [y.detach(), ...gradients, ...layers.buffers()].flatMap((t) => (t === null ? [] : [t.clone()]));
}
function expectAlike(fused: readonly Tensor[], inTurn: readonly Tensor[]): void {
  expect(fused).toHaveLength(inTurn.length);
  for (const [i, expected] of inTurn.entries()) {
    const got = fused[i] as Tensor;
    expect(got.shape).toEqual(expected.shape);
    const size = expected.to({ dtype: "float32" }).abs().max().item() + 1e-9;
    // sums of some hundred values in float32
    expect(got.sub(expected).abs().max().item() / size).toBeLessThan(64 * 2 ** -23);
  }
}

describe.each(cases)("$name of $channels channels", ({ norm, dims, channels }) => {
  it.each([true, false])("with activation, and pooling: training %s", (training) =>
    leavingNoTensor(() => {
      const x = image(dims, channels);
      const make = () =>
        new nn.Sequential(norm(), new nn.LeakyReLU(0.2), new (dims === 2 ? nn.MaxPool2d : nn.MaxPool3d)(2));
      const [fused, inTurn] = [make(), make()];
      hook(inTurn);
      for (const net of [fused, inTurn]) draw(net.train(training));
      const run = (net: nn.Sequential) => outcome(net, [x], ([leaf]) => net.call(leaf as Tensor));
      expectAlike(run(fused), run(inTurn));
      fused.dispose();
      inTurn.dispose();
    }),
  );

  it.each([
    ["ReLU", () => new nn.ReLU()],
    ["LeakyReLU", () => new nn.LeakyReLU(0.2)],
    ["PReLU, which is done in turn", () => new nn.PReLU()],
  ])("the end of a residual block with %s", (_, activation) =>
    leavingNoTensor(() => {
      const inputs = [image(dims, channels), image(dims, channels)];
      for (const training of [true, false]) {
        const [fused, inTurn] = [new nn.Sequential(norm()), new nn.Sequential(norm())];
        const act = activation();
        hook(inTurn);
        for (const net of [fused, inTurn]) draw(net.train(training));
        const one = outcome(fused, inputs, ([x, skip]) => fused.residual(x as Tensor, skip as Tensor, act));
        const two = outcome(inTurn, inputs, ([x, skip]) => act.call(inTurn.call(x as Tensor).add(skip as Tensor)));
        expectAlike(one, two);
        fused.dispose();
        inTurn.dispose();
        act.dispose();
      }
    }),
  );
});

it.each(norms(4))("gradients of gradients of the end of a residual block (%s)", (_, norm, dims) =>
  leavingNoTensor(() => {
    const [x, skip] = [image(dims, 4), image(dims, 4)];
    const act = new nn.LeakyReLU(0.2);
    const penalty = (net: nn.Sequential, run: (x: Tensor, skip: Tensor) => Tensor): Tensor[] => {
      draw(net);
      const leaves = [x, skip].map((each) => each.detach().clone().requiresGrad_()) as [Tensor, Tensor];
      const gradients = torch.autograd.grad(
        run(...leaves)
          .pow(2)
          .sum(),
        leaves,
        { createGraph: true },
      );
      torch
        .stack(gradients.map((each) => (each as Tensor).pow(2).sum()))
        .sum()
        .backward();
      return [...leaves, ...net.parameters()].flatMap((leaf) => (leaf.grad === null ? [] : [leaf.grad.clone()]));
    };
    const [fused, inTurn] = [new nn.Sequential(norm()), new nn.Sequential(norm())];
    hook(inTurn);
    const one = penalty(fused, (a, b) => fused.residual(a, b, act));
    const two = penalty(inTurn, (a, b) => act.call(inTurn.call(a).add(b)));
    expectAlike(one, two);
    for (const each of [fused, inTurn, act]) each.dispose();
  }),
);

it("one pass is what runs: its result is channels-last, whatever came in", () =>
  leavingNoTensor(() => {
    const x = torch.randn([2, 4, ...SIZE]);
    for (const [, norm, dims] of norms(4)) {
      if (dims === 2) continue;
      using net = new nn.Sequential(norm());
      for (const y of [net.call(x), net.residual(x, x, new nn.ReLU())]) {
        expect(y.isContiguous("channels_last_3d")).toBe(true);
      }
    }
  }));

it("a chain sees layers and hooks that come later, and NaN in what is added", () =>
  leavingNoTensor(() => {
    const act = new nn.ReLU();
    using net = new nn.Sequential(new nn.Sequential(new nn.BatchNorm3d(2)), act);
    net.eval();
    const x = torch.ones([1, 2, 2, 2, 2]);
    expect(net.call(x.neg()).max().item()).toBe(0);
    let seen = 0;
    const handle = act.registerForwardHook(() => {
      seen++;
    });
    net.call(x);
    handle.remove();
    net.call(x);
    expect(seen).toBe(1);
    net.append(new nn.MaxPool3d(2));
    expect(net.call(x).shape).toEqual([1, 2, 1, 1, 1]);
    const inner = net.at(0) as nn.Sequential;
    expect(
      inner
        .residual(x, torch.full([1, 2, 2, 2, 2], Number.NaN), act)
        .isnan()
        .all()
        .item(),
    ).toBe(1);
    // shapes that only fit when spread are left to the layers
    expect(inner.residual(x, torch.ones([1, 2, 1, 1, 1]), act).shape).toEqual([1, 2, 2, 2, 2]);
  }));

it("a chain with a hook on it is called by itself in a residual block", () =>
  leavingNoTensor(() => {
    using net = new nn.Sequential(new nn.BatchNorm3d(2));
    let seen = 0;
    net.registerForwardHook(() => {
      seen++;
    });
    const x = torch.randn([2, 2, 2, 2, 2]);
    net.residual(x, x, new nn.ReLU());
    expect(seen).toBe(1);
  }));

it("refuses to add where it cannot say what the gradient is", () => {
  using _ = torch.scope();
  const x = torch.randn([2, 4, 2, 2, 2]);
  const options = {
    weight: null,
    bias: null,
    runningMean: null,
    runningVar: null,
    training: true,
    momentum: 0,
    eps: 1e-5,
  };
  const run = (more: { slope?: number; pool?: boolean; add: Tensor; groups?: number }) =>
    torch.normActPool(x, { ...options, slope: 0, pool: false, ...more });
  expect(() => run({ add: x, pool: true })).toThrow(/nothing can be added before a pooling/);
  expect(() => run({ add: x, slope: -1 })).toThrow(/slope is learnt or negative/);
  expect(() => run({ add: x.narrow(0, 0, 1) })).toThrow(/what is added should be float32 of size/);
  expect(() => run({ add: x, groups: 3 })).toThrow(/divisible by num_groups, got 4 and 3/);
});
