import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import * as torch from "../../torch/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { ConfigError, ImageError } from "../../utils/exceptions.ts";
import { Point } from "../fixtures/point.ts";
import { RandomPatch, Rng, replay, TransformsHandler } from "../index.ts";

const AFFINE = [2, 0, 0, -10, 0, 3, 0, 5, 0, 0, 1.5, 7, 0, 0, 0, 1];
const SHAPE = [5, 6, 7];

expectNothingLeft();

/** Voxel (x, y, z) of the image is 42 x + 7 y + z; the mask holds what `labels` gives for it. */
function make(labels: (voxel: number) => number = () => 0, shape: readonly number[] = SHAPE): Point {
  const count = shape.reduce((product, n) => product * n, 1);
  const values = Float32Array.from({ length: count }, (_, i) => i);
  return new Point()
    .add("image", "scalar", torch.fromTypedArray(values, [1, ...shape]), AFFINE)
    .add("seg", "label", torch.fromTypedArray(values.map(labels), [1, ...shape]), AFFINE);
}

/** Where the patches lie that so many draws give. */
function positions(extraction: RandomPatch, point: () => Point, draws: number): (readonly number[])[] {
  using _scope = torch.scope();
  const handler = new TransformsHandler({ extraction });
  const whole = point();
  return Array.from({ length: draws }, (_, i) =>
    torch.tidy(() => {
      const place = handler.cutOf(0, new Rng(42, i)).extract(whole.copy());
      if (place.sampleType !== "patch") throw new Error(`a ${place.sampleType} came`);
      return place.samplePosition;
    }),
  );
}

/**
 * How unlikely Pearson's statistic is, in standard deviations of a normal distribution (Wilson & Hilferty 1931). The draws are always the same, so that it is no
 * question of luck whether it is below 4, which it would be for all but one seed in thirty thousand.
 */
function chiSquare(counts: readonly number[], expected: readonly number[]): number {
  const statistic = counts.reduce((sum, n, i) => sum + (n - (expected[i] ?? 0)) ** 2 / (expected[i] ?? 0), 0);
  const freedom = counts.length - 1;
  return (Math.cbrt(statistic / freedom) - (1 - 2 / (9 * freedom))) / Math.sqrt(2 / (9 * freedom));
}

function countsOf(all: readonly (readonly number[])[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(one.join(), (counts.get(one.join()) ?? 0) + 1);
  return counts;
}

describe("RandomPatch", () => {
  it("cuts every patch that lies within the image as often as any other", () => {
    const counts = countsOf(positions(new RandomPatch({ patchSize: [3, 5, 6] }), make, 3600));
    // 3 × 2 × 2 places
    expect(counts.size).toBe(12);
    expect(chiSquare([...counts.values()], Array(12).fill(300))).toBeLessThan(4);
  });

  it("centres the share of patches on the foreground that is asked for, each of its voxels as often as any other", () => {
    // patches of one voxel are their own centre; one in ten voxels is foreground
    const inside = (voxel: number): number => (voxel % 10 === 3 ? 2 : 0);
    const weights = { mask: "seg", foreground: 0.33 };
    const draws = 4000;
    const all = positions(new RandomPatch({ patchSize: 1, weights }), () => make(inside), draws);
    const voxels = all.map(([x = 0, y = 0, z = 0]) => 42 * x + 7 * y + z);
    const foreground = voxels.filter((voxel) => inside(voxel) > 0);
    expect(chiSquare([foreground.length, draws - foreground.length], [0.33 * draws, 0.67 * draws])).toBeLessThan(4);
    const counts = countsOf(foreground.map((voxel) => [voxel]));
    expect(counts.size).toBe(21);
    expect(chiSquare([...counts.values()], Array(21).fill(foreground.length / 21))).toBeLessThan(4);
    const elsewhere = countsOf(voxels.filter((voxel) => inside(voxel) === 0).map((voxel) => [voxel]));
    expect(elsewhere.size).toBe(189);
    expect(chiSquare([...elsewhere.values()], Array(189).fill((draws - foreground.length) / 189))).toBeLessThan(4);
  });

  it("takes the background where an image has no foreground, and the other way round", () => {
    for (const [labels, foreground] of [[() => 0, 1] as const, [() => 1, 0] as const]) {
      const weights = { mask: "seg", foreground };
      const counts = countsOf(
        positions(new RandomPatch({ patchSize: 1, weights }), () => make(labels, [2, 1, 2]), 800),
      );
      expect(counts.size).toBe(4);
      expect(chiSquare([...counts.values()], Array(4).fill(200))).toBeLessThan(4);
    }
  });

  it("draws labels by their weights, of those that the image has", () => {
    // labels 0, 1 and 2 by threes; 3 is nowhere, and its weight is shared by the others
    const classes = { 0: 0, 1: 1, 2: 3, 3: 5 };
    const extraction = new RandomPatch({ patchSize: 1, weights: { mask: "seg", classes } });
    const all = positions(extraction, () => make((voxel) => voxel % 3), 2000);
    const labels = all.map(([x = 0, y = 0, z = 0]) => (42 * x + 7 * y + z) % 3);
    const counts = [0, 1, 2].map((label) => labels.filter((one) => one === label).length);
    expect(counts[0]).toBe(0);
    expect(chiSquare(counts.slice(1), [500, 1500])).toBeLessThan(4);
    // an image with none of them is cut anywhere
    const nowhere = new RandomPatch({ patchSize: 1, weights: { mask: "seg", classes: { 7: 1 } } });
    const places = countsOf(positions(nowhere, () => make(() => 0, [2, 1, 2]), 800));
    expect(places.size).toBe(4);
    expect(chiSquare([...places.values()], Array(4).fill(200))).toBeLessThan(4);
  });

  it("moves patches into the image whose centre is near its border", () => {
    const corner = (voxel: number): number => (voxel === 0 ? 1 : 0);
    const end = (voxel: number): number => (voxel === 209 ? 1 : 0);
    const extraction = new RandomPatch({ patchSize: [4, 3, 2], weights: { mask: "seg", foreground: 1 } });
    expect(positions(extraction, () => make(corner), 1)).toEqual([[0, 0, 0]]);
    expect(positions(extraction, () => make(end), 1)).toEqual([[1, 3, 5]]);
    // the centre of an even number of voxels is the one after the middle, as in MONAI
    const middle = (voxel: number): number => (voxel === 42 * 2 + 7 * 3 + 4 ? 1 : 0);
    expect(positions(extraction, () => make(middle), 1)).toEqual([[0, 2, 3]]);
  });

  it("cuts image and masks alike, with the affine of the place, and pads what is smaller than a patch", () => {
    using _scope = torch.scope();
    const handler = new TransformsHandler({ extraction: new RandomPatch({ patchSize: [3, 8, 2], padValue: -1 }) });
    const point = make((voxel) => voxel);
    const place = handler.cutOf(0, new Rng(3)).extract(point);
    const [x, y, z] = place.samplePosition as [number, number, number];
    expect(y).toBe(0);
    const expected = (padding: number): number[] => {
      const values: number[] = [];
      for (let i = x; i < x + 3; i++)
        for (let j = 0; j < 8; j++) for (let k = z; k < z + 2; k++) values.push(j < 6 ? 42 * i + 7 * j + k : padding);
      return values;
    };
    // what is not in the image has no label
    for (const [name, padding] of [
      ["image", -1],
      ["seg", 0],
    ] as const) {
      expect(point.values(name)).toEqual(expected(padding));
      expect([...point.image(name).affine]).toEqual([
        2,
        0,
        0,
        2 * x - 10,
        0,
        3,
        0,
        5,
        0,
        0,
        1.5,
        1.5 * z + 7,
        0,
        0,
        0,
        1,
      ]);
    }
    const again = replay(
      JSON.parse(JSON.stringify(point.history)),
      make((voxel) => voxel),
    );
    expect(again.values()).toEqual(point.values());
    expect(again.history).toEqual(point.history);
  });

  it("cuts in evaluation into the patches of a grid, of which the history says so", () => {
    using _scope = torch.scope();
    const extraction = new RandomPatch({ patchSize: 3, numSamples: 5, overlap: 0.5 });
    const handler = new TransformsHandler({ extraction });
    const outline = { participantId: "sub-1", sessionId: "ses-1", spatialShape: [5, 6, 7] as const };
    expect(handler.numSamplesPerImage(outline)).toBe(5);
    expect(handler.numSamplesPerImage(outline, false)).toBe(2 * 3 * 3);
    const point = make();
    expect(handler.cutOf(17, null).extract(point).samplePosition).toEqual([2, 4, 4]);
    expect(point.history.map(({ name_, parameters }) => [name_, parameters])).toEqual([["Patch", 17]]);
  });

  it("goes to JSON and back, and says what is wrong", () => {
    const weights = { mask: "seg", classes: { 1: 1, 12: 0.5 } };
    const handler = new TransformsHandler({
      extraction: { name_: "RandomPatch", patchSize: 4, numSamples: 2, weights },
    });
    const json = JSON.parse(JSON.stringify(handler.toDict())) as JsonObject;
    expect(json.extraction).toEqual({
      name_: "RandomPatch",
      patch_size: [4, 4, 4],
      num_samples: 2,
      weights,
      pad_mode: "constant",
      pad_value: 0,
      overlap: [0, 0, 0],
    });
    expect(TransformsHandler.fromDict(json).toDict()).toEqual(handler.toDict());
    expect(() => new RandomPatch({ patchSize: 4, numSamples: 0 })).toThrow(/'numSamples' got 0/);
    expect(() => new RandomPatch({ patchSize: 4, weights: { mask: "a", classes: { 1: 0 } } })).toThrow(/above 0/);
    expect(() => new RandomPatch({ patchSize: 4, weights: { mask: "a", foreground: 2 } })).toThrow(/'weights/);
    const lost = new RandomPatch({ patchSize: 4, weights: { mask: "lesion", foreground: 1 } });
    expect(() => positions(lost, make, 1)).toThrow(ConfigError);
    expect(() => positions(lost, make, 1)).toThrow(/the mask 'lesion', and the masks of sub-1, ses-1 are: 'seg'/);
    const small = (): Point => make().add("other", "label", torch.zeros([1, 2, 2, 2]), AFFINE);
    expect(() => positions(lost, small, 1)).toThrow(ImageError);
  });
});
