import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import * as torch from "../../torch/index.ts";
import { readGolden } from "../fixtures/golden.ts";
import { Point } from "../fixtures/point.ts";
import { BiasFieldCorrectionConfig, Rng, replay } from "../index.ts";
import { otsuThreshold } from "./otsu.ts";
import { evaluateSplines, fitSplines, refineSplines, splineBasis } from "./spline-grid.ts";

interface Golden {
  readonly before: readonly number[];
  readonly otsu: number;
  readonly corrected: Readonly<
    Record<"whole" | "half", { readonly variation: readonly number[]; readonly field: readonly number[] }>
  >;
}
const { bias } = readGolden<{ bias: Golden }>("beyond.json");

const SHAPE = [30, 34, 28] as const;
const AFFINE = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

expectNothingLeft();

/** Two tissues in an ellipsoid, a grain, and a field: the phantom of beyond_golden.py. */
function phantom(): { image: Float32Array; tissue: Float32Array; field: number[] } {
  const [nx, ny, nz] = SHAPE;
  const image = new Float32Array(nx * ny * nz);
  const tissue = new Float32Array(image.length);
  const field: number[] = [];
  const at = (i: number, n: number): number => (2 * i) / (n - 1) - 1;
  for (let v = 0; v < image.length; v++) {
    const [x, y, z] = [at(Math.floor(v / (ny * nz)), nx), at(Math.floor(v / nz) % ny, ny), at(v % nz, nz)];
    const radius = Math.hypot(x / 0.85, y / 0.9, z / 0.8);
    const wave = Math.sin(5 * x) * Math.cos(4 * y) + Math.sin(3 * z);
    const kind = radius > 1 ? 0 : radius > 0.75 || wave > 0.6 ? 1 : 2;
    const grain = ((Math.abs(Math.sin(v * 12.9898)) * 43.7585) % 1) - 0.5;
    field.push(0.25 * x - 0.2 * y ** 2 + 0.15 * x * z + 0.1 * Math.sin(2 * y));
    image[v] = ([2, 90, 150][kind] ?? 0) * (1 + 0.06 * grain) * Math.exp(field[v] ?? 0);
    tissue[v] = kind;
  }
  return { image, tissue, field };
}
const { image, tissue, field: trueField } = phantom();

function point(): Point {
  const inside = tissue.map((kind) => (kind > 0 ? 1 : 0));
  return new Point()
    .add("image", "scalar", torch.fromTypedArray(image, [1, ...SHAPE]), AFFINE)
    .add("head", "label", torch.fromTypedArray(inside, [1, ...SHAPE]), AFFINE);
}

/** The logarithm of what the image was divided by, and what is left of each tissue's spread. */
function correct(options: ConstructorParameters<typeof BiasFieldCorrectionConfig>[0]): {
  readonly field: number[];
  readonly variation: number[];
} {
  using _scope = torch.scope();
  const after = new BiasFieldCorrectionConfig(options).getObject().apply(point(), new Rng(0)).values();
  const field = after.map((value, v) => Math.log((image[v] ?? 0) / value));
  const variation = [1, 2].map((kind) => {
    const values = after.filter((_, v) => tissue[v] === kind);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) / mean;
  });
  return { field, variation };
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (all: readonly number[]): number => all.reduce((sum, value) => sum + value, 0) / all.length;
  const [ma, mb] = [mean(a), mean(b)];
  const sum = (f: (x: number, y: number) => number): number =>
    a.reduce((total, x, i) => total + f(x - ma, (b[i] ?? 0) - mb), 0);
  return sum((x, y) => x * y) / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
}

/** Every fourth voxel along each axis: those of the golden field, and of the head only. */
const sampled = Array.from(image.keys()).filter((v) =>
  [Math.floor(v / (34 * 28)), Math.floor(v / 28) % 34, v % 28].every((i) => i % 4 === 0),
);
const inHead = sampled.flatMap((v, i) => (tissue[v] === 0 ? [] : [{ v, i }]));

describe("BiasFieldCorrection", () => {
  it.each([
    ["whole", 1],
    ["half", 2],
  ] as const)("finds the field as ITK does, of the %s image", (name, shrinkFactor) => {
    const { field, variation } = correct({ maskingMethod: "head", shrinkFactor });
    const known = bias.corrected[name];
    expect(sampled).toHaveLength(known.field.length);
    const ours = inHead.map(({ v }) => field[v] ?? 0);
    const itk = inHead.map(({ i }) => known.field[i] ?? 0);
    expect(correlation(ours, itk)).toBeGreaterThan(0.99);
    expect(
      correlation(
        ours,
        inHead.map(({ v }) => trueField[v] ?? 0),
      ),
    ).toBeGreaterThan(0.99);
    variation.forEach((left, kind) => {
      // most of the spread is gone, and as much as ITK takes away
      expect(left).toBeLessThan(0.25 * (bias.before[kind] ?? 0));
      expect(left).toBeLessThan(1.01 * (known.variation[kind] ?? 0));
    });
    if (shrinkFactor > 1) return;
    // all of the image is the same grid in both: ITK computes in float32, and the file has five digits
    const worst = Math.max(...ours.map((value, i) => Math.abs(value - (itk[i] ?? 0))));
    expect(worst).toBeLessThan(1e-3);
  });

  it("takes the voxels above Otsu's threshold, as scikit-image finds it, where there is no mask", () => {
    using _scope = torch.scope();
    const values = point().image("image").tensor;
    // ours is the end of the bin, and scikit-image's its middle; both are rounded, by less than a hundredth of a bin
    const bin = (values.max().item() - values.min().item()) / 256;
    expect(Math.abs(otsuThreshold(values) - bias.otsu - bin / 2)).toBeLessThan(0.01 * bin);
    // all of the background is darker, and all of the tissue brighter: these are the voxels of the mask
    const { field } = correct({ shrinkFactor: 2, maskingMethod: "head" });
    expect(correct({ shrinkFactor: 2 }).field.every((value, v) => value === field[v])).toBe(true);
    expect(otsuThreshold(torch.full([2, 2], 3))).toBe(3);
  });

  it("corrects each channel for itself, by what is under the mask, and the same each time", () => {
    using _scope = torch.scope();
    const both = point();
    const before = both.image("image").tensor;
    const head = both.image("head").tensor;
    // the second channel is brighter, and shows nothing outside of the head
    both.image("image").tensor = torch.cat([before, before.mul(2).mul(head)], 0);
    const config = new BiasFieldCorrectionConfig({ maskingMethod: "head", maxIterations: [10, 10] });
    expect(BiasFieldCorrectionConfig.fromDict(JSON.parse(JSON.stringify(config.toDict())))).toEqual(config);
    const after = config.getObject().apply(both, new Rng(0));
    const [first, second] = [0, 1].map((c) => after.image("image").tensor.select(0, c));
    if (first === undefined || second === undefined) throw new Error("a channel is missing");
    const alone = config.getObject().apply(point(), new Rng(1)).image("image").tensor.select(0, 0);
    expect(torch.equal(first, alone)).toBe(true);
    // a factor is no field; logarithms and their histogram are rounded otherwise
    const share = second.div(first.mul(2)).maskedSelect(head.select(0, 0).ne(0));
    expect(Math.abs(share.max().item() - 1)).toBeLessThan(1e-4);
    expect(Math.abs(share.min().item() - 1)).toBeLessThan(1e-4);
    expect(after.image("head").tensor).toBe(head);
    const again = replay(JSON.parse(JSON.stringify(after.history)), point());
    expect(torch.equal(again.image("image").tensor.select(0, 0), first)).toBe(true);
  });

  it("leaves a constant image as it is, and says which image cannot be corrected", () => {
    using _scope = torch.scope();
    const of = (tensor: torch.Tensor): Point => new Point().add("image", "scalar", tensor, AFFINE);
    const transform = new BiasFieldCorrectionConfig({ maskingMethod: 0 }).getObject();
    for (const shape of [
      [1, 6, 5, 4],
      [1, 1, 9, 9],
    ]) {
      const constant = torch.full(shape, 7);
      expect(torch.equal(transform.apply(of(constant), new Rng(0)).image("image").tensor, constant)).toBe(true);
    }
    const apply = (tensor: torch.Tensor): unknown => transform.apply(of(tensor), new Rng(0));
    expect(() => apply(torch.full([1, 3, 3, 3], Number.NaN))).toThrow(/'image' of sub-1, ses-1 holds values/);
    expect(() => apply(torch.full([1, 3, 3, 3], -1))).toThrow(/'image' of sub-1, ses-1 has no voxels above 0/);
    expect(() => new BiasFieldCorrectionConfig({ numControlPoints: 3 })).toThrow(/'numControlPoints' got 3/);
    expect(() => new BiasFieldCorrectionConfig({ maxIterations: [] })).toThrow(/'maxIterations'/);
  });
});

describe("splines on a grid", () => {
  const places = Array.from({ length: 11 }, (_, i) => i / 10);
  const basesOf = (spans: number): [torch.Tensor, torch.Tensor, torch.Tensor] => [
    splineBasis(places, spans),
    splineBasis(places.slice(0, 7), spans),
    splineBasis([0, 0.3, 1], spans),
  ];

  it("are the same on control points twice as dense", () => {
    using _scope = torch.scope();
    const generator = new torch.Generator().manualSeed(1);
    const lattice = torch.randn([5, 5, 5], { generator, dtype: "float64" });
    const coarse = evaluateSplines(lattice, basesOf(2));
    const fine = evaluateSplines(refineSplines(lattice), basesOf(4));
    expect(fine.shape).toEqual([11, 7, 3]);
    expect(fine.sub(coarse).abs().max().item()).toBeLessThan(1e-13);
  });

  it("are fitted as Lee, Wolberg and Shin do, to the voxels that count", () => {
    using _scope = torch.scope();
    const generator = new torch.Generator().manualSeed(2);
    const values = torch.randn([11, 7, 3], { generator, dtype: "float64" });
    const weights = torch.rand([11, 7, 3], { generator }).gt(0.3).to({ dtype: "float64" });
    weights.narrow(0, 5, 6).fill_(0);
    const bases = basesOf(4);
    const [x = [], y = [], z = []] = bases.map((basis) => basis.toArray() as number[][]);
    const [asked, by] = [new Map<string, number>(), new Map<string, number>()];
    const add = (sums: Map<string, number>, key: string, n: number): unknown => sums.set(key, (sums.get(key) ?? 0) + n);
    for (const [i, bx] of x.entries())
      for (const [j, by_] of y.entries())
        for (const [k, bz] of z.entries()) {
          if (torch.tidy(() => weights.select(0, i).select(0, j).select(0, k).item()) === 0) continue;
          const value = torch.tidy(() => values.select(0, i).select(0, j).select(0, k).item());
          const points = bx.flatMap((a, l) =>
            by_.flatMap((b, m) => bz.map((c, n) => ({ key: `${l} ${m} ${n}`, w: a * b * c }))),
          );
          const squares = points.reduce((sum, { w }) => sum + w * w, 0);
          for (const { key, w } of points) {
            add(asked, key, (w * w * w * value) / squares);
            add(by, key, w * w);
          }
        }
    const lattice = fitSplines(values, weights, bases).toArray() as number[][][];
    for (const [l, plane] of lattice.entries())
      for (const [m, row] of plane.entries())
        for (const [n, got] of row.entries()) {
          const weight = by.get(`${l} ${m} ${n}`) ?? 0;
          const wanted = weight > 0 ? (asked.get(`${l} ${m} ${n}`) ?? 0) / weight : 0;
          expect(Math.abs(got - wanted)).toBeLessThan(1e-9 * Math.max(1, Math.abs(wanted)));
        }
    // no voxel that counts is near the last ones
    expect(lattice[6]?.flat().every((got) => got === 0)).toBe(true);
  });
});
