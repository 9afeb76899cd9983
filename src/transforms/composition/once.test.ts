import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { near } from "../fixtures/golden.ts";
import { Point } from "../fixtures/point.ts";
import {
  ComposeConfig,
  CropConfig,
  CropOrPadConfig,
  PadConfig,
  RandomAffineConfig,
  RandomElasticDeformationConfig,
  RandomFlipConfig,
  ResampleConfig,
  ResizeConfig,
  Rng,
  ToCanonicalConfig,
  type TransformConfig,
} from "../index.ts";

let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

const IDENTITY = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
/** Voxels of 1 × 1.2 × 0.9 mm, of which the first axis runs to the back, the second to the left and the third up, all a little turned. */
const OBLIQUE = [0, -1.2, 0, 30, -0.99, 0, 0.081, 20, 0.1, 0, 0.9, -10, 0, 0, 0, 1];
type Voxel = readonly [number, number, number];

/** (C, D, H, W) of a function of the voxel, float64. */
function made([D, H, W]: Voxel, ...of: ((x: number, y: number, z: number) => number)[]): Tensor {
  const data = of.flatMap((f) =>
    Array.from({ length: D * H * W }, (_, i) => f(Math.floor(i / (H * W)), Math.floor(i / W) % H, i % W)),
  );
  return torch.fromTypedArray(Float64Array.from(data), [of.length, D, H, W]);
}

/** What the transforms make of a point in sequence, and with `once`, with the same draws. */
function both(transforms: readonly TransformConfig[], point: Point, seed = 1): readonly [sequence: Point, once: Point] {
  const done = (once: boolean): Point =>
    new ComposeConfig({ transforms, once }).getObject().apply(point.copy(), new Rng(seed));
  return [done(false), done(true)];
}

/** Turned by so many degrees around z, exactly. */
const turned = (degrees: number, options = {}): RandomAffineConfig =>
  new RandomAffineConfig({ scales: [1, 1], degrees: [0, 0, 0, 0, degrees, degrees], ...options });
/** Moved by so many millimetres along x, exactly. */
const along = (x: number, defaultPadValue: number | "minimum" | "mean"): RandomAffineConfig =>
  new RandomAffineConfig({ scales: [1, 1], degrees: 0, translation: [x, x, 0, 0, 0, 0], defaultPadValue });
const flipped = new RandomFlipConfig({ axes: [0, 2], flipProbability: 1 });

describe("Compose with once", () => {
  it("gives what the sequence gives, bit for bit, where voxels are only rearranged, and until one transform interpolates", () => {
    using _scope = torch.scope();
    const point = new Point()
      .add("image", "scalar", torch.rand([2, 5, 6, 7]), OBLIQUE)
      .add("brain", "label", torch.rand([1, 5, 6, 7]).gt(0.5).to({ dtype: "uint8" }), OBLIQUE);
    const rearranging = [
      new CropConfig({ cropping: [1, 0, 0, 2, 1, 0] }),
      flipped,
      new PadConfig({ padding: 2, paddingMode: "mean" }),
      new ToCanonicalConfig(),
      new CropOrPadConfig({ targetShape: [9, 4, 10], paddingMode: "reflect" }),
    ];
    for (const transforms of [
      rearranging,
      [...rearranging, turned(10)],
      [...rearranging, new ResizeConfig({ targetShape: 6 })],
    ]) {
      const [sequence, once] = both(transforms, point);
      for (const name of ["image", "brain"]) {
        expect(once.values(name)).toEqual(sequence.values(name));
        expect(once.image(name).tensor.shape).toEqual(sequence.image(name).tensor.shape);
        expect(once.image(name).tensor.dtype).toBe(sequence.image(name).tensor.dtype);
        expect(once.image(name).affine).toEqual(sequence.image(name).affine);
      }
    }
  });

  it("makes one affine of two: of rotations around one centre, the one by the sum of the angles", () => {
    using _scope = torch.scope();
    const size: Voxel = [9, 9, 3];
    const image = made(size, () => 0);
    const point = new Point().add(
      "image",
      "scalar",
      image.add(torch.rand([1, ...size], { dtype: "float64" })),
      IDENTITY,
    );
    const pad = { defaultPadValue: -1 };
    const [, once] = both([turned(45, pad), turned(45, pad)], point);
    const direct = turned(90, pad).getObject().apply(point.copy(), new Rng(1)).values();
    // what the second brings in from outside of the image has its padding value, wherever the first would have gone on to
    const wanted = direct.map((value, i) => {
      const [x, y] = [Math.floor(i / 27) - 4, (Math.floor(i / 3) % 9) - 4];
      return [x + y, x - y].every((place) => Math.abs(place) / Math.SQRT2 < 4.5) ? value : -1;
    });
    expect(wanted).not.toEqual(direct);
    near(once.values(), wanted, 1e-12);
  });

  // both interpolate a slope exactly, so that what remains of a difference would be one of places
  const affine = new RandomAffineConfig({ degrees: 15, scales: 0.1, translation: 1, defaultPadValue: 0 });
  const elastic = new RandomElasticDeformationConfig({ numControlPoints: 6, maxDisplacement: 1.5 });
  const chains: Record<string, readonly TransformConfig[]> = {
    "affine, elastic": [affine, elastic],
    "elastic, affine": [elastic, affine],
    "elastic, affine, flip, elastic": [elastic, affine, flipped, elastic],
    "affine, affine, canonical, crop": [
      affine,
      affine,
      new ToCanonicalConfig(),
      new CropConfig({ cropping: [1, 2, 0, 1, 2, 0] }),
    ],
    "pad, resample, elastic, affine": [
      new PadConfig({ padding: 1 }),
      new ResampleConfig({ target: [1.4, 1, 1.1] }),
      elastic,
      affine,
    ],
    "elastic, pad, affine, resize": [
      elastic,
      new PadConfig({ padding: [2, 0, 1] }),
      affine,
      new ResizeConfig({ targetShape: [11, 17, 13] }),
    ],
  };
  it.each(Object.entries(chains))("%s: finds the places that the sequence finds", (_, transforms) => {
    using _scope = torch.scope();
    const size: Voxel = [16, 15, 17];
    const inner = (at: Voxel): number => (at.every((i, axis) => i > 1 && i < (size[axis] ?? 0) - 2) ? 1 : 0);
    const voxels = made(
      size,
      (x) => x,
      (_x, y) => y,
      (_x, _y, z) => z,
      (x, y, z) => inner([x, y, z]),
    );
    const point = new Point().add("image", "scalar", voxels, OBLIQUE);
    const [sequence, once] = both(transforms, point, 3);
    expect(once.image("image").affine).toEqual(sequence.image("image").affine);
    const { tensor } = sequence.image("image");
    expect(once.image("image").tensor.shape).toEqual(tensor.shape);
    expect(once.image("image").tensor.dtype).toBe("float64");
    // where neither came near what lies outside
    const known = [tensor, once.image("image").tensor].map((t) => t.select(0, 3).gt(1 - 1e-9));
    const compared = known[0]!.logicalAnd(known[1]!);
    expect(compared.sum().item()).toBeGreaterThan(200);
    const difference = tensor.sub(once.image("image").tensor).narrow(0, 0, 3).abs().amax([0]);
    expect(difference.maskedSelect(compared).max().item()).toBeLessThan(1e-9);
  });

  it("is close to the sequence on a smooth image, within what linear interpolation may be wrong by", () => {
    using _scope = torch.scope();
    const [size, k]: [Voxel, Voxel] = [
      [20, 20, 20],
      [0.2, 0.15, 0.1],
    ];
    const wave = made(size, (x, y, z) => 100 * Math.cos(k[0] * x + k[1] * y + k[2] * z));
    const point = new Point().add("image", "scalar", wave, IDENTITY);
    const rotation = turned(30);
    const deformation = new RandomElasticDeformationConfig({ numControlPoints: 7, maxDisplacement: 1 });
    const [sequence, once] = both([rotation, deformation], point);
    // an eighth of the second derivatives along the axes, each at most 100 k²: of the wave twice, and once of the turned one, which is as steep
    const bound = (3 * 100 * k.reduce((sum, one) => sum + one ** 2, 0)) / 8;
    const centre = (p: Point): Tensor => [1, 2, 3].reduce((t, dim) => t.narrow(dim, 6, 8), p.image("image").tensor);
    const difference = centre(sequence).sub(centre(once)).abs().max().item();
    expect(difference).toBeLessThan(bound);
    expect(difference).toBeGreaterThan(0);
  });

  it("keeps fine detail: there and back again is the image, where the sequence blurs it", () => {
    using _scope = torch.scope();
    const size: Voxel = [15, 15, 4];
    const board = made(size, (x, y, z) => (x + y + z) % 2);
    const [sequence, once] = both([turned(20), turned(-20)], new Point().add("image", "scalar", board, IDENTITY));
    const centre = (t: Tensor): Tensor => t.narrow(1, 4, 7).narrow(2, 4, 7);
    near(centre(once.image("image").tensor).flatten().toNumbers(), centre(board).flatten().toNumbers(), 1e-9);
    // of a pattern that is half a unit from its mean, one linear interpolation leaves an eighth, where places are spread evenly
    expect(centre(sequence.image("image").tensor).sub(0.5).abs().mean().item()).toBeLessThan(0.25);
  });

  it("moves labels with their image, and makes none that was not there", () => {
    using _scope = torch.scope();
    const size: Voxel = [14, 14, 14];
    const labels = made(size, (x, y, z) => (x - 6) ** 2 + (y - 7) ** 2 + (z - 6) ** 2)
      .lt(20)
      .to({ dtype: "int64" })
      .mul(7);
    const point = new Point()
      .add("image", "scalar", labels.to({ dtype: "float32" }), OBLIQUE)
      .add("brain", "label", labels, OBLIQUE);
    const nearest = { imageInterpolation: "nearest" } as const;
    const transforms = [affine.with(nearest), elastic.with(nearest), flipped, new CropConfig({ cropping: 1 })];
    const [sequence, once] = both(transforms, point);
    expect(once.values("brain")).toEqual(once.values("image"));
    expect(once.image("brain").tensor.dtype).toBe("int64");
    expect(new Set(once.values("brain"))).toEqual(new Set([0, 7]));
    expect(once.values("brain")).not.toEqual(sequence.values("brain"));
    // a voxel at the border of the ball may round to its neighbour, twice in the sequence
    const count = (p: Point): number => p.values("brain").filter((value) => value === 7).length;
    expect(Math.abs(count(once) - count(sequence))).toBeLessThan(count(sequence) / 4);
  });

  it("gives what lies outside the value of the transform that brought it in", () => {
    using _scope = torch.scope();
    const point = new Point()
      .add(
        "image",
        "scalar",
        made(
          [8, 2, 2],
          (x) => x + 1,
          (x) => -x,
        ),
        IDENTITY,
      )
      .add("brain", "label", torch.ones([1, 8, 2, 2]), IDENTITY);
    const moves = [
      [along(2, 50), along(-5, 60)],
      [along(-3, 50), new PadConfig({ padding: [2, 0, 0], paddingMode: 70 }), along(4, 60), flipped],
      [along(3, 50), new CropConfig({ cropping: [2, 0, 0] }), along(-2, 60), along(3, 80)],
      // what goes on beyond the ends is taken from the voxels
      [along(2, 50), new PadConfig({ padding: [2, 0, 0], paddingMode: "edge" }), along(3, 60)],
      [along(1, 50), new CropOrPadConfig({ targetShape: [6, 4, 1], paddingMode: 5 }), along(1, 60)],
    ];
    for (const transforms of moves) {
      const [sequence, once] = both(transforms, point);
      for (const name of ["image", "brain"]) near(once.values(name), sequence.values(name), 1e-12);
    }
  });

  it("takes the statistics of padding from the image before the first transform that interpolates", () => {
    using _scope = torch.scope();
    const point = new Point().add(
      "image",
      "scalar",
      made([6, 1, 1], (x) => x + 10),
      IDENTITY,
    );
    const [sequence, once] = both([along(2, 0), along(2, "minimum")], point);
    expect(sequence.values()).toEqual([0, 0, 0, 0, 10, 11]);
    expect(once.values()).toEqual([10, 10, 0, 0, 10, 11]);
    // padding before it is part of that image
    const [, padded] = both(
      [new PadConfig({ padding: [1, 0, 0], paddingMode: 3 }), along(2, 0), along(1, "minimum")],
      point,
    );
    expect(padded.values()).toEqual([3, 0, 0, 3, 10, 11, 12, 13]);
  });
});
