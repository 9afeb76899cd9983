import { afterAll, describe, expect, it } from "vitest";
import { formatJson, parseJson } from "../../io/json/index.ts";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import * as torch from "../../torch/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { ConfigError, DataFrameError } from "../../utils/exceptions.ts";
import { type Batch, DataLoader, partsOf } from "../dataloader/index.ts";
import { makeCohort } from "../fixtures/cohort.ts";
import { Faces } from "../fixtures/own.ts";
import {
  BidsDataset,
  ConcatDataset,
  datasetFromDict,
  isKnownEverywhere,
  PairedDataset,
  UnpairedDataset,
} from "./index.ts";

const [one, other] = [makeCohort(3), makeCohort(4)];
afterAll(() => {
  one[Symbol.dispose]();
  other[Symbol.dispose]();
});
const bids = (cohort: typeof one, columns: readonly string[] = ["age"], data = cohort.rows): BidsDataset =>
  new BidsDataset({ bids: cohort.root, fileType: { dataType: "anat", suffix: "T1w" }, data, columns });
const json = (dict: JsonObject): JsonObject => parseJson(formatJson(dict)) as JsonObject;

expectNothingLeft();

function firstVoxels(batch: Batch): number[] {
  using _scope = torch.scope();
  return Array.from(batch.getField("image").flatten(1).select(1, 0).toTypedArray(), Number);
}

describe("PairedDataset", () => {
  const paired = (): PairedDataset =>
    new PairedDataset([new Faces({ count: 6, noise: 1 }), new Faces({ count: 6, noise: 2 })]);

  it("gives tuples of samples, and a loader tuples of batches, with and without workers", async () => {
    const runs = [];
    for (const numWorkers of [0, 2]) {
      const loader = new DataLoader(paired(), { batchSize: 4, numWorkers, seed: 1 });
      const seen = [];
      for await (const batch of loader) {
        expect(batch).toHaveLength(2);
        const [a, b] = partsOf(batch);
        expect(a?.participants).toEqual(b?.participants);
        seen.push([a?.participants, ...partsOf(batch).map(firstVoxels)]);
        for (const part of batch) part.dispose();
      }
      runs.push(seen);
    }
    expect(runs[0]).toHaveLength(2);
    expect(runs[1]).toEqual(runs[0]);
  });
  it("frees what it had loaded when the loop is left, with workers too", async () => {
    for await (const batch of new DataLoader(paired(), { batchSize: 1, numWorkers: 2 })) {
      for (const part of batch) part.dispose();
      break;
    }
  });
  it("has the columns of all, each once, and parts of itself", async () => {
    const ages = bids(one);
    const scores = bids(
      one,
      ["score"],
      one.rows.map(({ participant_id = "", session_id = "" }, i) => ({ participant_id, session_id, score: i / 2 })),
    );
    const dataset = new PairedDataset([ages, scores]);
    expect(dataset.df[1]).toMatchObject({ participant_id: "sub-001", age: 61, diagnosis: "AD", score: 0.5 });
    expect([dataset.getSampleInfo(2, "score"), dataset.getSampleInfo(2, "age")]).toEqual([1, 62]);
    expect(() => dataset.getSampleInfo(0, "weight")).toThrow(/No dataset of the PairedDataset has a column 'weight'/);
    dataset.eval();
    const part = dataset.subset([
      ["sub-002", "ses-M000"],
      ["sub-000", "ses-M000"],
    ]);
    expect([part.length, part.evalMode, part.datasets.map((d) => d.evalMode)]).toEqual([2, true, [true, true]]);
    expect(part.df.map((row) => row.participant_id)).toEqual(["sub-002", "sub-000"]);
    const again = datasetFromDict(json(part.toDict()));
    expect(again).toBeInstanceOf(PairedDataset);
    expect(formatJson(again.toDict())).toBe(formatJson(part.toDict()));
    expect([isKnownEverywhere(part), isKnownEverywhere(paired())]).toEqual([true, false]);
  });
  it("refuses what cannot be paired", () => {
    expect(() => new PairedDataset([bids(one)])).toThrow(/at least 2 datasets/);
    expect(() => new PairedDataset([bids(one), bids(other)])).toThrow(/only one of them has \(sub-003, ses-M000\)/);
    const older = one.rows.map((row) => ({ ...row, age: 90 }));
    expect(() => new PairedDataset([bids(one), bids(one, ["age"], older)])).toThrow(DataFrameError);
    expect(() => new PairedDataset([bids(one), bids(one, ["age"], older)])).toThrow(
      /for \(sub-000, ses-M000\) the datasets have 60 and 90 as 'age'/,
    );
    expect(() => new PairedDataset([bids(one), bids(one, ["age"], one.rows.toReversed())])).toThrow(
      /sample 0 is of \(sub-000, ses-M000\) in dataset 0, and of \(sub-002, ses-M000\) in another.*sorted/,
    );
    class Local extends Faces {}
    const local = new PairedDataset([new Local({ count: 2 }), new Local({ count: 2 })]);
    expect(() => new DataLoader(local, { numWorkers: 1 })).toThrow(/Local cannot be built again in a worker thread/);
    const tuples = new PairedDataset([bids(one), bids(one)]);
    expect(() => new PairedDataset([tuples as never, tuples as never])).toThrow(ConfigError);
  });
});

describe("ConcatDataset", () => {
  const joined = (): ConcatDataset => new ConcatDataset([bids(one), bids(other)]);

  it("gives the samples of all, one dataset after the other, with and without workers", async () => {
    const dataset = joined();
    expect([dataset.length, dataset.getSampleInfo(4, "dataset_id"), dataset.getSampleInfo(4, "age")]).toEqual([
      7, 1, 61,
    ]);
    expect(dataset.df[3]).toMatchObject({ dataset_id: 1, participant_id: "sub-000", session_id: "ses-M000", age: 60 });
    await expect(dataset.get(7)).rejects.toThrow(/has 7 samples, numbered from 0; there is no number 7/);
    for (const numWorkers of [0, 1]) {
      for await (using batch of new DataLoader(dataset, { batchSize: 7, shuffle: false, numWorkers })) {
        expect(firstVoxels(batch)).toEqual([0, 1000, 2000, 0, 1000, 2000, 3000]);
        expect(batch.get(4).imagePath).toEqual([other.imagePath(1)]);
      }
    }
  });
  it("has parts, in which a dataset that has nothing of them is left out; goes to JSON and back", () => {
    const dataset = joined();
    const part = dataset.subset([["sub-003", "ses-M000"]]);
    expect([part.length, part.datasets.length, part.df[0]?.dataset_id]).toEqual([1, 1, 0]);
    expect(dataset.subset([["sub-001", "ses-M000"]]).length).toBe(2);
    expect(() => dataset.subset([["sub-009", "ses-M000"]])).toThrow(DataFrameError);
    const again = datasetFromDict(json(dataset.toDict()));
    expect(again).toBeInstanceOf(ConcatDataset);
    expect(formatJson(again.toDict())).toBe(formatJson(dataset.toDict()));
  });
  it("has null where a dataset lacks a column, and refuses its own name", () => {
    const ids = other.rows.map(({ participant_id = "", session_id = "" }) => ({ participant_id, session_id }));
    const dataset = new ConcatDataset([bids(one), bids(other, [], ids)]);
    expect([dataset.df[2]?.age, dataset.df[3]?.age]).toEqual([62, null]);
    expect(() => dataset.getSampleInfo(3, "age")).toThrow(/no column 'age'/);
    const named = one.rows.map((row) => ({ ...row, dataset_id: 1 }));
    expect(() => new ConcatDataset([bids(one, ["age"], named)])).toThrow(/has a column 'dataset_id'/);
  });
});

describe("UnpairedDataset", () => {
  const noisy = (cohort: typeof one): BidsDataset =>
    new BidsDataset({
      bids: cohort.root,
      fileType: { dataType: "anat", suffix: "T1w" },
      transforms: { augmentations: [{ name_: "RandomNoise", std: 1 }] },
    });
  const small: (() => BidsDataset | Faces)[] = [() => new Faces({ count: 2, noise: 1 }), () => noisy(one)];

  it.each(small)("draws for each copy of an oversampled sample anew, and the same with workers", async (make) => {
    const runs = [];
    for (const numWorkers of [0, 2]) {
      const dataset = new UnpairedDataset([make(), new Faces({ count: 9 })], { oversample: true });
      const voxels: number[] = [];
      for await (const batch of new DataLoader(dataset, { batchSize: 3, shuffle: false, numWorkers })) {
        voxels.push(...firstVoxels(partsOf(batch)[0] as Batch));
        for (const part of batch) part.dispose();
      }
      expect(new Set(voxels).size).toBe(9);
      runs.push(voxels);
    }
    expect(runs[1]).toEqual(runs[0]);
  });

  it("draws for the first copy as for a sample alone", async () => {
    const alone = noisy(one);
    const dataset = new UnpairedDataset([noisy(one), new Faces({ count: 9 })], { oversample: true });
    const { mapping } = dataset;
    for (const number of [0, 1, 2]) {
      const [sample, other] = await dataset.get(mapping.findIndex(([first]) => first === number));
      using same = await alone.get(number);
      expect(torch.equal(sample?.image.tensor as torch.Tensor, same.image.tensor)).toBe(true);
      sample?.dispose();
      other?.dispose();
    }
  });
});
