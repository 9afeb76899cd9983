import { describe, expect, it } from "vitest";
import type { Tensor } from "./index.ts";
import * as torch from "./index.ts";

/** The largest difference, relative to the largest value. */
function distance(a: Tensor, b: Tensor): number {
  using _ = torch.scope();
  return a.sub(b).abs().max().item() / (a.abs().max().item() + 1e-9);
}

const cases = [5, 8, 19].flatMap((channels) =>
  [true, false].flatMap((pool) =>
    [true, false].flatMap((instance) =>
      [true, false].flatMap((prelu) =>
        [true, false].map((training) => ({ channels, pool, instance, prelu, training })),
      ),
    ),
  ),
);

it.each(cases)(
  "equals normalisation, activation and pooling in turn: %o",
  ({ channels, pool, instance, prelu, training }) => {
    const before = torch.memory.live().tensors;
    {
      using _ = torch.scope();
      torch.manualSeed(channels);
      const image = torch.randn([2, channels, 7, 6, 9]);
      const gamma = torch.rand([channels]);
      const beta = torch.randn([channels]);
      const gradient = torch.randn([2, channels, ...(pool ? [3, 3, 4] : [7, 6, 9])]);
      const run = (fused: boolean): Record<string, Tensor> => {
        const leaf = (t: Tensor) => t.clone().requiresGrad_();
        const [x, weight, bias, slope] = [leaf(image), leaf(gamma), leaf(beta), leaf(torch.full([1], 0.25))];
        const mean = torch.full([channels], 0.1);
        const variance = torch.full([channels], 1.3);
        let y: Tensor;
        if (fused) {
          y = torch.normActPool(x, {
            weight,
            bias,
            runningMean: instance ? null : mean,
            runningVar: instance ? null : variance,
            training,
            groups: instance ? channels : null,
            slope: prelu ? slope : 0,
            pool,
            momentum: 0.1,
            eps: 1e-5,
          });
        } else {
          y = instance
            ? torch.instanceNorm(x, weight, bias, null, null, true, 0.1, 1e-5, false)
            : torch.batchNorm(x, weight, bias, mean, variance, training, 0.1, 1e-5, false);
          y = prelu ? torch.prelu(y, slope) : torch.relu(y);
          if (pool) y = torch.maxPool3d(y, 2);
        }
        y.backward(gradient);
        const out: Record<string, Tensor | null> = {
          y,
          x: x.grad,
          weight: weight.grad,
          bias: bias.grad,
          mean,
          variance,
        };
        if (prelu) out.slope = slope.grad;
        return out as Record<string, Tensor>;
      };
      const plain = run(false);
      const fused = run(true);
      for (const [name, value] of Object.entries(plain)) {
        expect([name, distance(value, fused[name] as Tensor) < 5e-6]).toEqual([name, true]);
      }
    }
    expect(torch.memory.live().tensors).toBe(before);
  },
);

it("keeps NaN, as max-pooling does", () => {
  using _ = torch.scope();
  const x = torch.zeros([1, 8, 2, 2, 2]);
  x.select(4, 1).fill_(Number.NaN);
  const y = torch.normActPool(x, {
    weight: null,
    bias: null,
    runningMean: torch.zeros([8]),
    runningVar: torch.ones([8]),
    training: false,
    slope: 0,
    pool: true,
    momentum: 0.1,
    eps: 1e-5,
  });
  expect(y.isnan().all().item()).toBe(1);
});

it("refuses statistics and weights of another size, and images too small to pool", () => {
  using _ = torch.scope();
  const options = {
    weight: null,
    bias: null,
    runningMean: null,
    runningVar: null,
    training: true,
    slope: 0,
    pool: true,
    momentum: 0.1,
    eps: 1e-5,
  };
  const x = torch.randn([2, 8, 4, 4, 4]);
  const short = { runningMean: torch.zeros([3]), runningVar: torch.ones([3]) };
  expect(() => torch.normActPool(x, { ...options, ...short })).toThrow(/running_mean should contain 8 .* not 3/);
  expect(() => torch.normActPool(x, { ...options, weight: torch.ones([1]) })).toThrow(/weight should contain 8/);
  expect(() => torch.normActPool(x, { ...options, slope: torch.ones([5]) })).toThrow(/slope should contain 1 or 8/);
  expect(() => torch.normActPool(torch.randn([2, 8, 1, 4, 4]), options)).toThrow(/too small/);
  expect(() => torch.normActPool(torch.randn([2, 8, 4]), options)).toThrow(/5-dimensional/);
});

/** A fused chain, and the same layers one by one: a hook on each keeps them from being fused. */
function chains(make: () => torch.nn.Module[]): { fused: torch.nn.Sequential; inTurn: torch.nn.Sequential } {
  const build = () => {
    torch.manualSeed(1);
    return make() as never[];
  };
  const fused = new torch.nn.Sequential(...build());
  const layers = build();
  for (const layer of layers) (layer as torch.nn.Module).registerForwardHook(() => undefined);
  return { fused, inTurn: new torch.nn.Sequential(...layers) };
}
const kinds = [
  ["batch", () => new torch.nn.BatchNorm3d(3)],
  ["instance", () => new torch.nn.InstanceNorm3d(3, { affine: true })],
] as const;

it.each(kinds)("an empty batch gives what the layers in turn give (%s)", (_name, norm) => {
  using _ = torch.scope();
  const { fused, inTurn } = chains(() => [norm(), new torch.nn.ReLU(), new torch.nn.MaxPool3d(2)]);
  const x = torch.zeros([0, 3, 4, 4, 4]);
  // an empty shape, or libtorch's error: instance normalisation of an empty batch is one in PyTorch, too
  const outcome = (net: torch.nn.Sequential): string => {
    try {
      return net.call(x).shape.join(" ");
    } catch (error) {
      return String(error);
    }
  };
  for (const mode of [true, false]) {
    fused.train(mode);
    inTurn.train(mode);
    expect(outcome(fused)).toBe(outcome(inTurn));
    expect(outcome(fused)).toMatch(/^(0 3 2 2 2$|Error: select)/);
  }
  fused.dispose();
  inTurn.dispose();
});

describe.each(kinds)("gradients of gradients (%s)", (_name, norm) => {
  it.each([
    ["relu", () => new torch.nn.ReLU()],
    ["leaky relu", () => new torch.nn.LeakyReLU(0.1)],
    ["prelu", () => new torch.nn.PReLU()],
  ] as const)("are those of the layers in turn (%s)", (_act, act) => {
    const before = torch.memory.live().tensors;
    for (const training of [true, false]) {
      using _ = torch.scope();
      const { fused, inTurn } = chains(() => [norm(), act(), new torch.nn.MaxPool3d(2)]);
      torch.manualSeed(2);
      const image = torch.randn([2, 3, 4, 4, 6]);
      const penalty = (net: torch.nn.Sequential): number[] => {
        net.train(training);
        const x = image.clone().requiresGrad_();
        const [gradient] = torch.autograd.grad(net.call(x).pow(2).sum(), x, { createGraph: true });
        (gradient as torch.Tensor).pow(2).sum().backward();
        const leaves = [x, ...net.parameters()];
        return leaves.flatMap((leaf) => leaf.grad?.toNumbers() ?? []);
      };
      const [a, b] = [penalty(fused), penalty(inTurn)];
      const size = Math.max(...b.map(Math.abs));
      // four passes in float32 over 48 values a channel: errors of some ten units in the last place of the largest
      expect(Math.max(...a.map((v, i) => Math.abs(v - (b[i] ?? Number.NaN)))) / size).toBeLessThan(64 * 2 ** -23);
      expect(a).toHaveLength(b.length);
      fused.dispose();
      inTurn.dispose();
    }
    expect(torch.memory.live().tensors).toBe(before);
  });
});

it("ReLU of minus infinity is 0, and NaN stays NaN", () => {
  using _ = torch.scope();
  for (const act of [new torch.nn.ReLU(), new torch.nn.LeakyReLU(0.5)]) {
    const { fused, inTurn } = chains(() => [new torch.nn.BatchNorm3d(1), act]);
    fused.eval();
    inTurn.eval();
    const x = torch.tensor([[[[[-Infinity, Number.NaN, -1, 1, Infinity, 0, -2, 3, -Infinity]]]]]);
    // 1/√(1 + eps) in float32 scales both; equal to a unit in the last place
    const [a, b] = [fused.call(x).toNumbers(), inTurn.call(x).toNumbers()];
    expect(a.map((v) => Math.fround(v).toPrecision(6))).toEqual(b.map((v) => Math.fround(v).toPrecision(6)));
    fused.dispose();
    inTurn.dispose();
  }
});

it.each([10, 300, 3000, 30000])("variance is exact where the mean is %d times the deviation", (ratio) => {
  using _ = torch.scope();
  torch.manualSeed(3);
  const noise = torch.randn([2, 2, 8, 24, 24]);
  // the first voxel and a border are background, so that they say nothing of the mean
  const x = noise.add(ratio);
  x.narrow(4, 0, 2).zero_();
  const exact = torch.var(x.to({ dtype: "float64" }), [0, 2, 3, 4], { correction: 1 }).toNumbers();
  const norm = new torch.nn.BatchNorm3d(2, { momentum: 1 });
  using net = new torch.nn.Sequential(norm, new torch.nn.ReLU());
  net.train();
  net.call(x);
  const got = norm.runningVar?.toNumbers() ?? [];
  // differences from a value near the mean are exact to a unit in the last place; rows of 24 are summed in float32
  for (const [i, value] of exact.entries()) expect(Math.abs((got[i] ?? 0) - value) / value).toBeLessThan(32 * 2 ** -23);
});

it("dropout of float64 scales in float64", () => {
  using _ = torch.scope();
  using layer = new torch.nn.Dropout(0.3);
  const y = layer.call(torch.ones([64], { dtype: "float64" }));
  expect(new Set(y.toNumbers())).toEqual(new Set([0, 1 / 0.7]));
});
