import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareTransform } from "../fixtures/golden.ts";
import { Point } from "../fixtures/point.ts";
import { RescaleIntensityConfig, Rng } from "../index.ts";
import { percentileOf, percentilesOf } from "../masking.ts";

compareTransform("RescaleIntensity");

it("selects the percentiles that sorting gives, of equal values too", () => {
  const live = torch.memory.live();
  {
    using _scope = torch.scope();
    torch.manualSeed(3);
    const many = torch.randn([1001]);
    for (const values of [many, many.mul(2).round().add(0), torch.tensor([5.5]), torch.tensor([2, 1, 1, 1, 3])]) {
      const [sorted] = values.sort();
      const percents = [0, 0.5, 1, 25, 33.3, 50, 99, 99.9, 100];
      const wanted = percents.map((percent) => percentileOf(sorted, percent));
      expect(percentilesOf(values, percents)).toEqual(wanted);
      expect(percentilesOf(values.to({ dtype: "float64" }), percents)).toEqual(wanted);
    }
  }
  expect(torch.memory.live()).toEqual(live);
});

it.each([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])(
  "refuses an image with %d, unless percentiles cut it off",
  (odd) => {
    const live = torch.memory.live();
    {
      using _scope = torch.scope();
      const point = (): Point => {
        const values = torch.tensor([odd, ...Array.from({ length: 63 }, (_, i) => i)], { dtype: "float32" });
        return new Point().add(
          "image",
          "scalar",
          values.reshape([1, 4, 4, 4]),
          [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
        );
      };
      const rescaled = (options: ConstructorParameters<typeof RescaleIntensityConfig>[0]): number[] =>
        new RescaleIntensityConfig(options).getObject().apply(point(), new Rng(0)).values();
      expect(() => rescaled({})).toThrow(/cannot be rescaled: its values go from .*(Infinity|NaN)/);
      if (Number.isNaN(odd)) return;
      const values = rescaled({ percentiles: [5, 95] });
      expect([Math.min(...values), Math.max(...values), values[0]]).toEqual([0, 1, odd > 0 ? 1 : 0]);
    }
    expect(torch.memory.live()).toEqual(live);
  },
);
