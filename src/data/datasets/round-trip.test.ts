import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatJson, parseJson } from "../../io/json/index.ts";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import { TransformsHandler } from "../../transforms/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { receiveWarnings } from "../../utils/warnings.ts";
import { makeCohort } from "../fixtures/cohort.ts";
import { BidsDataset, type BidsDatasetOptions, datasetRegistry } from "./index.ts";

const cohort = makeCohort(4);
// that participants are left out is said, and is no part of these tests
beforeAll(() => receiveWarnings(() => undefined));
afterAll(() => {
  receiveWarnings((message) => process.stderr.write(message));
  cohort[Symbol.dispose]();
});

expectNothingLeft();

const fileType = { dataType: "anat", suffix: "T1w" };
const maskType = { dataType: "anat", suffix: "mask" };
const bids = (options: Partial<BidsDatasetOptions> = {}): BidsDataset =>
  new BidsDataset({ bids: cohort.root, fileType, data: cohort.rows, columns: ["age"], ...options });
const patches = new TransformsHandler({
  extraction: { name_: "Patch", patchSize: 2, overlap: 0.5 },
  imageTransforms: [{ name_: "ZNormalization", maskingMethod: "brain" }],
  sampleTransforms: [{ name_: "RescaleIntensity" }],
  augmentations: [{ name_: "RandomFlip", p: 0.25 }],
});
const rows = cohort.rows.map((row, i) => (i === 1 ? { ...row, age: null, diagnosis: null } : row));
const tensors = join(import.meta.dirname, "golden", "tensors", "space-MNI_src-T1w_conv-raw_description.json");
const some = cohort.rows.slice(1).map(({ participant_id = "", session_id = "" }) => ({ participant_id, session_id }));

/** Of each dataset, what it is made of: of little, and of all that it takes. */
const GIVEN: Readonly<Record<string, () => readonly object[]>> = {
  BidsDataset: () => [
    { bids: cohort.root, fileType },
    {
      bids: cohort.root,
      fileType: { ...fileType, extension: ".nii.gz", withoutEntities: { desc: "Crop" }, description: "a head" },
      data: rows,
      columns: { age: null, diagnosis: { CN: 0, AD: 1 } },
      masks: { brain: maskType, common: cohort.maskPath(0), other: [cohort.root, maskType] },
      transforms: patches,
    },
    { bids: cohort.root, fileType, masks: { brain: maskType }, resampleMasks: "toImage" },
  ],
  TensorDataset: () => [
    { descriptionJson: tensors },
    {
      descriptionJson: tensors,
      data: [{ participant_id: "sub-001", session_id: "ses-M000", age: 60.5, sex: "M" }],
      columns: ["age"],
      toLoad: ["seg"],
      transforms: { extraction: { name_: "Slice", sliceDirection: 1, squeeze: false } },
    },
  ],
  ConcatDataset: () => [
    { datasets: [bids()] },
    {
      datasets: [bids(), bids({ data: some, columns: [] }), bids({ transforms: patches, masks: { brain: maskType } })],
    },
  ],
  PairedDataset: () => [
    { datasets: [bids(), bids({ columns: [] })] },
    { datasets: [bids(), bids({ data: some, columns: [] })], missing: "zeros" },
    { datasets: [bids(), bids({ data: some, columns: [] })], missing: "ignore" },
  ],
  UnpairedDataset: () => [
    { datasets: [bids(), bids()] },
    { datasets: [bids(), bids({ data: some, columns: [] })], oversample: true },
  ],
};

describe("every dataset", () => {
  it.each(datasetRegistry.names)("%s is the same after JSON and back, to the letter", (name) => {
    for (const given of GIVEN[name]!()) {
      const made = datasetRegistry.from("'value'", { name_: name, ...given });
      const text = formatJson(made!.toDict());
      const read = datasetRegistry.read("test", "value", parseJson(text) as JsonObject);
      expect(read).toBeInstanceOf(made!.constructor);
      expect(formatJson(read.toDict())).toBe(text);
      expect([read.length, read.df]).toEqual([made!.length, made!.df]);
    }
  });
  it.each(datasetRegistry.names)("%s, read back, gives the same samples", async (name) => {
    const made = datasetRegistry.from("'value'", { name_: name, ...GIVEN[name]!().at(-1) });
    const read = datasetRegistry.read("test", "value", parseJson(formatJson(made!.toDict())) as JsonObject);
    for (const index of [0, made!.length - 1]) {
      const [one, other] = [await made!.get(index), await read.get(index)].map((item) =>
        (Array.isArray(item) ? item : [item]).map((sample) => {
          using own = sample;
          return [own.who, own.place, Object.fromEntries(own.fields), own.history, own.image.tensor.toNumbers()];
        }),
      );
      expect(one!.length).toBeGreaterThan(0);
      expect(other).toEqual(one);
    }
  });
  it("is given something, and nothing is given to what does not exist", () => {
    expect(Object.keys(GIVEN).sort()).toEqual(datasetRegistry.names.sort());
  });
});
