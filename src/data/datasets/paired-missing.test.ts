import { afterAll, afterEach, describe, expect, it } from "vitest";
import { formatJson, parseJson } from "../../io/json/index.ts";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import * as torch from "../../torch/index.ts";
import { Patch, RandomNoiseConfig, TransformsHandler } from "../../transforms/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { receiveWarnings } from "../../utils/warnings.ts";
import { type Batch, DataLoader, MergeBatchesCollate, partsOf } from "../dataloader/index.ts";
import { makeCohort } from "../fixtures/cohort.ts";
import type { Sample } from "../structures/index.ts";
import { BidsDataset, datasetFromDict, PairedDataset } from "./index.ts";

const cohort = makeCohort(4);
afterAll(() => cohort[Symbol.dispose]());
const said: string[] = [];
receiveWarnings((message) => said.push(message));
afterEach(() => said.splice(0));

expectNothingLeft();

/** The participants with these numbers; image i has the values 1000 i, 1000 i + 1, … */
function some(numbers: readonly number[], transforms = new TransformsHandler()): BidsDataset {
  const data = numbers.map((i) => cohort.rows[i] ?? {});
  return new BidsDataset({
    bids: cohort.root,
    fileType: { dataType: "anat", suffix: "T1w" },
    data,
    columns: ["age"],
    transforms,
  });
}
function firstVoxels(batch: Batch): number[] {
  using _scope = torch.scope();
  return Array.from(batch.getField("image").flatten(1).select(1, 0).toTypedArray(), Number);
}
function present(batch: Batch): [dtype: string, shape: readonly number[], values: number[]] {
  using field = batch.getField("is_present");
  return [field.dtype, field.shape, Array.from(field.toTypedArray(), Number)];
}
function values(sample: Sample | undefined): number[] {
  using _scope = torch.scope();
  return Array.from(sample?.image.tensor.contiguous().toTypedArray() ?? [], Number);
}
const throughJson = (dataset: PairedDataset): JsonObject => parseJson(formatJson(dataset.toDict())) as JsonObject;

describe("PairedDataset of datasets that lack some of the others' pairs", () => {
  it("is an error, unless asked otherwise", () => {
    expect(() => new PairedDataset([some([0, 1, 2]), some([1, 3])])).toThrow(
      /only one of them has .*missing: "ignore".*missing: "zeros"/,
    );
    expect(() => new PairedDataset([some([0]), some([1])], { missing: "skip" as never })).toThrow(ConfigError);
    const column = new BidsDataset({
      bids: cohort.root,
      fileType: { dataType: "anat", suffix: "T1w" },
      data: cohort.rows.map((row) => ({ ...row, is_present: 1 })),
    });
    expect(() => new PairedDataset([some([0]), column], { missing: "zeros" })).toThrow(/a column 'is_present'/);
  });
  it("leaves them out with a warning that counts them", async () => {
    const dataset = new PairedDataset([some([3, 0, 1, 2]), some([1, 3])], { missing: "ignore" });
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      /2 of 4 .*\(dataset 0 lacks 0, dataset 1 lacks 2\): \(sub-000, ses-M000\), \(sub-002, ses-M000\)\. They are left out/,
    );
    expect(dataset.df.map((row) => row.participant_id)).toEqual(["sub-003", "sub-001"]);
    const [first, second] = await dataset.get(0);
    expect([values(first)[0], values(second)[0]]).toEqual([3000, 3000]);
    for (const sample of [first, second]) sample?.dispose();
    expect(Object.keys(dataset.toDict())).toEqual(["name_", "datasets"]);
    expect(() => new PairedDataset([some([0]), some([1])], { missing: "ignore" })).toThrow(/None is left/);
  });

  const zeros = (): PairedDataset => new PairedDataset([some([2, 0, 1]), some([1, 3])], { missing: "zeros" });

  it("gives zeros for them, with workers too, and says in each batch what is there", async () => {
    const dataset = zeros();
    expect(dataset.length).toBe(4);
    expect(dataset.df.map((row) => [row.participant_id, row.age])).toEqual([
      ["sub-000", 60],
      ["sub-001", 61],
      ["sub-002", 62],
      ["sub-003", 63],
    ]);
    for (const numWorkers of [0, 1]) {
      const parts = [];
      for await (const batch of new DataLoader(dataset, { batchSize: 4, shuffle: false, numWorkers })) {
        for (const part of partsOf(batch)) {
          using ages = part.getField("age");
          using images = part.getField("image");
          parts.push([firstVoxels(part), present(part), Array.from(ages.toTypedArray(), Number), images.dtype]);
        }
        for (const part of batch) part.dispose();
      }
      expect(parts).toEqual([
        [[0, 1000, 2000, 0], ["bool", [4], [1, 1, 1, 0]], [60, 61, 62, 63], "float32"],
        [[0, 1000, 0, 3000], ["bool", [4], [0, 1, 0, 1]], [60, 61, 62, 63], "float32"],
      ]);
    }
  });
  it("is merged into channels, with a row of booleans for each sample", async () => {
    const loader = new DataLoader(zeros(), { batchSize: 4, shuffle: false, collateFn: new MergeBatchesCollate() });
    for await (const loaded of loader) {
      const [batch] = partsOf(loaded);
      if (batch === undefined) return expect.unreachable();
      using images = batch.getField("image");
      expect(images.shape).toEqual([4, 2, 4, 5, 6]);
      expect(present(batch)).toEqual(["bool", [4, 2], [1, 0, 1, 1, 1, 0, 0, 1]]);
      expect(batch.getValues("image_path")[0]).toEqual([cohort.imagePath(0), ""]);
      batch.dispose();
    }
  });
  it("draws the same for the samples of a tuple, whatever their numbers in their datasets", async () => {
    const noisy = (): TransformsHandler => new TransformsHandler({ augmentations: [new RandomNoiseConfig()] });
    const dataset = new PairedDataset([some([0, 1, 2], noisy()), some([2, 3], noisy())], { missing: "zeros" });
    const [first, second] = await dataset.get(2);
    expect(values(first)).toEqual(values(second));
    expect(values(first)[1]).not.toBe(2001);
    for (const sample of [first, second]) sample?.dispose();
  });
  it("cuts zeros as it cuts the image that is there", async () => {
    const cut = (): TransformsHandler => new TransformsHandler({ extraction: new Patch({ patchSize: 2 }) });
    const dataset = new PairedDataset([some([0, 1], cut()), some([1], cut())], { missing: "zeros" });
    expect(dataset.length).toBe(2 * (dataset.datasets[1]?.length ?? 0));
    const [there, absent] = await dataset.get(1);
    expect(absent?.samplePosition).toEqual(there?.samplePosition);
    expect(values(absent)).toEqual(Array(8).fill(0));
    for (const sample of [there, absent]) sample?.dispose();
    const other = new TransformsHandler({ extraction: new Patch({ patchSize: 4 }) });
    expect(() => new PairedDataset([some([0, 1], cut()), some([1], other)], { missing: "zeros" })).toThrow(
      /\(sub-001, ses-M000\) has \d+ samples in one dataset, and \d+ in another/,
    );
  });
  it("goes to JSON and back, and into subsets", () => {
    const again = datasetFromDict(throughJson(zeros()));
    expect([again.length, again.toDict().missing]).toEqual([4, "zeros"]);
    const part = zeros().subset([
      ["sub-003", "ses-M000"],
      ["sub-002", "ses-M000"],
    ]);
    expect(part.getParticipantSessionCouples()).toEqual([
      ["sub-002", "ses-M000"],
      ["sub-003", "ses-M000"],
    ]);
    expect([part.getSampleInfo(1, "age"), part.getSampleInfo(0, "participant_id")]).toEqual([63, "sub-002"]);
    expect(() => zeros().subset([["sub-000", "ses-M000"]])).toThrow(/none of the .* pairs asked for is in dataset 1/);
    expect(PairedDataset.fromOptions({ datasets: zeros().datasets, missing: "zeros" }).length).toBe(4);
  });
});
