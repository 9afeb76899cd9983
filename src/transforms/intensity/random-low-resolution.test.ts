import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareTransform, goldenPoint } from "../fixtures/golden.ts";
import { RandomLowResolutionConfig, Rng } from "../index.ts";

compareTransform("RandomLowResolution");

it("draws from its options", () => {
  const live = torch.memory.live();
  {
    using _scope = torch.scope();
    const transform = new RandomLowResolutionConfig({ zoom: [0.3, 0.6] }).getObject();
    for (let i = 0; i < 20; i++) {
      const { parameters } = transform.apply(goldenPoint(["image"]), new Rng(1, i)).history[0] ?? {};
      const { image } = parameters as { image: { zoom: number } };
      expect(image.zoom).toBeGreaterThanOrEqual(0.3);
      expect(image.zoom).toBeLessThanOrEqual(0.6);
    }
    const whole = new RandomLowResolutionConfig({ zoom: 1 }).getObject().apply(goldenPoint(), new Rng(0));
    expect(whole.values()).toEqual(goldenPoint().values());
    for (const zoom of [0, 1.5, [0.9, 0.5]])
      expect(() => new RandomLowResolutionConfig({ zoom } as never)).toThrow(/zoom/);
  }
  expect(torch.memory.live()).toEqual(live);
});
