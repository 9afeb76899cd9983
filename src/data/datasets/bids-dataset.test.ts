import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { BidsFileType } from "../../io/bids/index.ts";
import { formatJson, parseJson } from "../../io/json/index.ts";
import { writeNifti } from "../../io/nifti/index.ts";
import * as torch from "../../torch/index.ts";
import { Patch, RandomNoiseConfig, Slice, TransformsHandler, ZNormalizationConfig } from "../../transforms/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { ConfigError, DataFrameError, ImageError } from "../../utils/exceptions.ts";
import { receiveWarnings } from "../../utils/warnings.ts";
import { AFFINE, makeCohort } from "../fixtures/cohort.ts";
import { SAMPLE_FIELDS, Sample2D } from "../structures/index.ts";
import { BidsDataset, datasetFromDict } from "./index.ts";

const cohort = makeCohort(6);
afterAll(() => cohort[Symbol.dispose]());
const fileType = new BidsFileType({ dataType: "anat", suffix: "T1w" });
const maskType = new BidsFileType({ dataType: "anat", suffix: "mask" });
const base = { bids: cohort.root, fileType, data: cohort.tsv };

let before: ReturnType<typeof torch.memory.live>;
beforeEach(() => {
  before = torch.memory.live();
});
afterEach(() => {
  expect(torch.memory.live()).toEqual(before);
});

describe("samples", () => {
  it("are images with masks, columns and where they come from", async () => {
    const dataset = new BidsDataset({
      ...base,
      columns: { age: null, diagnosis: (column) => column.map((d) => (d === "AD" ? 1 : 0)) },
      masks: { brain: maskType, common: cohort.maskPath(0) },
    });
    expect(dataset.length).toBe(6);
    using sample = await dataset.get(3);
    expect([sample.participantId, sample.sessionId, sample.sampleType, sample.samplePosition]).toEqual([
      "sub-003",
      "ses-M000",
      "image",
      null,
    ]);
    expect(sample.image.shape).toEqual([1, 4, 5, 6]);
    expect((sample.image.tensor.toTypedArray() as Float32Array)[31]).toBe(3031);
    expect(Array.from(sample.affine)).toEqual(AFFINE);
    expect(sample.getImage("brain")).toMatchObject({
      kind: "label",
      tensor: expect.objectContaining({ dtype: "uint8" }),
    });
    expect([sample.getField("age"), sample.getField("diagnosis")]).toEqual([63, 1]);
    expect(sample.imagePath).toEqual([cohort.imagePath(3)]);
    expect(sample.fileType[0]?.equals(fileType)).toBe(true);
    expect(dataset.getSampleInfo(3, "diagnosis")).toBe(1);
    for (const odd of [6, -1, 0.5, Number.NaN, "0" as never]) {
      await expect(dataset.get(odd)).rejects.toThrow(RangeError);
      expect(() => dataset.getSampleInfo(odd, "age")).toThrow(/has 6 samples, numbered from 0; there is no number/);
    }
    expect(() => dataset.getSampleInfo(0, "weight")).toThrow(/no column 'weight'/);
  });

  it("have masks of another dataset", async () => {
    using other = makeCohort(6);
    for (let i = 0; i < 6; i++)
      writeNifti(other.maskPath(i), {
        data: new Uint8Array(120).fill(i),
        shape: [4, 5, 6],
        affine: AFFINE,
        dtype: "uint8",
      });
    const dataset = new BidsDataset({ ...base, masks: { own: maskType, other: [other.root, maskType] } });
    using sample = await dataset.get(4);
    const labels = (name: string): number[] => [...new Set(sample.getImage(name).tensor.toNumbers())];
    expect([labels("own"), labels("other")]).toEqual([[0, 1, 2], [4]]);
  });

  it("are counted anew, whatever the table says that was counted of another extraction", () => {
    const counted = new BidsDataset({ ...base, transforms: { extraction: new Patch({ patchSize: 4 }) } });
    expect(counted.length).toBe(6 * 4);
    const data = counted.df.map((row) => ({ ...row }));
    expect(data[0]?.n_samples).toBe(4);
    for (const [extraction, each] of [
      [new Patch({ patchSize: 2 }), 18],
      [undefined, 1],
    ] as const) {
      const dataset = new BidsDataset({ ...base, data, transforms: extraction === undefined ? {} : { extraction } });
      expect(datasetFromDict(dataset.toDict()).length).toBe(6 * each);
      expect(dataset.subset([["sub-001", "ses-M000"]]).length).toBe(each);
      expect(dataset.length).toBe(6 * each);
      expect(dataset.df[0]?.n_samples).toBe(each);
      for (const one of [counted, dataset]) one.clearCache();
    }
    expect(() => new BidsDataset({ ...base, data, columns: ["n_samples"] })).toThrow(/cannot be named 'n_samples'/);
  });

  it("are patches and slices, found by number", async () => {
    const patches = new BidsDataset({ ...base, transforms: { extraction: new Patch({ patchSize: 2 }) } });
    expect(patches.length).toBe(6 * 2 * 3 * 3);
    expect(patches.df[0]).toMatchObject({ n_samples: 18 });
    using patch = await patches.get(18 * 4 + 1);
    expect([patch.participantId, patch.sampleType, patch.samplePosition]).toEqual(["sub-004", "patch", [0, 0, 2]]);
    expect((patch.image.tensor.toTypedArray() as Float32Array)[0]).toBe(4002);
    patches.clearCache();

    const slices = new BidsDataset({
      ...base,
      transforms: new TransformsHandler({ extraction: new Slice({ sliceDirection: 1 }) }),
    });
    expect(slices.length).toBe(30);
    using slice = await slices.get(7);
    expect(slice).toBeInstanceOf(Sample2D);
    expect(slice.image.shape).toEqual([1, 4, 1, 6]);
    using seen = slice.getImageTensor("image");
    expect(seen.shape).toEqual([1, 4, 6]);
    slices.clearCache();
  });

  it("are augmented in training only, the same for the same seed, epoch and number", async () => {
    const dataset = new BidsDataset({
      ...base,
      transforms: {
        imageTransforms: [new ZNormalizationConfig()],
        augmentations: [new RandomNoiseConfig({ std: 0.5 })],
      },
    });
    const values = async (): Promise<number[]> => {
      using sample = await dataset.get(2);
      return Array.from(sample.image.tensor.toTypedArray() as Float32Array);
    };
    const first = await values();
    expect(await values()).toEqual(first);
    dataset.setEpoch(1);
    expect(await values()).not.toEqual(first);
    dataset.setEpoch(0);
    dataset.setSeed(1);
    expect(await values()).not.toEqual(first);
    dataset.eval();
    const plain = await values();
    dataset.setEpoch(5);
    expect(await values()).toEqual(plain);
    expect(plain.reduce((a, b) => a + b) / plain.length).toBeCloseTo(0, 5);
  });
});

describe("a description", () => {
  it("says whose images of which type are cut into how many samples", () => {
    const dataset = new BidsDataset({
      ...base,
      data: cohort.rows.slice(0, 2),
      transforms: { extraction: new Slice() },
    });
    expect(dataset.describe()).toEqual({
      participant_session_pairs: [
        ["sub-000", "ses-M000"],
        ["sub-001", "ses-M000"],
      ],
      file_type: fileType.toDict(),
      extraction: new Slice().toDict(),
      total_number_samples: dataset.length,
    });
    expect(dataset.length).toBe(8);
    dataset.clearCache();
  });
});

describe("rows", () => {
  it("are all sessions that have the image, when no data are given", () => {
    expect(
      new BidsDataset({
        bids: cohort.root,
        fileType: { dataType: "anat", suffix: "T1w" },
      }).getParticipantSessionCouples(),
    ).toHaveLength(6);
  });
  it("are selected by pairs, rows or a TSV, in that order", () => {
    const dataset = new BidsDataset(base);
    const subset = dataset.subset([
      ["sub-004", "ses-M000"],
      ["sub-001", "ses-M000"],
    ]);
    expect(subset.df.map((row) => row.age)).toEqual([64, 61]);
    expect(dataset.length).toBe(6);
    expect(dataset.subset(cohort.rows.slice(0, 2)).length).toBe(2);
    const tsv = join(cohort.root, "some.tsv");
    writeFileSync(tsv, "participant_id\tsession_id\nsub-005\tses-M000\n");
    expect(dataset.subset(tsv).df[0]?.participant_id).toBe("sub-005");
    expect(subset.sorted().df.map((row) => row.participant_id)).toEqual(["sub-001", "sub-004"]);
  });
});

describe("a dataset without sessions, or with some participants without", () => {
  const wild = makeCohort(4);
  afterAll(() => wild[Symbol.dispose]());
  // sub-000 and sub-001 have no session level
  for (const i of [0, 1]) {
    const id = `sub-00${i}`;
    mkdirSync(join(wild.root, id, "anat"));
    renameSync(wild.imagePath(i), join(wild.root, id, "anat", `${id}_T1w.nii.gz`));
    rmSync(join(wild.root, id, "ses-M000"), { recursive: true });
  }
  const pairs = [
    ["sub-000", "ses-none"],
    ["sub-001", "ses-none"],
    ["sub-002", "ses-M000"],
    ["sub-003", "ses-M000"],
  ];

  it("loses nobody", async () => {
    const dataset = new BidsDataset({ bids: wild.root, fileType });
    expect(dataset.getParticipantSessionCouples()).toEqual(pairs);
    using sample = await dataset.get(1);
    expect(sample.sessionId).toBe("ses-none");
    expect((sample.image.tensor.toTypedArray() as Float32Array)[0]).toBe(1000);
    const back = BidsDataset.fromDict(parseJson(formatJson(dataset.toDict())) as JsonObject);
    expect(back.getParticipantSessionCouples()).toEqual(pairs);
  });
  it("takes a participants.tsv, which has no sessions", () => {
    const data = wild.rows.map(({ session_id: _, ...row }) => row);
    const dataset = new BidsDataset({ bids: wild.root, fileType, data: data.slice(0, 2), columns: ["age"] });
    expect(dataset.df.map((row) => [row.session_id, row.age])).toEqual([
      ["ses-none", 60],
      ["ses-none", 61],
    ]);
    expect(() => new BidsDataset({ bids: wild.root, fileType, data })).toThrow(
      /2 of 4 sessions have no image .*\(sub-002, ses-none\).*\('ses-none', also where the data have no column 'session_id'/,
    );
  });
});

describe("pairs that a dataset lacks", () => {
  const dataset = new BidsDataset(base);
  const asked: [string, string][] = [
    ["sub-01", "ses-M000"],
    ["sub-002", "ses-M00"],
    ["sub-003", "ses-M012"],
    ["sub-999", "ses-M000"],
  ];
  it("are an error that lists them, with near spellings", () => {
    expect(() => dataset.subset([["sub-004", "ses-M000"], ...asked])).toThrow(DataFrameError);
    expect(() => dataset.subset([["sub-004", "ses-M000"], ...asked])).toThrow(
      "4 of the 5 (participant, session) pairs asked for are not in the dataset: (sub-01, ses-M000) [the dataset has (sub-001, ses-M000)], (sub-002, ses-M00) [the dataset has (sub-002, ses-M000)], (sub-003, ses-M012) [the dataset has (sub-003, ses-M000)], (sub-999, ses-M000).",
    );
    const many = Array.from({ length: 12 }, (_, i): [string, string] => [`sub-9${i}`, "ses-1"]);
    expect(() => dataset.subset([["sub-004", "ses-M000"], ...many])).toThrow(
      /12 of the 13 .*\(sub-99, ses-1\) and 2 more\./,
    );
  });
  it("are left out on request, with a warning that counts them", () => {
    const said: string[] = [];
    receiveWarnings((message) => said.push(message));
    try {
      const subset = dataset.subset([...asked, ["sub-004", "ses-M000"]], { missing: "ignore" });
      expect(subset.df.map((row) => row.participant_id)).toEqual(["sub-004"]);
    } finally {
      receiveWarnings((message) => process.stderr.write(message));
    }
    expect(said).toEqual([expect.stringMatching(/^4 of the 5 .*They are left out\.$/)]);
    expect(() => dataset.subset(asked, { missing: "ignore" })).toThrow(/None is left/);
    expect(() => dataset.subset(asked, { mising: "ignore" } as never)).toThrow(/unknown option 'mising'/);
  });
});

describe("JSON", () => {
  it("has ClinicaDL's fields, and comes back", () => {
    const dataset = new BidsDataset({
      ...base,
      columns: ["age", "n_visits"],
      masks: { brain: maskType, common: cohort.maskPath(0), other: [cohort.root, maskType] },
    });
    const dict = dataset.toDict();
    expect(Object.keys(dict)).toEqual(["name_", "data", "transforms", "columns", "bids", "file_type", "masks"]);
    const text = formatJson(dict);
    expect(text).toContain('"age": {\n            "0": 60.0,');
    expect(text).toContain('"n_visits": {\n            "0": 0,');
    expect(text).toContain('"n_samples": {\n            "0": 1,');
    const back = datasetFromDict(parseJson(text) as JsonObject);
    expect(formatJson(back.toDict())).toBe(text);
    expect(() => BidsDataset.fromDict({ ...dict, extra: 1 })).toThrow(/unknown 'extra'/);
    const { masks: _, ...without } = dict;
    expect(() => BidsDataset.fromDict(without)).toThrow(/missing 'masks'/);
  });
  it("has codes for the values of a column", async () => {
    using cohort = makeCohort(4);
    const rows = cohort.rows.map((row, i) => (i === 2 ? { ...row, diagnosis: null } : row));
    const options = { bids: cohort.root, fileType, data: rows };
    const dataset = new BidsDataset({
      ...options,
      columns: { diagnosis: { CN: 0, AD: 1 }, n_visits: { 0: "a", 1: "b", 2: "b", 3: "b" } },
    });
    expect(dataset.df.map(({ diagnosis }) => diagnosis)).toEqual([0, 1, null, 1]);
    expect(dataset.df.map(({ n_visits }) => n_visits)).toEqual(["a", "b", "b", "b"]);
    const read = BidsDataset.fromDict(dataset.toDict());
    expect(read.df.map(({ diagnosis }) => diagnosis)).toEqual([0, 1, null, 1]);
    expect(() => new BidsDataset({ ...options, columns: { diagnosis: { CN: 0 } } })).toThrow(
      "'columns.diagnosis' has no code for 'AD' of (sub-001, ses-M000). It has codes for: CN.",
    );
    expect(() => new BidsDataset({ ...options, columns: { diagnosis: { toString: 0 } } })).toThrow(/no code for 'CN'/);
    expect(() => new BidsDataset({ ...options, columns: { diagnosis: { CN: [0] } as never } })).toThrow(
      /'columns.diagnosis' got .* Give a code for each value/,
    );
  });
  it("has the encoded columns", () => {
    const dataset = new BidsDataset({
      ...base,
      columns: { diagnosis: (column) => column.map((d) => (d === "AD" ? 1 : 0)) },
    });
    const back = BidsDataset.fromDict(dataset.toDict());
    expect(back.columns).toEqual(["diagnosis"]);
    expect(back.df.map((row) => row.diagnosis)).toEqual([0, 1, 0, 1, 0, 1]);
  });
});

describe("bad input", () => {
  it("is refused when the dataset is made", () => {
    expect(() => new BidsDataset({ ...base, column: ["age"] } as never)).toThrow(/unknown option 'column'/);
    expect(() => new BidsDataset({ ...base, columns: ["weight"] })).toThrow(
      /no column 'weight'.*There are: participant_id, session_id, age/,
    );
    for (const name of SAMPLE_FIELDS) {
      const named = cohort.rows.map((row) => ({ ...row, [name]: row[name] ?? 1 }));
      const make = (options: object) => () => new BidsDataset({ ...base, data: named, ...options });
      expect(make({ columns: [name] }), name).toThrow(ConfigError);
      expect(make({ columns: [name] }), name).toThrow(new RegExp(`column .*'${name}'`));
      expect(make({ masks: { [name]: maskType } }), name).toThrow(new RegExp(`mask .*'${name}'`));
    }
    expect(() => new BidsDataset({ ...base, columns: ["age"], masks: { age: maskType } })).toThrow(
      /a column and a mask/,
    );
    expect(() => new BidsDataset({ ...base, columns: { age: () => [1] } })).toThrow(
      /must return an array of 6 values; it returned 1 values/,
    );
    expect(
      () =>
        new BidsDataset({
          ...base,
          columns: {
            age: () => {
              throw new Error("no such code");
            },
          },
        }),
    ).toThrow(/'age' failed: no such code/);
    const codes: Record<string, number> = { CN: 0 };
    expect(
      () =>
        new BidsDataset({ ...base, columns: { diagnosis: (column) => column.map((d) => codes[String(d)] as number) } }),
    ).toThrow(
      /\(sub-001, ses-M000\): the function given for the column 'diagnosis' returned undefined for "AD"\. .*null for a missing value/,
    );
    for (const odd of [10n, [1], { a: 1 }, Symbol("x")]) {
      const columns = { age: (column: readonly unknown[]) => column.map((a, i) => (i === 2 ? odd : a)) as never };
      expect(() => new BidsDataset({ ...base, columns })).toThrow(/\(sub-002, ses-M000\): .* returned .* for 62/);
    }
    expect(() => new BidsDataset({ ...base, masks: { brain: "nowhere.nii" } })).toThrow(
      /The mask 'brain' cannot be read: .*nowhere\.nii: there is no such file/,
    );
    const tsv = join(cohort.root, "bad.tsv");
    writeFileSync(tsv, "subject\tage\n1\t2\n");
    expect(() => new BidsDataset({ ...base, data: tsv })).toThrow(DataFrameError);
    expect(() => new BidsDataset({ ...base, data: tsv })).toThrow(
      /bad\.tsv lacks the columns 'participant_id' and 'session_id'. It has: subject, age/,
    );
  });
  it("names sessions without an image", () => {
    const rows = [...cohort.rows, { participant_id: "sub-777", session_id: "ses-M000" }];
    expect(() => new BidsDataset({ ...base, data: rows })).toThrow(ImageError);
    expect(() => new BidsDataset({ ...base, data: rows })).toThrow(
      /1 of 7 sessions have no image of type .*T1w.*\(sub-777, ses-M000\)/,
    );
  });
  it("names participant and file when an image is gone, cut off, no image, or a dead link", async () => {
    using own = makeCohort(4);
    const dataset = new BidsDataset({ ...base, bids: own.root, data: own.tsv });
    rmSync(own.imagePath(0));
    await expect(dataset.get(0)).rejects.toThrow(
      /\(sub-000, ses-M000\): Cannot read the image .*sub-000_ses-M000_T1w\.nii\.gz: there is no such file/,
    );
    writeFileSync(own.imagePath(1), readFileSync(own.imagePath(1)).subarray(0, 60));
    await expect(dataset.get(1)).rejects.toThrow(/\(sub-001, ses-M000\): .*sub-001_ses-M000_T1w\.nii\.gz/);
    writeFileSync(own.imagePath(2), "hello");
    await expect(dataset.get(2)).rejects.toThrow(ImageError);
    unlinkSync(own.imagePath(3));
    symlinkSync(join(own.root, "not-fetched"), own.imagePath(3));
    await expect(dataset.get(3)).rejects.toThrow(/sub-003.*it is a link to .*not-fetched, which does not exist/);
  });
  it("says that a file type without a folder is of other files", () => {
    const hint = /6 sessions have one in a folder below it: name that, as in dataType: "anat"/;
    const { root: bids, rows: data } = cohort;
    expect(() => new BidsDataset({ bids, fileType: { suffix: "T1w" } })).toThrow(hint);
    expect(() => new BidsDataset({ bids, fileType: { suffix: "T1w" }, data })).toThrow(hint);
    expect(() => new BidsDataset({ bids, fileType: { suffix: "T3w" } })).toThrow(/suffix=T3w[^.]*\.nii\.\*\)\.$/);
  });
  it("says whose sample a transform failed on", async () => {
    const dataset = new BidsDataset({
      ...base,
      transforms: {
        imageTransforms: [
          () => {
            throw new TypeError("odd");
          },
        ],
      },
    });
    await expect(dataset.get(2)).rejects.toThrow("(sub-002, ses-M000): anonymous: odd");
    expect(() => dataset.toWorker()).toThrow(/cannot travel to a worker thread.*numWorkers: 0/s);
  });
});
