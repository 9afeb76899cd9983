import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { goldenPoint } from "./fixtures/golden.ts";
import {
  ClampConfig,
  ComposeConfig,
  OneOfConfig,
  Patch,
  RandomFlipConfig,
  RandomGammaConfig,
  RandomNoiseConfig,
  Rng,
  range,
  replay,
  TransformsHandler,
  transformRegistry,
  ZNormalizationConfig,
} from "./index.ts";

let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

/** How many of 400 streams transform the image. */
function changed(config: {
  getObject(): { apply: (point: ReturnType<typeof goldenPoint>, rng: Rng) => object };
}): number {
  using _scope = torch.scope();
  const point = goldenPoint();
  const transform = config.getObject();
  let count = 0;
  for (let i = 0; i < 400; i++) {
    const copy = point.copy();
    transform.apply(copy, new Rng(3, i));
    if (copy.history.length > 0) count++;
    else expect(copy.image("image").tensor).toBe(point.image("image").tensor);
  }
  return count;
}

describe("p, how likely a random transform is applied", () => {
  it("is 1 if it is not given, draws nothing then, and is not written: ClinicaDL does not have it", () => {
    const config = new RandomNoiseConfig();
    expect(config.p).toBe(1);
    expect(config.toDict()).not.toHaveProperty("p");
    expect(transformRegistry.read("test", "transform", config.toDict())).toMatchObject({ p: 1 });
    using _scope = torch.scope();
    const rng = new Rng(1);
    config.getObject().apply(goldenPoint(["image"]), rng);
    const expected = new Rng(1);
    expected.uniform();
    expected.uniform();
    expected.seed();
    expect(rng.state).toEqual(expected.state);
  });

  it("is the share of samples that are transformed", () => {
    // five standard deviations of a binomial of 400
    expect(Math.abs(changed(new RandomGammaConfig({ p: 0.25 })) - 100)).toBeLessThan(44);
    expect(
      Math.abs(changed(new ComposeConfig({ transforms: [new ClampConfig({ outMin: 0 })], p: 0.5 })) - 200),
    ).toBeLessThan(50);
    expect(changed(new OneOfConfig({ transforms: [new ClampConfig({ outMin: 0 })], p: 0 }))).toBe(0);
    const json = new RandomFlipConfig({ p: 0.25 }).toDict();
    expect(json.p).toBe(0.25);
    expect(transformRegistry.read("test", "transform", json).toDict()).toEqual(json);
    expect(() => new RandomFlipConfig({ p: 1.5 })).toThrow(/'p' got 1.5/);
  });
});

describe("OneOf and Compose", () => {
  it("go to JSON and back, as ClinicaDL writes them", () => {
    const config = new OneOfConfig({
      transforms: [new RandomNoiseConfig(), [new ClampConfig({ outMin: 1 }), { name_: "ToCanonical" }]],
    });
    const common = { include: null, exclude: null, copy: false };
    expect(config.toDict()).toEqual({
      name_: "OneOf",
      ...common,
      transforms: [
        { name_: "RandomNoise", ...common, mean: 0, std: [0, 0.25] },
        [
          { name_: "Clamp", ...common, out_min: 1, out_max: null },
          { name_: "ToCanonical", ...common },
        ],
      ],
      probabilities: [0.5, 0.5],
    });
    const composed = new ComposeConfig({ transforms: [config, new RandomFlipConfig()], p: 0.5 });
    for (const one of [config, composed]) {
      const read = transformRegistry.read("test", "transform", JSON.parse(JSON.stringify(one.toDict())));
      expect(read.toDict()).toEqual(one.toDict());
    }
  });

  it("OneOf chooses by the shares", () => {
    const config = new OneOfConfig({
      transforms: [
        new ClampConfig({ outMin: 0 }),
        new RandomGammaConfig(),
        [new RandomFlipConfig(), new RandomNoiseConfig()],
      ],
      probabilities: [3, 0, 1],
    });
    using _scope = torch.scope();
    const transform = config.getObject();
    const names = Array.from({ length: 400 }, (_, i) =>
      transform
        .apply(goldenPoint(["image"]), new Rng(i))
        .history.map(({ name_ }) => name_)
        .join(),
    );
    expect(new Set(names)).toEqual(new Set(["Clamp", "RandomFlip,RandomNoise"]));
    expect(Math.abs(names.filter((name) => name === "Clamp").length - 300)).toBeLessThan(44);
  });

  it("say what does not go together", () => {
    const clamp = new ClampConfig({ outMin: 0 });
    expect(() => new OneOfConfig({ transforms: [clamp], probabilities: [1, 2] })).toThrow(
      /2 numbers, and 'transforms' 1/,
    );
    expect(() => new OneOfConfig({ transforms: [clamp], probabilities: [0] })).toThrow(/above 0/);
    expect(() => new OneOfConfig({ transforms: [] })).toThrow(/transforms/);
    expect(() => new ComposeConfig({ transforms: [3 as never] })).toThrow(/Expected a transform/);
  });
});

describe("the history of a sample", () => {
  const handler = new TransformsHandler({
    extraction: new Patch({ patchSize: 3 }),
    imageTransforms: [new ZNormalizationConfig({ maskingMethod: "brain" })],
    sampleTransforms: [new RandomFlipConfig({ axes: [0, 1, 2] })],
    augmentations: [new OneOfConfig({ transforms: [new RandomNoiseConfig(), new RandomGammaConfig()] })],
  });
  const sample = (rng: Rng, index: number) => {
    const point = handler.applyImageTransforms(goldenPoint(["image", "t2", "brain"]), rng);
    handler.cutOf(index, null).extract(point);
    return handler.applyAugmentations(handler.applySampleTransforms(point, rng), rng);
  };

  it("is plain JSON, from which all of it is done again, patches included, whatever was drawn", () => {
    using _scope = torch.scope();
    for (const seed of [1, 2, 3, 4]) {
      const made = sample(new Rng(seed), seed);
      expect(made.history.map(({ name_ }) => name_).slice(0, 3)).toEqual(["ZNormalization", "Patch", "RandomFlip"]);
      const again = replay(JSON.parse(JSON.stringify(made.history)), goldenPoint(["image", "t2", "brain"]));
      expect(again.history).toEqual(made.history);
      for (const name of ["image", "t2", "brain"]) expect(again.values(name)).toEqual(made.values(name));
    }
  });

  it("shares the options between records, and is not shared between copies", () => {
    using _scope = torch.scope();
    const [first, second] = [sample(new Rng(1), 0), sample(new Rng(2), 1)];
    expect(first.history[0]?.options).toBe(second.history[0]?.options);
    const copy = first.copy();
    handler.applySampleTransforms(copy, new Rng(1));
    expect(copy.history).toHaveLength(first.history.length + 1);
  });

  it("that does not fit the images, or was changed, is refused", () => {
    using _scope = torch.scope();
    const noisy = new RandomNoiseConfig().getObject().apply(goldenPoint(["image", "t2"]), new Rng(1));
    expect(() => replay(noisy.history, goldenPoint(["image"]))).toThrow(
      /RandomNoise: 't2' of sub-1, ses-1 is not there/,
    );
    const one = new RandomNoiseConfig().getObject().apply(goldenPoint(["image"]), new Rng(1));
    expect(() => replay(one.history, goldenPoint(["image", "t2"]))).toThrow(/'t2'.*was not there when/);
    const [record] = one.history;
    expect(() => replay([{ ...record!, parameters: { image: { mean: 1 } } }], goldenPoint(["image"]))).toThrow(/std/);
    expect(() => replay([{ ...record!, options: { name_: "Random" } }], goldenPoint(["image"]))).toThrow(/Random/);
  });
});

describe("ranges, as TorchIO means them", () => {
  it("one number is a range around 0, or where there is a smallest number, itself; a pair is its ends", () => {
    expect(range().bounds(2)).toEqual([-2, 2]);
    expect(range({ min: 0 }).bounds(2)).toEqual([2, 2]);
    expect(range().bounds([-1, 3])).toEqual([-1, 3]);
    const whole = range({ min: 0, integer: true });
    const drawn = new Set(Array.from({ length: 100 }, (_, i) => whole.draw([2, 4], new Rng(i))));
    expect([...drawn].sort()).toEqual([2, 3, 4]);
    expect(() => new RandomGammaConfig({ logGamma: [1, 0] })).toThrow(/smaller number first/);
    expect(() => new RandomNoiseConfig({ std: -1 })).toThrow(/std/);
    expect(() => new RandomNoiseConfig({ mean: -1 })).toThrow(/mean/);
  });
});
