import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareTransform } from "../fixtures/golden.ts";
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
