import { describe, expect, it } from "vitest";
import { formatJson, parseJson } from "../../io/json/index.ts";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import * as torch from "../../torch/index.ts";
import { Patch, RandomNoiseConfig, ZNormalizationConfig } from "../../transforms/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { CannotReadFieldError, ConfigError, DataFrameError } from "../../utils/exceptions.ts";
import { type Batch, DataLoader, type DataLoaderOptions } from "../dataloader/index.ts";
import { Faces, Kept, Slow } from "../fixtures/own.ts";
import { Sample, type Sample as SampleType, ScalarImage } from "../structures/index.ts";
import {
  Dataset,
  type DatasetLike,
  type DatasetRow,
  datasetFromDict,
  datasetFromWorker,
  datasetRegistry,
  type Loaded,
  registerDataset,
  SampleError,
} from "./index.ts";

expectNothingLeft();

function describeBatch(batch: Batch) {
  using _scope = torch.scope();
  const names = [...batch.get(0).fieldNames()];
  const tensors = names.filter((name) => batch.get(0).fields.get(name) instanceof torch.Tensor);
  return {
    participants: batch.participants,
    image: batch.getField("image").toArray(),
    values: names.filter((name) => !tensors.includes(name)).map((name) => [name, batch.getValues(name)]),
    tensors: tensors.map((name) => [name, batch.getField(name).toArray(), batch.getField(name).dtype]),
    images: [...batch.get(0).images].map(([name, { kind }]) => [name, kind]),
  };
}
async function read(dataset: DatasetLike<SampleType>, options: DataLoaderOptions = {}, epochs = 2) {
  await using loader = new DataLoader(dataset, { batchSize: 2, seed: 3, ...options });
  const seen = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    loader.setEpoch(epoch);
    for await (using batch of loader) seen.push(describeBatch(batch));
  }
  return seen;
}

describe("a dataset of one's own", () => {
  it("has a table, columns as fields, and samples of what load gives", async () => {
    const dataset = new Faces({ count: 5 });
    expect(dataset.df[1]).toEqual({ participant_id: "sub-0", session_id: "ses-M012", age: 60.5, label: 0 });
    expect(dataset.getParticipantSessionCouples().at(-1)).toEqual(["sub-2", "ses-M000"]);
    expect(dataset.getSampleInfo(3, "age")).toBe(61.5);
    using sample = await dataset.get(3);
    expect(sample).toBeInstanceOf(Sample);
    expect([sample.who, sample.shape, sample.getField("label")]).toEqual(["(sub-1, ses-M012)", [1, 4, 4, 4], 1]);
    expect([sample.fileType, sample.imagePath, sample.sampleType]).toEqual([[], [], "image"]);
    await expect(dataset.get(5)).rejects.toThrow(/Faces has 5 samples, numbered from 0; there is no number 5/);
    expect(() => dataset.getSampleInfo(0, "weight")).toThrow(/no column 'weight'/);
    for await (using batch of new DataLoader(dataset, { batchSize: 5 })) {
      using age = batch.getField("age");
      using label = batch.getField("label");
      expect([age.dtype, label.dtype]).toEqual(["float64", "int64"]);
    }
  });

  it("gives the same batches with any number of workers, epoch after epoch", async () => {
    const transforms = {
      imageTransforms: [{ module: new URL("../fixtures/own.ts", import.meta.url), export: "halve" }],
      sampleTransforms: [new ZNormalizationConfig()],
      augmentations: [new RandomNoiseConfig()],
    };
    const dataset = new Faces({ count: 7, noise: 0.1, transforms });
    const alone = await read(dataset);
    expect(alone.slice(0, 4)).not.toEqual(alone.slice(4));
    expect(await read(dataset, { numWorkers: 2 })).toEqual(alone);
    expect(await read(dataset, { numWorkers: 1, persistentWorkers: true })).toEqual(alone);
    const part = dataset.subset([
      ["sub-2", "ses-M000"],
      ["sub-0", "ses-M012"],
      ["sub-1", "ses-M000"],
    ]);
    expect(await read(part.subset(part.df.slice(0, 2)), { numWorkers: 2 })).toEqual(
      await read(part.subset(part.df.slice(0, 2))),
    );
  });

  it("may keep its images in memory, and may wait while it loads", async () => {
    const kept = new Kept();
    const seen = await read(kept, { shuffle: false, batchSize: 3 });
    expect(seen.map(({ image }) => image)).toEqual([seen[0]?.image, seen[0]?.image]);
    expect(seen[0]?.participants.map((p) => p.sessionId)).toEqual(["ses-none", "ses-none", "ses-none"]);
    kept.dispose();
    const slow = new Slow();
    const alone = await read(slow, { shuffle: false });
    expect(alone[0]?.images).toEqual([
      ["image", "scalar"],
      ["mask", "label"],
    ]);
    expect(await read(slow, { shuffle: false, numWorkers: 2 })).toEqual(alone);
  });

  it("has parts in the order asked for, with modes of their own", async () => {
    const dataset = new Faces({ count: 6, noise: 1 });
    const training = dataset.subset([
      ["sub-1", "ses-M000"],
      ["sub-0", "ses-M012"],
    ]);
    const validation = dataset.subset([["sub-2", "ses-M000"]]);
    validation.eval();
    expect([dataset.length, training.length, validation.length]).toEqual([6, 2, 1]);
    expect(training.df.map((row) => row.age)).toEqual([61, 60.5]);
    using still = await validation.get(0);
    using moved = await training.get(0);
    using _scope = torch.scope();
    expect(still.getImageTensor("image").flatten().select(0, 0).item()).toBe(4);
    expect(moved.getImageTensor("image").flatten().select(0, 0).item()).not.toBe(2);
    expect(() => dataset.subset([["sub-9", "ses-M000"]])).toThrow(DataFrameError);
    await expect(training.get(2)).rejects.toThrow(/A part of Faces has 2 samples, numbered from 0/);
    // all numbers of this part are whole, and they are floats all the same
    for await (using batch of new DataLoader(validation)) {
      using age = batch.getField("age");
      expect(age.dtype).toBe("float64");
    }
  });

  it("may have several samples of one participant and session", async () => {
    class Twice extends Faces {
      override row(index: number): DatasetRow {
        return super.row(index >> 1);
      }
    }
    const dataset = new Twice({ count: 6 });
    expect([dataset.length, dataset.df.length]).toEqual([6, 3]);
    const part = dataset.subset([
      ["sub-1", "ses-M000"],
      ["sub-0", "ses-M000"],
    ]);
    expect([part.length, part.df.length]).toEqual([4, 2]);
    using sample = await part.get(1);
    expect([sample.who, sample.getField("seen")]).toEqual(["(sub-1, ses-M000)", [5]]);
  });
});

describe("mistakes in a dataset of one's own are said with the sample", () => {
  const made = (load: () => unknown, row: () => unknown = () => ({ participantId: "sub-1" })): Dataset => {
    class Own extends Dataset {
      override get length(): number {
        return 1;
      }
      override row(): DatasetRow {
        return row() as DatasetRow;
      }
      override load(): Loaded {
        return load() as Loaded;
      }
    }
    return new Own();
  };
  it.each<[string, () => unknown, RegExp]>([
    ["nothing", () => undefined, /\(sub-1, ses-none\): load gave undefined\. Expected \{ image, … \}/],
    ["no image", () => ({ label: 1 }), /load gave \{"label":1\}/],
    [
      "another shape",
      () => torch.zeros([2, 2]),
      /\(sub-1, ses-none\): An image is a tensor of shape \(C, D, H, W\); got \(2, 2\)/,
    ],
    ["a promise", () => Promise.resolve(1), /Own\.load gave a promise\. Write it as async load/],
    [
      "an identity",
      () => ({ image: torch.zeros([1, 1, 1, 1]), participantId: "sub-2" }),
      /load gave 'participantId', which row says/,
    ],
    [
      "another's sample",
      () =>
        new Sample({
          image: new ScalarImage(torch.zeros([1, 1, 1, 1])),
          participantId: "sub-2",
          sessionId: "ses-none",
        }),
      /load gave the data of \(sub-2, ses-none\), and row says that they are another's/,
    ],
    [
      "an error",
      () => {
        throw new Error("no disk");
      },
      /\(sub-1, ses-none\): no disk/,
    ],
  ])("%s", async (_, load, message) => {
    await expect(made(load).get(0)).rejects.toThrow(message);
  });
  it("an error of one's own code is a SampleError with a cause", async () => {
    const failing = made(() => {
      throw new TypeError("x");
    });
    await expect(failing.get(0)).rejects.toThrow(SampleError);
  });
  it.each<[unknown, RegExp]>([
    [null, /Own\.row\(0\) gave null\. Expected \{ participantId: "sub-001"/],
    [{ participantId: 3 }, /gave 3 as 'participantId'/],
    [{ participantId: "sub-1", age: [3] }, /gave \[3\] as 'age'/],
    [{ participantId: "sub-1", image: "a.nii" }, /has a column 'image', a name that samples use/],
  ])("the row %j", (row, message) => {
    expect(
      () =>
        made(
          () => 1,
          () => row,
        ).df,
    ).toThrow(message);
  });
  it("an extraction, which would change the number of samples", () => {
    const transforms = { extraction: new Patch({ patchSize: 2 }) };
    expect(() => new Faces({ count: 3, transforms })).toThrow(/the extraction Patch cannot be used/);
  });
});

describe("what cannot go to worker threads is said when the loader is built, with the remedy", () => {
  const refused = (dataset: DatasetLike, message: RegExp) => {
    expect(() => new DataLoader(dataset, { numWorkers: 2 })).toThrow(ConfigError);
    expect(() => new DataLoader(dataset, { numWorkers: 2 })).toThrow(message);
    expect(() => new DataLoader(dataset)).not.toThrow();
  };
  it("a class that does not say from where it comes, though its parent does", () => {
    class Local extends Faces {}
    refused(
      new Local({ count: 2 }),
      /Local cannot be built again .*static readonly from = \{ module: import\.meta\.url, export: "Local" \}/,
    );
  });
  it("a module that is not there, or does not export it", () => {
    class Elsewhere extends Faces {
      static override readonly from = { module: "file:///nowhere.ts", export: "Elsewhere" };
    }
    refused(new Elsewhere({ count: 2 }), /Elsewhere\.from: the module \/nowhere\.ts does not exist/);
    class Misspelt extends Faces {
      static override readonly from = { module: Faces.from.module, export: "Fases" };
    }
    refused(new Misspelt({ count: 2 }), /has no export 'Fases'/);
  });
  it("options that cannot be cloned", () => {
    const options = { count: 2, when: { after: () => 1 } };
    refused(new Faces(options), /Faces cannot travel to a worker thread: its option 'when' holds the function 'after'/);
    const image = { count: 2, first: new ScalarImage(torch.zeros([1, 1, 1, 1])) };
    refused(new Faces(image), /its option 'first' holds an object of the class ScalarImage/);
    image.first.dispose();
  });
  it("a constructor that keeps its arguments for itself", () => {
    class Own extends Dataset {
      static override readonly from = { module: Faces.from.module, export: "Own" };
      readonly #count: number;
      constructor(count: number) {
        super();
        this.#count = count;
      }
      override get length(): number {
        return this.#count;
      }
      override row(): DatasetRow {
        return { participantId: "sub-1" };
      }
      override load(): Loaded {
        return torch.zeros([1, 1, 1, 1]);
      }
    }
    refused(new Own(2), /its constructor takes arguments, and gave none to its parent\. Take one object of options/);
  });
  it("a closure among the transforms", () => {
    const by = 2;
    const augmentations = [<T>(point: T): T => (by > 1 ? point : point)];
    refused(new Faces({ count: 2, transforms: { augmentations } }), /augmentations: the transform '.*' cannot travel/);
  });
  it("and one that comes out otherwise there is refused there", async () => {
    const { source, content } = new Faces({ count: 2 }).toWorker();
    const other = { source, content: { ...(content as object), length: 3 } };
    await expect(datasetFromWorker(other)).rejects.toThrow(
      /Faces with 3 samples was Faces with 2 when it was built again/,
    );
    await expect(datasetFromWorker({ source: { name_: "Fases" }, content })).rejects.toThrow(/'Fases' cannot be built/);
  });
});

describe("a registered dataset", () => {
  it("goes to JSON and back, a part of it too", async () => {
    const dataset = new Faces({ count: 5, transforms: { imageTransforms: [new ZNormalizationConfig()] } });
    const dict = parseJson(formatJson(dataset.toDict())) as JsonObject;
    expect(() => datasetFromDict(dict)).toThrow(CannotReadFieldError);
    expect(() => datasetFromDict(dict)).toThrow(/Pass the object itself, or register its class/);
    registerDataset(Faces);
    expect(datasetRegistry.names).toContain("Faces");
    const again = datasetFromDict(dict);
    expect(again).toBeInstanceOf(Faces);
    expect(formatJson(again.toDict())).toBe(formatJson(dict));
    const part = datasetFromDict(dataset.subset([["sub-1", "ses-M000"]]).toDict());
    expect([part.length, part.getSampleInfo(0, "age")]).toEqual([1, 61]);
    class Other extends Faces {
      static override get name_(): string {
        return "Faces";
      }
    }
    expect(() => registerDataset(Other)).toThrow(/Another dataset is named 'Faces' already/);
  });
  it("with options that JSON cannot hold must be passed itself", () => {
    registerDataset(Kept);
    const options = { at: new Date(0) };
    class Dated extends Kept {
      constructor(given: object) {
        super(given);
      }
    }
    registerDataset(Dated);
    const dated = new Dated(options);
    const dict = dated.toDict();
    expect(dict.options).toBe("<Dated options>");
    expect(() => datasetFromDict(dict)).toThrow(/'options' was written as '<Dated options>'. Pass the dataset itself/);
    dated.dispose();
  });
});
