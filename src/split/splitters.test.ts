import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BidsDataset } from "../data/datasets/index.ts";
import { type Cohort, makeCohort } from "../data/fixtures/cohort.ts";
import { BidsFileType } from "../io/bids/index.ts";
import { KFold, makeKFold, makeSplit, SingleSplit, Split, SplitDirError } from "./index.ts";

let cohort: Cohort;
let dataset: BidsDataset;
beforeEach(() => {
  cohort = makeCohort(10);
  dataset = new BidsDataset({
    bids: cohort.root,
    fileType: new BidsFileType({ suffix: "T1w", dataType: "anat" }),
    data: cohort.tsv,
  });
});
afterEach(() => cohort[Symbol.dispose]());

const ids = (part: { getParticipantSessionCouples(): [string, string][] }): string[] =>
  part.getParticipantSessionCouples().map(([participant]) => participant);

describe("KFold", () => {
  it("splits a dataset into folds that do not overlap and cover it", () => {
    const splitter = new KFold(makeKFold(cohort.tsv, { nSplits: 5, stratification: "diagnosis", seed: 3 }));
    expect(splitter.length).toBe(5);
    const validated: string[] = [];
    for (const split of splitter.getSplits(dataset)) {
      expect(split.index).toBe(validated.length / 2);
      expect(ids(split.trainDataset).filter((id) => ids(split.valDataset).includes(id))).toEqual([]);
      expect(split.trainDataset.length).toBe(8);
      validated.push(...ids(split.valDataset));
    }
    expect(validated.sort()).toEqual(ids(dataset).sort());
  });

  it("gives chosen splits, and refuses others before the first", () => {
    const path = makeKFold(cohort.tsv, { nSplits: 3, seed: 3 });
    const splitter = new KFold(path);
    expect([...splitter.getSplits(dataset, { splits: [2, 0] })].map((split) => split.index)).toEqual([2, 0]);
    expect(() => splitter.getSplits(dataset, { splits: [3] })).toThrow(/no split 3.*0 to 2/);
    expect(() => splitter.getSplits(dataset, { split: [0] } as never)).toThrow(/'split'/);
    const other = dataset.subset(dataset.df);
    const [split] = [...splitter.getSplits(dataset, { evalDataset: other, splits: [0] })];
    expect(split!.splitDir).toBe(path);
  });

  it("says what is missing", () => {
    const path = makeKFold(cohort.tsv, { nSplits: 2, seed: 3 });
    expect(() => new KFold(join(path, "nowhere"))).toThrow(SplitDirError);
    expect(() => new SingleSplit(path)).toThrow(/single_split_config.json/);
    rmSync(join(path, "split-1", "train.tsv"));
    expect(() => new KFold(path)).toThrow(/split-1.*train.tsv/);
  });
});

it("SingleSplit gives split 0", () => {
  const split = new SingleSplit(makeSplit(cohort.tsv, { nTest: 3, seed: 0 })).getSplit(dataset);
  expect(split.index).toBe(0);
  expect([split.trainDataset.length, split.valDataset.length]).toEqual([7, 3]);
});

describe("Split", () => {
  const make = (): Split => new Split({ index: 0, trainDataset: dataset, valDataset: dataset });

  it("keeps its loaders, so that an epoch set on one stays set (D5)", () => {
    const split = make();
    split.buildTrainLoader({ batchSize: 4 });
    expect(split.trainLoader).toBe(split.trainLoader);
    const first = split.trainLoader;
    split.buildTrainLoader({ batchSize: 2 });
    expect(split.trainLoader).not.toBe(first);
    expect(split.trainLoader.length).toBe(5);
  });

  it("shuffles in training, not in validation", () => {
    const split = make();
    split.buildTrainLoader();
    split.buildValLoader();
    expect(split.trainLoader.config.shuffle).toBe(true);
    expect(split.valLoader.config.shuffle).toBe(false);
    expect(split.toDict()).toMatchObject({
      name_: "Split",
      index: 0,
      split_dir: null,
      train_loader_config: { shuffle: true },
    });
  });

  it("says what to do before there is a loader", () => {
    expect(() => make().trainLoader).toThrow(/buildTrainLoader/);
    expect(() => make().valLoader).toThrow(/buildValLoader/);
    expect(() => make().buildTrainLoader({ batchsize: 3 } as never)).toThrow(/batchsize/);
    expect(() => new Split({ index: -1, trainDataset: dataset, valDataset: dataset })).toThrow(/-1/);
  });
});
