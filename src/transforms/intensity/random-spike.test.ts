import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareTransform, goldenPoint, near } from "../fixtures/golden.ts";
import { Point } from "../fixtures/point.ts";
import { RandomSpikeConfig, Rng, replay } from "../index.ts";

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

it("is what a way to the spectrum and back gives", () => {
  const live = torch.memory.live();
  {
    using _scope = torch.scope();
    torch.manualSeed(9);
    const places = [
      [0.9, 0.2, 0.6],
      [0.5, 0.5, 0.5],
      [0.9, 0.2, 0.6],
      [0.1, 0.75, 0.35],
      [1, 0, 0.99],
    ];
    for (const size of [
      [4, 5, 6],
      [7, 1, 3],
      [1, 1, 1],
      [8, 6, 9],
    ]) {
      for (const offset of [0, 5, -5]) {
        for (const intensity of [2.5, -0.7]) {
          for (const count of [1, 2, 5]) {
            const image = torch.rand([2, ...size]).add(offset);
            const point = new Point();
            point.add("image", "scalar", image, [...goldenPoint(["image"]).image("image").affine]);
            const parameters = { image: { spikes_positions: places.slice(0, count), intensity } };
            const options = new RandomSpikeConfig().toDict();
            const made = replay([{ name_: "RandomSpike", options, parameters }], point).values();
            const wanted = [0, 1].flatMap((c) => plain(image.select(0, c), places.slice(0, count), intensity));
            // some roundings of the greatest; what spikes leave may be smaller than what they met
            const greatest = Math.max(...wanted.map(Math.abs), ...image.flatten().toNumbers().map(Math.abs));
            near(made, wanted, 2 ** -20 * greatest);
          }
        }
      }
    }
  }
  expect(torch.memory.live()).toEqual(live);
});

function plain(image: torch.Tensor, places: readonly (readonly number[])[], intensity: number): number[] {
  const spectrum = torch.fftFftshift(torch.fftFftn(image.to({ dtype: "float64" })));
  for (const place of places) {
    const spike = torch.real(spectrum).max().mul(intensity);
    const at = place.map((part, i) => Math.min(Math.floor(part * (image.shape[i] ?? 1)), (image.shape[i] ?? 1) - 1));
    at.reduce((part, index) => part.select(0, index), spectrum).add_(spike);
  }
  return torch
    .real(torch.fftIfftn(torch.fftIfftshift(spectrum)))
    .flatten()
    .toNumbers();
}
