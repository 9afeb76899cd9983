import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import type { JsonValue } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { goldenPoint } from "../fixtures/golden.ts";
import type { Point } from "../fixtures/point.ts";
import {
  ClampConfig,
  ComposeConfig,
  CropConfig,
  Patch,
  RandomAffineConfig,
  RandomElasticDeformationConfig,
  RandomFlipConfig,
  RandomGammaConfig,
  ResampleConfig,
  ResizeConfig,
  Rng,
  replay,
  Slice,
  type TransformConfig,
  TransformsHandler,
  transformRegistry,
} from "../index.ts";

let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

const IMAGES = ["image", "t2", "brain"];
const affine = new RandomAffineConfig({ p: 0.6 });
const elastic = new RandomElasticDeformationConfig({
  numControlPoints: 5,
  maxDisplacement: 0.4,
  lockedBorders: 0,
  p: 0.6,
});
const flip = new RandomFlipConfig({ axes: [0, 1, 2], p: 0.6 });
const gamma = new RandomGammaConfig();
const compose = (transforms: readonly TransformConfig[], options = {}): ComposeConfig =>
  new ComposeConfig({ transforms, once: true, ...options });

/** What was drawn, transform by transform. */
function drawn({ history }: Point): (readonly [name: string, parameters: JsonValue])[] {
  return history.flatMap(({ name_, options, parameters }) => {
    if (name_ !== "Compose" || !Array.isArray(parameters) || !Array.isArray(options?.transforms))
      return [[name_, parameters]];
    const { transforms } = ComposeConfig.fromDict(options);
    return parameters.flatMap((one, i): (readonly [string, JsonValue])[] => {
      const part = transforms[i];
      if (typeof one !== "object" || one === null || Array.isArray(one) || part === undefined) return [];
      return "name_" in part ? [[part.name_, one.drawn ?? null]] : [];
    });
  });
}

describe("ComposeConfig", () => {
  it("writes once where it is true only, and is read back", () => {
    const config = compose([affine, gamma, flip], { p: 0.5 });
    const json = JSON.parse(JSON.stringify(config.toDict()));
    expect(json).toMatchObject({ name_: "Compose", copy: false, p: 0.5, once: true });
    expect(transformRegistry.read("test", "transform", json).toDict()).toEqual(json);
    const plain = new ComposeConfig({ transforms: [affine] }).toDict();
    expect(Object.keys(plain)).toEqual(["name_", "transforms", "copy"]);
    expect(transformRegistry.read("test", "transform", plain)).toMatchObject({ once: false, p: 1 });
  });

  it("draws what the sequence draws, and applies what it applies", () => {
    using _scope = torch.scope();
    const transforms = [affine, elastic, new CropConfig({ cropping: [1, 0, 0] }), gamma, flip, affine, gamma];
    const counts = new Set<number>();
    for (let seed = 0; seed < 12; seed++) {
      const [first, second] = [new Rng(seed), new Rng(seed)];
      const sequence = new ComposeConfig({ transforms }).getObject().apply(goldenPoint(IMAGES), first);
      const once = compose(transforms).getObject().apply(goldenPoint(IMAGES), second);
      expect(second.state).toEqual(first.state);
      expect(drawn(once)).toEqual(drawn(sequence));
      expect(once.image("brain").affine).toEqual(sequence.image("brain").affine);
      counts.add(drawn(once).length);
    }
    expect(counts.size).toBeGreaterThan(1);
  });

  it("leaves a history of which all is done again, bit for bit, and whose records share their options", () => {
    using _scope = torch.scope();
    const transform = compose([affine, elastic, flip, gamma, flip, new ResizeConfig({ targetShape: 6 })], {
      p: 0.9,
    }).getObject();
    const records = new Set<unknown>();
    for (let seed = 0; seed < 12; seed++) {
      const made = transform.apply(goldenPoint(IMAGES), new Rng(seed));
      const again = replay(JSON.parse(JSON.stringify(made.history)), goldenPoint(IMAGES));
      expect(again.history).toEqual(made.history);
      for (const name of IMAGES) {
        expect(again.values(name)).toEqual(made.values(name));
        expect(again.image(name).affine).toEqual(made.image(name).affine);
      }
      for (const { name_, options } of made.history) if (name_ === "Compose") records.add(options);
    }
    // one for what stands before gamma, one for what stands after it
    expect(records.size).toBe(2);
  });

  it("says which record was changed", () => {
    using _scope = torch.scope();
    const [record] = compose([flip.with({ p: 1 }), affine.with({ p: 1 })])
      .getObject()
      .apply(goldenPoint(), new Rng(1)).history;
    const changed = (parameters: JsonValue) => () => replay([{ ...record!, parameters }], goldenPoint());
    expect(changed([{ drawn: { flipped: [0] } }])).toThrow(/The record of Compose/);
    expect(changed([null, { drawn: { flipped: [0] } }])).toThrow(/The record of RandomAffine: 'scales' is required/);
  });

  it("is one transform, or several, with copy and include as ever", () => {
    using _scope = torch.scope();
    const point = goldenPoint(IMAGES);
    const values = point.values();
    const only = new RandomFlipConfig({ axes: [0, 1, 2], flipProbability: 1, include: ["t2"] });
    const turned = new RandomAffineConfig({ exclude: ["brain"] });
    const made = compose([only, turned], { copy: true }).getObject().apply(point, new Rng(1));
    expect(point.values()).toEqual(values);
    expect(point.history).toEqual([]);
    expect(made.values("brain")).toEqual(point.values("brain"));
    expect(made.values()).not.toEqual(values);
    const [alone] = compose([new ClampConfig({ outMin: 0 }), affine.with({ p: 1 })])
      .getObject()
      .apply(goldenPoint(), new Rng(1)).history;
    expect(alone?.name_).toBe("Clamp");
    expect(compose([]).getObject().apply(point, new Rng(1))).toBe(point);
  });

  it("resamples to an image that the transforms before have moved", () => {
    using _scope = torch.scope();
    const cut = new CropConfig({ cropping: [1, 0, 0, 0, 0, 2], include: ["brain"] });
    const point = compose([cut, new ResampleConfig({ target: "brain" }), affine.with({ p: 1 })])
      .getObject()
      .apply(goldenPoint(), new Rng(2));
    expect(point.image("image").tensor.shape.slice(1)).toEqual(point.image("brain").tensor.shape.slice(1));
    expect(point.image("image").affine).toEqual(point.image("brain").affine);
    const apart = compose([affine.with({ p: 1 }), cut, affine.with({ p: 1 })]).getObject();
    expect(() => apart.apply(goldenPoint(), new Rng(1))).toThrow(
      /'brain' of sub-1, ses-1 has 4×6×5 voxels, and 'image' has 5×6×7/,
    );
  });

  it("works on patches and slices, which it moves within their plane", () => {
    using _scope = torch.scope();
    for (const extraction of [new Patch({ patchSize: 4 }), new Slice({ sliceDirection: 1 })]) {
      const handler = new TransformsHandler({
        extraction,
        augmentations: [
          compose([affine.with({ p: 1 }), elastic.with({ p: 1, lockedBorders: 1 }), flip.with({ p: 1 })]),
        ],
      });
      const point = goldenPoint();
      handler.cutOf(1, null).extract(point);
      const shape = point.image("image").tensor.shape;
      const values = point.values();
      handler.applyAugmentations(point, new Rng(4));
      expect(point.image("image").tensor.shape).toEqual(shape);
      expect(point.values()).not.toEqual(values);
      expect(point.values().every(Number.isFinite)).toBe(true);
      // a thin slice, moved within its plane, still has more than what comes in from outside
      expect(new Set(point.values()).size).toBeGreaterThan(5);
    }
  });

  it("refuses, when it is built, what cannot be done once", () => {
    const built =
      (...transforms: readonly TransformConfig[]) =>
      () =>
        compose(transforms).getObject();
    expect(built(affine, elastic.with({ imageInterpolation: "bspline" }))).toThrow(ConfigError);
    expect(built(affine, flip, elastic.with({ imageInterpolation: "bspline" }))).toThrow(
      /'imageInterpolation' differs: RandomAffine "linear", RandomElasticDeformation "bspline"/,
    );
    expect(built(affine, new ResizeConfig({ targetShape: 3, labelInterpolation: "label_gaussian" }))).toThrow(
      /'labelInterpolation'/,
    );
    expect(built(affine, gamma, elastic.with({ imageInterpolation: "bspline" }))).not.toThrow();
    expect(built(affine, flip.with({ copy: true }))).toThrow(/RandomFlip has copy: true.*Give copy to the Compose/);
    expect(built(affine, flip.with({ copy: true }))).toThrow(expect.objectContaining({ fieldNames: ["copy"] }));
  });
});
