import { expect, it } from "vitest";
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
            instance,
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
    instance: false,
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
    instance: false,
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
