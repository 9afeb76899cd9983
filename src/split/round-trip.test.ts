import { afterAll, describe, expect, it } from "vitest";
import { MergeBatchesCollate } from "../data/dataloader/index.ts";
import { BidsDataset, PairedDataset } from "../data/datasets/index.ts";
import { makeCohort } from "../data/fixtures/cohort.ts";
import { Faces } from "../data/fixtures/own.ts";
import { formatJson, parseJson } from "../io/json/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { CannotReadFieldError, ConfigError, MissingFieldsError, WrongFieldsError } from "../utils/exceptions.ts";
import { KFold, KFoldConfig, makeKFold, SingleSplitConfig, Split, SplitDesign } from "./index.ts";

const cohort = makeCohort(6);
afterAll(() => cohort[Symbol.dispose]());
const dataset = (columns: string[] = ["age"]): BidsDataset =>
  new BidsDataset({ bids: cohort.root, fileType: { dataType: "anat", suffix: "T1w" }, data: cohort.tsv, columns });
const json = (value: { toDict(): JsonObject }): JsonObject => parseJson(formatJson(value.toDict())) as JsonObject;

const readKFold = (dict: JsonObject): KFoldConfig => KFoldConfig.fromDict(dict);
const readSingle = (dict: JsonObject): SingleSplitConfig => SingleSplitConfig.fromDict(dict);
const readDesign = (dict: JsonObject): SplitDesign => SplitDesign.fromDict(dict);

it.each([
  [new KFoldConfig({ nSplits: 3 }), readKFold],
  [
    new KFoldConfig({
      nSplits: 2,
      subsetName: "held-out",
      stratification: "sex",
      longitudinal: true,
      seed: 0xffffffff,
    }),
    readKFold,
  ],
  [new SingleSplitConfig({}), readSingle],
  [new SingleSplitConfig({ stratification: ["age", "sex"], nTest: 12, pCategoricalThreshold: 0, seed: 0 }), readSingle],
  [new SplitDesign({}), readDesign],
  [
    new SplitDesign({
      groups: "site",
      repeats: 2,
      stratification: ["a", "b"],
      leaveOneGroupOut: true,
      nInnerSplits: 2,
    }),
    readDesign,
  ],
] as const)("a config of splits is the same after JSON and back: %o", (config, read) => {
  const again = read(json(config));
  expect(again).toEqual(config);
  expect(formatJson(again.toDict())).toBe(formatJson(config.toDict()));
});

describe("a split, after JSON and back,", () => {
  it("has its number, folder, datasets and loaders", () => {
    const folds = new KFold(makeKFold(cohort.tsv, { nSplits: 3, seed: 1 }));
    const [split] = folds.getSplits(dataset(), { splits: [2] });
    split!.buildTrainLoader({ batchSize: 2, samplingWeights: "age" });
    const read = Split.fromDict(json(split!));
    expect(formatJson(read.toDict())).toBe(formatJson(split!.toDict()));
    expect([read.index, read.splitDir]).toEqual([2, folds.splitDir]);
    expect(read.trainDataset.df).toEqual(split!.trainDataset.df);
    expect([read.trainLoader.batchSize, read.trainLoader.config.samplingWeights]).toEqual([2, "age"]);
    expect(() => read.valLoader).toThrow(/buildValLoader/);
  });
  it("without a folder, of tuples that its loaders merge", () => {
    const paired = new PairedDataset([dataset(), dataset([])]);
    const split = new Split({ index: 0, trainDataset: paired, valDataset: paired });
    split.buildTrainLoader({ collateFn: new MergeBatchesCollate() });
    split.buildValLoader({ batchSize: 3 });
    const read = Split.fromDict(json(split));
    expect(formatJson(read.toDict())).toBe(formatJson(split.toDict()));
    expect(read.trainLoader.config.collateFn).toBeInstanceOf(MergeBatchesCollate);
    expect([read.splitDir, read.valLoader.shuffle, read.valLoader.length]).toEqual([null, false, 2]);
  });
  it("is refused by the field that cannot be read", () => {
    const dict = json(new Split({ index: 0, trainDataset: dataset(), valDataset: dataset() }));
    const { index: _, ...without } = dict;
    expect(() => Split.fromDict(without)).toThrow(MissingFieldsError);
    expect(() => Split.fromDict({ ...dict, extra: 1 })).toThrow(WrongFieldsError);
    for (const [field, value] of [
      ["index", "0"],
      ["index", -1],
      ["split_dir", 3],
      ["split_dir", "/no/such/folder"],
      ["train_dataset", null],
      ["val_dataset", new Faces({ count: 2 }).toDict()],
      ["train_loader_config", []],
      ["val_loader_config", { ...json({ toDict: () => ({}) }), batch_size: 1 }],
    ] as const) {
      const read = (): Split => Split.fromDict({ ...dict, [field]: value as never });
      expect(read, `${field} ${value}`).toThrow(
        field === "val_loader_config" ? MissingFieldsError : CannotReadFieldError,
      );
    }
  });
  it("takes no option that it does not know", () => {
    const given = { index: 0, trainDataset: dataset(), valDataset: dataset(), split_dir: "x" };
    expect(() => new Split(given as never)).toThrow(ConfigError);
    expect(() => new Split(given as never)).toThrow(/Split: unknown option 'split_dir'/);
  });
});
