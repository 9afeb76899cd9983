import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareTransform, goldenPoint, near, readGolden } from "../fixtures/golden.ts";
import { HistogramStandardizationConfig, histogramLandmarks, Rng } from "../index.ts";

compareTransform("HistogramStandardization");

const { landmarks } = readGolden<{ landmarks: number[] }>("beyond.json");

it("landmarks of a training are TorchIO's", () => {
  const live = torch.memory.live();
  {
    using _scope = torch.scope();
    const point = goldenPoint(["image", "t2"]);
    const found = histogramLandmarks([point.image("image").tensor, point.image("t2").tensor]);
    // TorchIO's percentiles are of float32
    near(found, landmarks, 1e-4);
    expect(() => histogramLandmarks([])).toThrow(/no image/);
    expect(() => histogramLandmarks([torch.ones([3])])).toThrow(/image 0 has the same/);
    expect(() => histogramLandmarks([torch.full([3], Number.NaN)])).toThrow(/NaN/);
    point.image("t2").tensor = torch.full([2, 5, 6, 7], Number.NaN);
    const config = new HistogramStandardizationConfig({ landmarks: found });
    expect(() => config.getObject().apply(point, new Rng(0))).toThrow(/'t2' of sub-1, ses-1 holds values that are not/);
    expect(() => new HistogramStandardizationConfig({ landmarks: [1, 2] })).toThrow(/landmarks/);
    expect(() => new HistogramStandardizationConfig({ landmarks: [...found].reverse() })).toThrow(/ascending/);
  }
  expect(torch.memory.live()).toEqual(live);
});
