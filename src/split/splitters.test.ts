import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BidsDataset } from "../data/datasets/index.ts";
import { type Cohort, makeCohort } from "../data/fixtures/cohort.ts";
import { BidsFileType } from "../io/bids/index.ts";
import { DataFrameError } from "../utils/exceptions.ts";
import { forgetWarnings, receiveWarnings } from "../utils/warnings.ts";
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

describe("rows of a split that the dataset lacks", () => {
  /** The cohort's table with three names in another spelling. */
  const respelt = (): string => {
    const tsv = join(cohort.root, "respelt.tsv");
    const text = readFileSync(cohort.tsv, "utf8");
    writeFileSync(
      tsv,
      text
        .replace("sub-003\tses-M000", "sub-003\tses-M00")
        .replace("sub-007\tses-M000", "sub-007\tses-M00")
        .replace("sub-008", "sub-08"),
    );
    return tsv;
  };
  let said: string[];
  beforeEach(() => {
    said = [];
    forgetWarnings();
    receiveWarnings((message) => said.push(message));
  });
  afterEach(() => receiveWarnings((message) => process.stderr.write(message)));

  it("are an error before the first fold that lists them, with near spellings", () => {
    const folds = new KFold(makeKFold(respelt(), { nSplits: 2, seed: 1 }));
    expect(() => folds.getSplits(dataset)).toThrow(DataFrameError);
    expect(() => folds.getSplits(dataset)).toThrow(
      /2_fold: 3 of the 10 \(participant, session\) pairs of the split are not in the dataset: .*\(sub-003, ses-M00\) \[the dataset has \(sub-003, ses-M000\)\]/,
    );
    expect(() => folds.getSplits(dataset)).toThrow(/\(sub-08, ses-M000\) \[the dataset has \(sub-008, ses-M000\)\]/);
    const single = new SingleSplit(makeSplit(respelt(), { nTest: 3, seed: 0 }));
    expect(() => single.getSplit(dataset)).toThrow(/3 of the 10 .* missing: "ignore"/);
    expect(said).toEqual([]);
  });

  it("are left out on request, with a warning that counts them, and one for participants on neither side", () => {
    const folds = new KFold(makeKFold(respelt(), { nSplits: 2, seed: 1 }));
    for (const split of folds.getSplits(dataset, { missing: "ignore" }))
      expect(split.trainDataset.length + split.valDataset.length).toBe(7);
    expect(said).toEqual([
      expect.stringMatching(/3 of the 10 .* They are left out\.$/),
      expect.stringMatching(/1 of the 10 participants of the dataset are on neither side of the split, .*: sub-008\.$/),
    ]);
    expect(() => folds.getSplits(dataset, { missing: "skip" } as never)).toThrow(/'missing' got 'skip'/);
  });

  it("are looked for in the dataset that is validated on, too", () => {
    const folds = new KFold(makeKFold(cohort.tsv, { nSplits: 2, seed: 1 }));
    const fewer = dataset.subset(cohort.rows.slice(0, 9));
    expect(() => folds.getSplits(dataset, { evalDataset: fewer })).toThrow(
      /'evalDataset': 1 of the 10 .*\(sub-009, ses-M000\)/,
    );
  });

  it("are nobody when a dataset has more than the split, which is said once", () => {
    const half = join(cohort.root, "half.tsv");
    writeFileSync(half, `${readFileSync(cohort.tsv, "utf8").split("\n").slice(0, 7).join("\n")}\n`);
    const folds = new KFold(makeKFold(half, { nSplits: 2, seed: 1 }));
    for (let i = 0; i < 2; i++) expect([...folds.getSplits(dataset)]).toHaveLength(2);
    expect(said).toEqual([expect.stringMatching(/4 of the 10 participants .*: sub-006, sub-007, sub-008, sub-009\.$/)]);
  });
});

describe("a split folder that was changed by hand", () => {
  const edit = (path: string, change: (text: string) => string): void =>
    writeFileSync(path, change(readFileSync(path, "utf8")));

  it("is an error that names the file and the field", () => {
    const path = makeKFold(cohort.tsv, { nSplits: 2, seed: 3 });
    const config = join(path, "kfold_config.json");
    const original = readFileSync(config, "utf8");
    for (const [from, to, message] of [
      ['"n_splits": 2', '"n_splits": "two"', /'nSplits' got 'two'|n_splits/i],
      ['"n_splits": 2', '"n_splits": 1', /n_?splits/i],
      ['"n_splits": 2', '"n_splits": 2, "more": 1', /more/],
      ['"longitudinal": false,', "", /longitudinal/],
      ['"validation"', '"../../other"', /subset_?name/i],
      ["{", "[", /kfold_config\.json is not valid JSON/],
    ] as const) {
      writeFileSync(config, original.replace(from, to));
      expect(() => new KFold(path)).toThrow(SplitDirError);
      expect(() => new KFold(path)).toThrow(message);
      expect(() => new KFold(path)).toThrow(/kfold_config\.json/);
    }
    writeFileSync(config, original);
    mkdirSync(join(path, "split-2"));
    expect(() => new KFold(path)).toThrow(/'n_splits' is 2, but there is a folder split-2/);
  });

  it("is an error that names the table", () => {
    const path = makeKFold(cohort.tsv, { nSplits: 2, seed: 3 });
    const table = join(path, "split-1", "validation_baseline.tsv");
    edit(table, (text) => text.replaceAll("\t", ","));
    expect(() => new KFold(path)).toThrow(SplitDirError);
    expect(() => new KFold(path)).toThrow(/split-1.validation_baseline\.tsv lacks the columns 'participant_id' and/);
    writeFileSync(table, "participant_id\tsession_id\nsub-001\t\n");
    expect(() => new KFold(path)).toThrow(/split-1.validation_baseline\.tsv: row 1 has null as 'session_id'/);
    writeFileSync(table, "participant_id\tsession_id\n");
    expect(() => [...new KFold(path).getSplits(dataset)]).toThrow(/the validation set of split 1 names nobody/);
    rmSync(table);
    mkdirSync(table);
    expect(() => new KFold(path)).toThrow(/split-1.validation_baseline\.tsv/);
  });
});

it("both validate on another dataset, if they are given one", () => {
  const slices = new BidsDataset({
    bids: cohort.root,
    fileType: new BidsFileType({ suffix: "T1w", dataType: "anat" }),
    data: cohort.tsv,
    transforms: { extraction: { name_: "Slice", sliceDirection: 1 } },
  });
  const single = new SingleSplit(makeSplit(cohort.tsv, { nTest: 3, seed: 0 }));
  const [fold] = new KFold(makeKFold(cohort.tsv, { nSplits: 5, seed: 0 })).getSplits(slices, { evalDataset: dataset });
  const split = single.getSplit(dataset, { evalDataset: slices });
  expect([split.trainDataset.length, split.valDataset.length]).toEqual([7, 3 * 5]);
  expect([fold!.trainDataset.length, fold!.valDataset.length]).toEqual([8 * 5, 2]);
  expect(ids(fold!.trainDataset).filter((id) => ids(fold!.valDataset).includes(id))).toEqual([]);
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
