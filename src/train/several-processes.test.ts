/** What is asked of loaders where several processes train or evaluate together, each with its part of the samples. */
import { describe, expect, it } from "vitest";
import { checkLoneSample, checkSplit } from "../run/index.ts";
import { Split } from "../split/index.ts";
import { ToyDataset, toyModel, toySplit } from "./fixtures/toy.ts";

describe("several processes", () => {
  it("have a step of all of them to make, where they drop the last one", () => {
    const split = toySplit();
    split.buildTrainLoader({ batchSize: 4, dropLast: true });
    for (const processes of [1, 2]) expect(() => checkSplit(split, processes)).not.toThrow();
    expect(() => checkSplit(split, 3)).toThrow(/10 samples, batchSize 4 in each of 3 processes\. Use/);
  });

  it("evaluate each sample, also those at the end of their parts", () => {
    const split = new Split({
      index: 0,
      trainDataset: new ToyDataset([0, 1, 2, 3]),
      valDataset: new ToyDataset([4, 5, 6, 7, 8, 9]),
    });
    split.buildTrainLoader({ batchSize: 1 });
    split.buildValLoader({ batchSize: 2, dropLast: true });
    for (const processes of [1, 3]) expect(() => checkSplit(split, processes)).not.toThrow();
    // 3 each
    expect(() => checkSplit(split, 2)).toThrow(
      /the loader drops the last batch of each of 2 processes, and 2 of 6 samples with it/,
    );
    split.buildValLoader({ batchSize: 2 });
    expect(() => checkSplit(split, 2)).not.toThrow();
  });

  it("have more than one sample each, where they normalise over their part of the batch", () => {
    const [model, without] = [toyModel(), toyModel({ norm: null })];
    const [apart, together] = [
      { processes: 2, together: false },
      { processes: 2, together: true },
    ];
    const loader = (batchSize: number, dropLast = false) => {
      const split = toySplit();
      split.buildTrainLoader({ batchSize, dropLast });
      return split.trainLoader;
    };
    // of 10, 8 and then 1 for each
    expect(() => checkLoneSample(model, loader(4), apart)).toThrow(
      /10 samples in batches of 4 in each of 2 processes leave a batch of one.*syncBatchnorm: true/,
    );
    for (const fine of [
      () => checkLoneSample(model, loader(3), apart), // 6, and 2 for each
      () => checkLoneSample(model, loader(4), { processes: 1, together: false }),
      () => checkLoneSample(model, loader(4), together),
      () => checkLoneSample(model, loader(4, true), apart),
      () => checkLoneSample(without, loader(4), apart),
    ]) {
      expect(fine).not.toThrow();
    }
  });
});
