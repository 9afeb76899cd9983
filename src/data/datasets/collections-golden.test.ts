/** Datasets that are made of others, held to what ClinicaDL 2.0.0 makes of the same tables: test/golden/collections_golden.py. */
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { formatJson, parseJson } from "../../io/json/index.ts";
import type { Cell, Row } from "../../io/tsv/index.ts";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import type { JsonObject } from "../../utils/config.ts";
import { ConfigError, DataFrameError } from "../../utils/exceptions.ts";
import { type Batch, DataLoader } from "../dataloader/index.ts";
import { makeCohort } from "../fixtures/cohort.ts";
import { Faces } from "../fixtures/own.ts";
import { type Sample, samplesOf } from "../structures/index.ts";
import {
  BidsDataset,
  ConcatDataset,
  type DatasetLike,
  datasetFromDict,
  PairedDataset,
  UnpairedDataset,
} from "./index.ts";

interface Golden {
  readonly concat: { df: Row[]; order: [string, number][]; subset: Row[]; subset_of_one: Row[]; info: Cell[] };
  readonly paired: { df: Row[]; order: [string, number][][]; subset: Row[]; info: Cell[] };
  readonly unpaired: { df: Row[]; order: [string, number][][]; subset: Row[]; info: Cell[][][]; keys: string[] };
  readonly mappings: { sizes: number[]; oversample: boolean; epoch: number; mapping: number[][] }[];
}
const golden: Golden = JSON.parse(readFileSync(new URL("./golden/collections.json", import.meta.url), "utf8"));

const [one, other] = [makeCohort(3), makeCohort(4)];
afterAll(() => {
  one[Symbol.dispose]();
  other[Symbol.dispose]();
});
const fileType = { dataType: "anat", suffix: "T1w" };
const t1w = (cohort: typeof one, data: readonly Row[] = cohort.rows): BidsDataset =>
  new BidsDataset({ bids: cohort.root, fileType, data });
const ids = (rows: readonly Row[]): Row[] =>
  rows.map(({ participant_id = "", session_id = "" }) => ({ participant_id, session_id }));
const json = (dict: JsonObject): JsonObject => parseJson(formatJson(dict)) as JsonObject;

/** Rows without `n_samples`, which the original adds to a table once someone asks for the length. */
const cells = (rows: readonly Row[]): Row[] => rows.map(({ n_samples: _, ...row }) => row);
const byName = (rows: readonly Row[]): Row[] =>
  rows.toSorted((a, b) => String(a.participant_id).localeCompare(String(b.participant_id), "en"));

/** Of each item whose samples it has, and their first voxel, which is the mean of the original's images. */
async function orderOf(dataset: DatasetLike): Promise<unknown[]> {
  const order: unknown[] = [];
  for (let i = 0; i < dataset.length; i++) {
    const item = await dataset.get(i);
    const names = samplesOf(item).map((sample): [string, number] => [sample.participantId, firstVoxel(sample)]);
    order.push(Array.isArray(item) ? names : names[0]);
    for (const sample of samplesOf(item)) sample.dispose();
  }
  return order;
}
function firstVoxel(sample: Sample): number {
  return Number(sample.image.tensor.toTypedArray()[0]);
}

expectNothingLeft();

describe("ConcatDataset", () => {
  const dataset = (): ConcatDataset => new ConcatDataset([t1w(one), t1w(other, ids(other.rows))]);
  const wanted = golden.concat;
  it("has the table and the order of the original's", async () => {
    expect(cells(dataset().df)).toEqual(wanted.df);
    expect(await orderOf(dataset())).toEqual(wanted.order);
    expect(dataset().getSampleInfo(1, "age")).toBe(wanted.info[0]);
  });
  it("has its parts", () => {
    const pairs = ["sub-003", "sub-001", "sub-003"].map((sub) => [sub, "ses-M000"] as const);
    expect(cells(dataset().subset(pairs).df)).toEqual(cells(wanted.subset));
    expect(cells(dataset().subset(pairs.slice(0, 1)).df)).toEqual(cells(wanted.subset_of_one));
  });
  it("refuses what it refuses", async () => {
    const named = one.rows.map((row) => ({ ...row, dataset_id: 0 }));
    expect(() => dataset().getSampleInfo(4, "age")).toThrow(DataFrameError);
    expect(() => dataset().subset([["sub-009", "ses-M000"]])).toThrow(DataFrameError);
    expect(() => new ConcatDataset([t1w(one, named)])).toThrow(ConfigError);
    await expect(dataset().get(7)).rejects.toThrow(RangeError);
  });
});

describe("PairedDataset", () => {
  const scores = [0.5, null, 1.5];
  const ages = [60, null, 62];
  const dataset = (): PairedDataset =>
    new PairedDataset([
      t1w(one),
      t1w(
        other,
        ids(one.rows).map((row, i) => ({ ...row, score: scores[i] ?? null, age: ages[i] ?? null })),
      ),
    ]);
  const wanted = golden.paired;
  it("has the table and the order of the original's", async () => {
    expect(cells(dataset().df)).toEqual(cells(wanted.df));
    expect(await orderOf(dataset())).toEqual(wanted.order);
    expect([dataset().getSampleInfo(2, "score"), dataset().getSampleInfo(2, "age")]).toEqual(wanted.info);
  });
  it("has its parts, with the table in the order of the samples, where the original's is sorted", async () => {
    const part = dataset().subset([
      ["sub-002", "ses-M000"],
      ["sub-000", "ses-M000"],
    ]);
    expect(byName(cells(part.df))).toEqual(cells(wanted.subset));
    expect(part.df.map((row) => row.participant_id)).toEqual(["sub-002", "sub-000"]);
    expect(await orderOf(part)).toEqual([wanted.order[2], wanted.order[0]]);
  });
});

describe("UnpairedDataset", () => {
  const dataset = (options = { oversample: true }): UnpairedDataset => {
    const made = new UnpairedDataset([t1w(one), t1w(other, ids(other.rows))], options);
    made.setEpoch(2);
    return made;
  };
  const wanted = golden.unpaired;

  it("puts samples together as the original does, in each epoch", () => {
    expect(golden.mappings).toHaveLength(50);
    for (const { sizes, oversample, epoch, mapping } of golden.mappings) {
      const made = new UnpairedDataset(
        sizes.map((count) => new Faces({ count })),
        { oversample },
      );
      made.setEpoch(epoch);
      expect(made.mapping).toEqual(mapping);
      expect(made.length).toBe(mapping.length);
    }
  });
  it("has the table, the samples and what is known of them", async () => {
    expect(cells(dataset().df)).toEqual(wanted.df);
    expect(await orderOf(dataset())).toEqual(wanted.order);
    const columns = ["participant_id", "session_id", "age"];
    const info = columns.map((column) => [0, 1, 2, 3].map((i) => dataset().getSampleInfo(i, column)));
    expect(info).toEqual(wanted.info);
  });
  it("has parts, in the mode and epoch of the whole", () => {
    const whole = dataset();
    whole.eval();
    const part = whole.subset([
      ["sub-001", "ses-M000"],
      ["sub-003", "ses-M000"],
    ]);
    expect(cells(part.df)).toEqual(cells(wanted.subset));
    expect([part.length, part.oversample, part.epoch, part.evalMode]).toEqual([2, true, 2, true]);
    expect(part.datasets.map(({ epoch, evalMode }) => [epoch, evalMode])).toEqual([
      [2, true],
      [2, true],
    ]);
  });
  it("refuses what it refuses", async () => {
    const named = one.rows.map((row) => ({ ...row, dataset_id: 0 }));
    expect(() => new UnpairedDataset([t1w(one)])).toThrow(/at least 2 datasets/);
    expect(() => new UnpairedDataset([t1w(one, named), t1w(other)])).toThrow(
      /UnpairedDataset: a dataset has a column 'dataset_id'/,
    );
    expect(() => new UnpairedDataset([t1w(one), t1w(other)], { oversampel: true } as never)).toThrow(
      /UnpairedDataset: unknown option 'oversampel'/,
    );
    expect(() => new UnpairedDataset([t1w(one), t1w(other)], { oversample: 1 as never })).toThrow(/got 1/);
    expect(() => dataset().getSampleInfo(0, "weight")).toThrow(/No dataset of the UnpairedDataset has a column/);
    expect(() => dataset().subset([["sub-003", "ses-M000"]])).toThrow(/none of the .* is in dataset 0/);
    expect(() => dataset().setEpoch(-1)).toThrow(/the epoch got -1/);
    await expect(dataset().get(4)).rejects.toThrow(/has 4 samples.*no number 4/);
    expect(() => new DataLoader(dataset(), { samplingWeights: "age" })).toThrow(
      /'samplingWeights' cannot be used with an UnpairedDataset/,
    );
  });
  it("goes to JSON with the original's keys, and back", () => {
    const dict = dataset().toDict();
    expect(Object.keys(dict)).toEqual(wanted.keys);
    const again = datasetFromDict(json(dict));
    expect(again).toBeInstanceOf(UnpairedDataset);
    expect(formatJson(again.toDict())).toBe(formatJson(dict));
    const { oversample: _, ...without } = json(dict);
    expect(() => datasetFromDict(without)).toThrow(/missing 'oversample'/);
    expect(() => datasetFromDict({ ...without, oversample: "no" })).toThrow(/'oversample' is 'no'/);
  });
  it("is loaded in the order of the epoch that the loader sets, by worker threads too", async () => {
    const runs = [];
    for (const numWorkers of [0, 2]) {
      const made = new UnpairedDataset([new Faces({ count: 7 }), new Faces({ count: 4 })], { oversample: true });
      const loader = new DataLoader(made, { batchSize: 3, numWorkers, shuffle: false });
      const seen: number[][] = [];
      for (const epoch of [1, 2]) {
        loader.setEpoch(epoch);
        for await (const batch of loader) {
          const [a, b] = batch.map((part: Batch<Sample>) => part.samples.map(firstVoxel));
          seen.push(...(a ?? []).map((first, i) => [first, b?.[i] ?? -1]));
          for (const part of batch) part.dispose();
        }
        expect(seen.slice(-7)).toEqual(made.mapping);
      }
      runs.push(seen);
    }
    expect(runs[0]).toHaveLength(14);
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[0]?.slice(7)).not.toEqual(runs[0]?.slice(0, 7));
  });
});
