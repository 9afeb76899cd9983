import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import * as torch from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { goldenPoint } from "./fixtures/golden.ts";
import { HalvedConfig } from "./fixtures/own-config.ts";
import {
  ActivationsConfig,
  ComposeConfig,
  type HasImages,
  OneOfConfig,
  perImage,
  RandomNoiseConfig,
  Rng,
  registerTransform,
  replay,
  type Transform,
  type TransformConfig,
  type TransformLike,
  TransformsHandler,
  transformConfig,
} from "./index.ts";

const module = new URL("./fixtures/own-transforms.ts", import.meta.url);
const reference = { module, export: "shifted" };

class TwiceConfig extends transformConfig("Twice", { times: z.number().default(2) }) implements TransformConfig {
  getObject(): Transform {
    return perImage(this, "scalar", (image) => {
      image.tensor = image.tensor.mul(this.times);
    });
  }
}
function same<T extends HasImages>(point: T): T {
  return point;
}

let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

/** The handler as another thread gets it. */
async function travelled(handler: TransformsHandler): Promise<TransformsHandler> {
  return TransformsHandler.fromWorker(structuredClone(handler.toWorker()));
}

describe("a transform of one's own", () => {
  it("travels by the module that exports it, draws the same there, and is replayed", async () => {
    const handler = new TransformsHandler({ augmentations: [reference, new RandomNoiseConfig()] });
    const there = await travelled(handler);
    using _scope = torch.scope();
    const here = handler.applyAugmentations(goldenPoint(), new Rng(4));
    const other = there.applyAugmentations(goldenPoint(), new Rng(4));
    expect(other.values()).toEqual(here.values());
    expect(other.history).toEqual(here.history);
    expect(here.history.map(({ name_ }) => name_)).toEqual(["shifted", "RandomNoise"]);
    expect(replay(structuredClone(here.history), goldenPoint()).values()).toEqual(here.values());
    expect(String(handler)).toContain("shifted → RandomNoise");
    expect(handler.toDict().augmentations).toMatchObject(["<function shifted>", { name_: "RandomNoise" }]);
  });

  it("inside Compose and OneOf, too", async () => {
    const choice = new OneOfConfig({
      transforms: [[reference, new RandomNoiseConfig()], reference],
      probabilities: [1, 0],
    });
    const handler = new TransformsHandler({
      sampleTransforms: [new ComposeConfig({ transforms: [choice, reference] })],
    });
    const there = await travelled(handler);
    using _scope = torch.scope();
    const here = handler.applySampleTransforms(goldenPoint(), new Rng(5));
    expect(there.applySampleTransforms(goldenPoint(), new Rng(5)).values()).toEqual(here.values());
    expect(here.history.map(({ name_ }) => name_)).toEqual(["shifted", "RandomNoise", "shifted"]);
  });

  it("that cannot travel is named, with what to do, before anything is sent", () => {
    const refused = (transform: NonNullable<ConstructorParameters<typeof TransformsHandler>[0]>["augmentations"]) =>
      new TransformsHandler({ augmentations: transform ?? [] }).toWorker.bind(
        new TransformsHandler({ augmentations: transform ?? [] }),
      );
    expect(refused([same])).toThrow(/augmentations: the transform 'same'.*import\.meta\.url.*numWorkers: 0/);
    expect(refused([{ name: "mine", random: false, apply: (point) => point }])).toThrow(/'mine'.*Make it a function/);
    expect(refused([new TwiceConfig()])).toThrow(/'Twice'.*registerTransform/);
    expect(refused([new ActivationsConfig({ other: (x) => x })])).toThrow(/'Activations'.*JSON/);
    expect(refused([new ComposeConfig({ transforms: [same] })])).toThrow(/'same'/);
  });

  it("says at once when its module has no such function, is not there, or is the program that runs", () => {
    const make = (own: object) => () => new TransformsHandler({ augmentations: [own as typeof reference] });
    expect(make({ module, export: "shiftd" })).toThrow(/no export 'shiftd'/);
    expect(make({ module, export: "nothing" })).toThrow(/'nothing' of .* is 3\. A function/);
    expect(make({ module: new URL("./no.ts", module), export: "shifted" })).toThrow(/does not exist/);
    expect(make({ module: "here", export: "shifted" })).toThrow(ConfigError);
    const [node = "", program = ""] = process.argv;
    try {
      process.argv[1] = fileURLToPath(module);
      expect(make(reference)).toThrow(/the program itself/);
    } finally {
      process.argv.splice(0, 2, node, program);
    }
  });

  it("is kept in the history with the state of its stream; without a module it cannot be replayed", () => {
    using _scope = torch.scope();
    const point = new TransformsHandler({ imageTransforms: [same] }).applyImageTransforms(goldenPoint(), new Rng(1));
    expect(point.history).toEqual([{ name_: "same", options: null, parameters: { rng: new Rng(1).state } }]);
    expect(() => replay(point.history, goldenPoint())).toThrow(/'same' cannot be replayed/);
  });

  it("that draws nothing has nothing of the sample in its record that came first, and can be replayed", () => {
    using _scope = torch.scope();
    const fixed = { ...reference, random: false };
    const handler = new TransformsHandler({ imageTransforms: [fixed] });
    const [one, other] = [1, 2].map((seed) => handler.applyImageTransforms(goldenPoint(["image"]), new Rng(seed)));
    expect(one!.history.map(({ parameters }) => parameters)).toEqual([{}]);
    expect(other!.history).toEqual(one!.history);
    expect(other!.values()).toEqual(one!.values());
    expect(replay(one!.history, goldenPoint(["image"])).values()).toEqual(one!.values());
    // as it was recorded before
    const before = one!.history.map((record) => ({ ...record, parameters: { rng: new Rng(5).state } }));
    expect(replay(before, goldenPoint(["image"])).values()).toEqual(one!.values());
  });

  it("that is a config, registered, is made of plain objects and read from JSON", () => {
    registerTransform(TwiceConfig);
    const handler = new TransformsHandler({
      imageTransforms: [{ name_: "Twice", times: 3 }, { name_: "RandomNoise" }],
    });
    const read = TransformsHandler.fromDict(JSON.parse(JSON.stringify(handler.toDict())));
    expect(read.toDict()).toEqual(handler.toDict());
    expect(read.imageTransforms[0]).toBeInstanceOf(TwiceConfig);
    expect(() => new TransformsHandler({ imageTransforms: [{ name_: "Thrice" }] })).toThrow(/'Thrice'.*Twice/);
    // a worker thread would not know it
    expect(() => handler.toWorker()).toThrow(/imageTransforms: the transform 'Twice'.*which module.*registerTransform/);
  });

  it("that is a config travels by the module that was registered with it", async () => {
    const handler = new TransformsHandler({ imageTransforms: [new HalvedConfig({ parts: 4 })] });
    expect(handler.toWorker().imageTransforms).toMatchObject([{ kind: "config", source: { export: "HalvedConfig" } }]);
    const there = await travelled(handler);
    expect(there.toDict()).toEqual(handler.toDict());
    using _scope = torch.scope();
    const values = there.applyImageTransforms(goldenPoint(["image"]), new Rng(1)).values();
    expect(values).toEqual(
      goldenPoint(["image"])
        .values()
        .map((value) => value / 4),
    );
  });
});

describe("an error in a transform of one's own", () => {
  class BrokenConfig extends transformConfig("Broken", {}) implements TransformConfig {
    getObject(): Transform {
      return perImage(this, "scalar", (image) => {
        image.tensor = image.tensor.view([7, 999]);
      });
    }
  }
  function fails(): never {
    throw new Error("boom");
  }
  const apply = (transform: TransformLike) => () => {
    using _scope = torch.scope();
    return new TransformsHandler({ imageTransforms: [transform] }).applyImageTransforms(goldenPoint(), new Rng(1));
  };
  it("names it, whether it is a function, a class or among others", () => {
    expect(apply(fails)).toThrow(/^fails: boom$/);
    expect(apply(new ComposeConfig({ transforms: [fails] }))).toThrow(/fails: boom/);
    expect(apply(new BrokenConfig({}))).toThrow(/^Broken: .*999/s);
  });
});
