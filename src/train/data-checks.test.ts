import { rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Callback, type EventArgs } from "../callbacks/index.ts";
import { DataLoader } from "../data/dataloader/index.ts";
import { Split } from "../split/index.ts";
import { DataFrameError, DataLeakageError } from "../utils/exceptions.ts";
import { ToyDataset } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";
import type { Trainer } from "./trainer.ts";

const trainers = Trainers.forEachTest();
const optimization = { numEpochs: 1 };

/** With something that results depend on. */
class Described extends ToyDataset {
  readonly smoothing: number;
  constructor(ids: readonly number[], smoothing: number) {
    super(ids);
    this.smoothing = smoothing;
  }
  override toDict() {
    return { ...super.toDict(), options: {}, smoothing: this.smoothing };
  }
}

const TRAIN = [1, 2, 3, 4];
const VALIDATION = [5, 6];
interface Data {
  index?: number;
  train?: ToyDataset;
  validation?: ToyDataset;
  batchSize?: number;
  pinMemory?: boolean;
}
function splitOf({ index = 0, train, validation, batchSize = 2, ...loader }: Data = {}): Split {
  const split = new Split({
    index,
    trainDataset: train ?? new Described(TRAIN, 1),
    valDataset: validation ?? new Described(VALIDATION, 1),
  });
  split.buildTrainLoader({ batchSize, ...loader });
  split.buildValLoader({ batchSize: 2 });
  return split;
}
const warnings = (index: number) => {
  const text = trainers.text("maps", `training/split-${index}/warning.log`).trim();
  return text === ""
    ? []
    : text.split("\n").map((line) => line.replace(/^.*WARNING: /, "").replaceAll(trainers.path("maps"), "MAPS"));
};
async function first(): Promise<Trainer> {
  const trainer = trainers.make("maps", { optimization });
  await trainer.train(splitOf(), { computational });
  return trainer;
}

describe("a split that differs from another one of the MAPS", () => {
  const where = (part: string) => `MAPS/training/data/${part}`;
  it.each<[string, Data, string[]]>([
    [
      "in its participants only",
      { train: new Described([7, 8, 9, 10], 1), validation: new Described([11, 12], 1) },
      [],
    ],
    ["in what results do not depend on", { pinMemory: false }, []],
    [
      "in its training data",
      { train: new Described(TRAIN, 2) },
      [
        `The dataset of the training data of split 1 differs from ${where("train/split-0/dataset.json")} in 'smoothing'. Results may not be comparable.`,
      ],
    ],
    [
      "in its validation data",
      { validation: new Described(VALIDATION, 2) },
      [
        `The dataset of the validation data of split 1 differs from ${where("validation/split-0/dataset.json")} in 'smoothing'. Results may not be comparable.`,
      ],
    ],
    [
      "in its loader",
      { batchSize: 4 },
      [
        `The dataloader of the training data of split 1 differs from ${where("train/split-0/dataloader.json")} in 'batch_size'. Results may not be comparable.`,
      ],
    ],
  ])("%s is trained on, with as many warnings", async (_, data, expected) => {
    const trainer = await first();
    await trainer.train(splitOf({ ...data, index: 1 }), { computational });
    expect(warnings(1)).toEqual(expected);
    expect(warnings(0)).toEqual([]);
  });

  it("is trained on after one that Python has described by its name only, with a warning", async () => {
    const trainer = await first();
    writeFileSync(trainers.path("maps", "training/data/train/split-0/dataset.json"), '"<Faces object>"\n');
    await trainer.train(splitOf({ index: 1 }), { computational });
    expect(warnings(1)).toEqual([
      `The dataset of the training data of split 1 cannot be compared to ${where("train/split-0/dataset.json")}, where a class of one's own is described by its name only.`,
    ]);
  });
});

describe("data that differ from what they were", () => {
  class Fails extends Callback {
    #failed = false;
    override onEpochStart(_: EventArgs<"onEpochStart">): void {
      if (this.#failed) return;
      this.#failed = true;
      throw new Error("failed");
    }
  }
  it("are warned of on resume, the participants too", async () => {
    const trainer = trainers.make("maps", { optimization, callbacks: [new Fails()] });
    await expect(trainer.train(splitOf(), { computational })).rejects.toThrow("failed");
    const others = { train: new Described(TRAIN, 2), batchSize: 4 };
    await expect(
      trainer.resume({ splitIdx: 0, split: splitOf({ train: new Described([1, 2, 3, 9], 1) }) }),
    ).rejects.toThrow(/training data are not those of .*sub-4 ses-M000; sub-9 ses-M000 in one only/);
    await trainer.resume({ splitIdx: 0, split: splitOf(others) });
    expect(warnings(0)).toEqual([
      "The dataset of the training data differs from MAPS/training/data/train/split-0/dataset.json in 'smoothing'. Results may not be comparable.",
      "The dataloader of the training data differs from MAPS/training/data/train/split-0/dataloader.json in 'batch_size'. Results may not be comparable.",
    ]);
  });

  it("are warned of by validate and test, beside the results", async () => {
    const trainer = await first();
    const dataloader = splitOf({ validation: new Described(VALIDATION, 2) }).valLoader;
    await trainer.validate({ splitIdx: 0, metrics: ["loss"], dataloader });
    expect(trainers.text("maps", "training/split-0/models/final/warning.log")).toMatch(
      /validation data differs from .* in 'smoothing'/,
    );

    const group = (smoothing: number) => new DataLoader(new Described([20, 21], smoothing), { batchSize: 2 });
    const test = { modelCheckpoint: "split-0_final", groupName: "g", computational };
    await trainer.test({ ...test, dataloader: group(1) });
    const results = trainer.maps.test.group("g").results(0, "final");
    expect(trainers.text("maps", "test/group-g/results/split-0/final/warning.log")).toBe("");
    rmSync(results.metrics.path, { recursive: true });
    await trainer.test({ ...test, dataloader: group(2) });
    expect(trainers.text("maps", "test/group-g/results/split-0/final/warning.log")).toMatch(
      /group 'g' differs from .* in 'smoothing'/,
    );
  });
});

describe("data that cannot be used", () => {
  const refused = (data: Data) => trainers.make("maps", { optimization }).train(splitOf(data), { computational });
  const without = (column: string) => {
    const dataset = new ToyDataset(TRAIN);
    for (const row of dataset.df) delete (row as Record<string, unknown>)[column];
    return dataset;
  };

  it("are refused, with the name of the column that lacks", async () => {
    const training = refused({ train: without("session_id") });
    await expect(training).rejects.toThrow(DataFrameError);
    await expect(training).rejects.toThrow(/training data has no 'session_id' in row 0/);
  });

  it("are refused where a participant is on both sides, whatever the session", async () => {
    const training = refused({ validation: new ToyDataset([1, 5, 3]) });
    await expect(training).rejects.toThrow(DataLeakageError);
    await expect(training).rejects.toThrow(/sub-1, sub-3 are in both the training and the validation data/);
  });

  it("are refused by test where a participant was trained on or validated with, in any split", async () => {
    const trainer = await first();
    await trainer.train(splitOf({ index: 1, train: new Described([7, 8], 1), validation: new Described([9], 1) }), {
      computational,
    });
    for (const id of [1, 5, 8, 9]) {
      const dataloader = new DataLoader(new ToyDataset([id, 30]), { batchSize: 2 });
      const test = trainer.test({ modelCheckpoint: "split-0_final", groupName: "g", dataloader, computational });
      await expect(test).rejects.toThrow(DataLeakageError);
      await expect(test).rejects.toThrow(new RegExp(`sub-${id} is in the training or validation data`));
    }
    expect(trainer.maps.test.groupsList).toEqual([]);
  });
});
