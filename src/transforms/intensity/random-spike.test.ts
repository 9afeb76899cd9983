import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareTransform, goldenPoint } from "../fixtures/golden.ts";
import { RandomSpikeConfig, Rng } from "../index.ts";

compareTransform("RandomSpike");

it("draws from its options; no spike changes nothing; NaN is an error", () => {
  const live = torch.memory.live();
  {
    using _scope = torch.scope();
    const counts = new Set<number>();
    const transform = new RandomSpikeConfig({ numSpikes: [0, 3], intensity: 2 }).getObject();
    for (let i = 0; i < 60; i++) {
      const { parameters } = transform.apply(goldenPoint(["image"]), new Rng(1, i)).history[0] ?? {};
      const { image } = parameters as { image: { spikes_positions: number[][]; intensity: number } };
      counts.add(image.spikes_positions.length);
      expect(Math.abs(image.intensity)).toBeLessThanOrEqual(2);
    }
    expect([...counts].sort()).toEqual([0, 1, 2, 3]);
    const none = new RandomSpikeConfig({ numSpikes: 0 }).getObject().apply(goldenPoint(), new Rng(0));
    expect(none.values()).toEqual(goldenPoint().values());
    const point = goldenPoint(["image"]);
    point.image("image").tensor = torch.full([1, 2, 2, 2], Number.NaN);
    expect(() => new RandomSpikeConfig().getObject().apply(point, new Rng(0))).toThrow(/'image' of sub-1, ses-1 holds/);
    expect(() => new RandomSpikeConfig({ numSpikes: -1 })).toThrow(/numSpikes/);
    expect(() => new RandomSpikeConfig({ intensity: [2, 1] })).toThrow(/smaller number first/);
  }
  expect(torch.memory.live()).toEqual(live);
});
