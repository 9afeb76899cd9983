import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { resampleReference } from "../fixtures/resample-reference.ts";
import { KERNELS } from "../fixtures/taps.ts";
import { splineCoefficients } from "./bspline.ts";
import { type Interpolation, interpolation as names } from "./interpolation.ts";
import { resample } from "./resample.ts";

let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
  torch.manualSeed(1);
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

/** Turned, sheared, half a voxel off, and so large that parts lie outside. */
const MAP = Float64Array.from([0.6, 0.2, -0.1, -0.9, -0.15, 0.7, 0.1, 0.4, 0.05, -0.3, 0.9, 0.8, 0, 0, 0, 1]);
const STRAIGHT = Float64Array.from([0.5, 0, 0, -0.25, 0, 1, 0, 0, 0, 0, 2, 0.5, 0, 0, 0, 1]);
const IDENTITY = Float64Array.from([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);

/** The greatest difference between the kernel and its reference, as a share of the greatest value. */
function difference(
  image: torch.Tensor,
  map: Float64Array,
  interpolation: Interpolation,
  outside: readonly number[] | null,
  displacement?: torch.Tensor,
): number {
  const shape = [7, 8, 5] as const;
  const made = resample(image, { shape, map, interpolation, outside, ...(displacement && { displacement }) });
  expect(made.shape).toEqual([image.shape[0], ...shape]);
  const spline = interpolation === "bspline" || interpolation === "cubic";
  const [channels = 1, d = 1, h = 1, w = 1] = image.shape;
  const wanted = resampleReference(
    { data: (spline ? splineCoefficients(image) : image).flatten().toNumbers(), channels, shape: [d, h, w] },
    { shape, map, displacement: displacement === undefined ? null : displacement.flatten().toNumbers() },
    interpolation,
    outside,
  );
  const got = made.flatten().toNumbers();
  const greatest = wanted.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return wanted.reduce((max, value, i) => Math.max(max, Math.abs(value - (got[i] ?? Number.NaN))), 0) / greatest;
}

describe("the kernel, compared to its reference", () => {
  it.each(names.options)("%s", (name) => {
    using _scope = torch.scope();
    // only a few values, so that several voxels of label_gaussian have the same
    const image = torch.randint(5, [2, 6, 5, 7]).to({ dtype: "float32" }).add(1);
    const wide = image.to({ dtype: "float64" });
    const field = torch.randn([7, 8, 5, 3], { dtype: "float64" });
    for (const map of [MAP, STRAIGHT, IDENTITY]) {
      for (const outside of [[-3, 9], null]) {
        // half a rounding of float32; erf and sines of the C library differ from JavaScript's in the last bits
        expect(difference(image, map, name, outside)).toBeLessThan(1e-7);
        expect(difference(wide, map, name, outside)).toBeLessThan(1e-13);
        expect(difference(wide, map, name, outside, field)).toBeLessThan(1e-13);
      }
    }
    for (const shape of [
      [1, 1, 6, 7],
      [1, 2, 1, 3],
      [1, 1, 1, 1],
    ]) {
      expect(difference(torch.rand(shape, { dtype: "float64" }), MAP, name, null)).toBeLessThan(1e-13);
    }
  });

  it("all weights of a place make 1, but those of windowed sines, which are near it", () => {
    for (const name of names.options) {
      for (const place of [-0.5, -0.2, 0, 0.5, 3.3, 8.99, 9.4]) {
        const { index, weight } = KERNELS[name](place, 10);
        const sum = weight.reduce((total, value) => total + value, 0);
        const exact = ["nearest", "linear", "bspline", "cubic", "gaussian", "label_gaussian"].includes(name);
        expect(Math.abs(sum - 1)).toBeLessThan(exact ? 1e-14 : 0.02);
        expect(index.every((i) => i >= 0 && i < 10)).toBe(true);
      }
    }
  });
});

describe("resample", () => {
  it("gives an image back at its own voxels, by all kernels that go through them", () => {
    using _scope = torch.scope();
    const image = torch.randn([1, 6, 5, 7]);
    for (const name of names.options) {
      if (name.includes("gaussian")) continue;
      const same = resample(image, { shape: [6, 5, 7], map: IDENTITY, interpolation: name, outside: 0 });
      expect(same.sub(image).abs().max().item()).toBeLessThan(1e-6);
    }
  });

  it("never looks beyond an axis of one voxel", () => {
    using _scope = torch.scope();
    // the middle place lies a millionth of a voxel beside the only one; what lies behind it in memory is not of this image
    const all = torch.tensor([[[[1]]], [[[1000000]]]]);
    const map = IDENTITY.map((entry, i) => [0.5, -0.4999995][[2, 3].indexOf(i)] ?? entry);
    const sampling = { shape: [1, 1, 3], interpolation: "linear", outside: 0 } as const;
    expect(
      resample(all.narrow(0, 0, 1), { ...sampling, map })
        .flatten()
        .toNumbers(),
    ).toEqual([1, 0, 0]);
    map[10] = 0;
    expect(
      resample(all.narrow(0, 0, 1), { ...sampling, map })
        .flatten()
        .toNumbers(),
    ).toEqual([1, 1, 0]);
  });

  it("a voxel that is no number stays in its place", () => {
    using _scope = torch.scope();
    const image = torch.fromTypedArray(Float32Array.of(1, Number.NaN, 3, 4, 5, 6, 7, 8), [1, 2, 2, 2]);
    for (const interpolation of ["nearest", "linear"] as const) {
      for (const displacement of [null, torch.zeros([2, 2, 2, 3], { dtype: "float64" })]) {
        const same = resample(image, {
          shape: [2, 2, 2],
          map: IDENTITY,
          interpolation,
          outside: 0,
          ...(displacement && { displacement }),
        });
        expect(same.flatten().toNumbers()).toEqual(image.flatten().toNumbers());
      }
    }
  });

  it("places that are no numbers are outside, and never in other memory", () => {
    using _scope = torch.scope();
    const image = torch.ones([1, 3, 3, 3]);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1e300, 1e300]) {
      const map = IDENTITY.map((entry, i) => (i === 7 ? value : entry));
      for (const interpolation of names.options) {
        const at = (outside: number | null) =>
          resample(image, { shape: [3, 3, 3], map, interpolation, outside })
            .flatten()
            .toNumbers();
        expect(new Set(at(7))).toEqual(new Set([7]));
        expect(at(null).every((found) => Math.abs(found - 1) < 0.2)).toBe(true);
      }
    }
  });

  it("keeps the type of labels, and refuses what is no image", () => {
    using _scope = torch.scope();
    const labels = torch.tensor([[[[3, 2 ** 30 + 1]]]], { dtype: "int32" });
    const sampling = { shape: [1, 1, 4], map: IDENTITY, outside: 0 } as const;
    const nearest = resample(labels, { ...sampling, interpolation: "nearest" });
    expect([nearest.dtype, nearest.flatten().toNumbers()]).toEqual(["int32", [3, 2 ** 30 + 1, 0, 0]]);
    expect(resample(labels, { ...sampling, interpolation: "linear" }).dtype).toBe("float32");
    const ids = torch.fromTypedArray(BigInt64Array.of(5n, 2n ** 60n + 1n), [1, 1, 1, 2]);
    expect(() => resample(ids, { ...sampling, interpolation: "nearest" })).toThrow(/beyond 2⁵³/);
    const small = resample(ids.narrow(3, 0, 1), { ...sampling, interpolation: "nearest" });
    expect([small.dtype, small.flatten().toNumbers()]).toEqual(["int64", [5, 0, 0, 0]]);
    const options = { ...sampling, displacement: null, interpolation: "linear", outside: [0] };
    expect(() => torch.resampleVoxels(labels, options)).toThrow(/float32 or float64/);
    expect(() => torch.resampleVoxels(torch.zeros([1, 0, 2, 2]), options)).toThrow(/has no voxels/);
    const image = torch.zeros([1, 2, 2, 2]);
    expect(() => torch.resampleVoxels(image, { ...options, interpolation: "sinc" })).toThrow(/named sinc/);
    expect(() => torch.resampleVoxels(image, { ...options, outside: [0, 0] })).toThrow(/for each channel/);
    expect(() => torch.resampleVoxels(image, { ...options, displacement: image })).toThrow(/displacements are float64/);
    expect(() => torch.resampleVoxels(image, { ...options, shape: [1, -1, 1] })).toThrow(/three sizes/);
    expect(() => torch.resampleVoxels(image, { ...options, map: [1] })).toThrow(/three rows/);
  });
});
