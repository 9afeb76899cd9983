import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { readJson } from "../../io/files/index.ts";
import { formatJson, parseJson } from "../../io/json/index.ts";
import { readTsv } from "../../io/tsv/index.ts";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import * as torch from "../../torch/index.ts";
import {
  Patch,
  RandomNoiseConfig,
  ResampleConfig,
  RescaleIntensityConfig,
  TransformsHandler,
  ZNormalizationConfig,
} from "../../transforms/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { ConfigError, ImageError, TensorConversionError } from "../../utils/exceptions.ts";
import { DataLoader } from "../dataloader/index.ts";
import { type Cohort, makeCohort } from "../fixtures/cohort.ts";
import type { Sample } from "../structures/index.ts";
import { BidsDataset, type BidsDatasetOptions, datasetFromDict, removeTensors, TensorDataset } from "./index.ts";

const GOLDEN = join(import.meta.dirname, "golden", "tensors");
const RAW = join(GOLDEN, "space-MNI_src-T1w_conv-raw_description.json");
const NORM = join(GOLDEN, "src-T1w_conv-norm_description.json");

expectNothingLeft();

function values(sample: Sample, name = "image"): number[] {
  using _scope = torch.scope();
  return Array.from(sample.getImage(name).tensor.contiguous().toTypedArray(), Number);
}
/** What the maker of the golden files wrote, flipped along x. */
function flipped(value: (i: number) => number): number[] {
  return Array.from({ length: 24 }, (_, i) => value(i < 12 ? i + 12 : i - 12));
}

describe("TensorDataset", () => {
  it("reads what ClinicaDL wrote: images, masks, places", async () => {
    const dataset = new TensorDataset({ descriptionJson: RAW });
    expect(dataset.length).toBe(2);
    using sample = await dataset.get(1);
    expect(values(sample)).toEqual(flipped((i) => 1000 + i));
    expect(values(sample, "seg")).toEqual(flipped((i) => i % 3));
    expect(values(sample, "common")).toEqual(flipped((i) => i % 2));
    expect([sample.image.kind, sample.getImage("seg").kind]).toEqual(["scalar", "label"]);
    expect(Array.from(sample.affine)).toEqual([2, 0, 0, -2, 0, 3, 0, 0, 0, 0, 1.5, 0, 0, 0, 0, 1]);
    expect(sample.imagePath[0]).toMatch(/sub-001_ses-M000_space-MNI_src-T1w_conv-raw_tensors\.pt$/);
    using normalized = await new TensorDataset({ descriptionJson: NORM }).get(1);
    expect(values(normalized)[0]).toBeCloseTo(12 / 23, 6);
  });
  it("loads what is asked for, with columns, as patches, and with worker threads", async () => {
    const data = [0, 1].map((i) => ({ participant_id: `sub-00${i}`, session_id: "ses-M000", age: 60 + i }));
    const transforms = new TransformsHandler({ extraction: new Patch({ patchSize: 2 }) });
    const dataset = new TensorDataset({ descriptionJson: RAW, data, columns: ["age"], toLoad: ["seg"], transforms });
    const runs = [];
    for (const numWorkers of [0, 1]) {
      const seen: number[] = [];
      for await (using batch of new DataLoader(dataset, { batchSize: 4, numWorkers, shuffle: false })) {
        using ages = batch.getField("age");
        seen.push(
          ...batch.samples.map((sample) => values(sample)[0] ?? -1),
          ...Array.from(ages.toTypedArray(), Number),
        );
        expect(batch.get(0).images.has("common")).toBe(false);
      }
      runs.push(seen);
    }
    expect(runs[0]).toHaveLength(16);
    expect(runs[1]).toEqual(runs[0]);
    dataset.clearCache();
    expect(dataset.subset([["sub-001", "ses-M000"]]).length).toBe(4);
  });
  it("goes to JSON with ClinicaDL's keys, and back", () => {
    const dataset = new TensorDataset({ descriptionJson: RAW, toLoad: ["seg"] });
    const dict = parseJson(formatJson(dataset.toDict())) as JsonObject;
    expect(Object.keys(dict)).toEqual(["name_", "data", "transforms", "columns", "description_json", "to_load"]);
    const again = datasetFromDict(dict);
    expect(again).toBeInstanceOf(TensorDataset);
    expect(formatJson(again.toDict())).toBe(formatJson(dataset.toDict()));
  });
  it("refuses what is not there", () => {
    expect(() => new TensorDataset({ descriptionJson: join(GOLDEN, "conv-none_description.json") })).toThrow(
      TensorConversionError,
    );
    expect(() => new TensorDataset({ descriptionJson: join(GOLDEN, "dataset_description.json") })).toThrow(
      /is no description of a conversion/,
    );
    expect(() => new TensorDataset({ descriptionJson: RAW, toLoad: ["brain"] })).toThrow(
      /'toLoad' has 'brain', which is not in these tensors. There are: image, seg, common/,
    );
    const data = [{ participant_id: "sub-007", session_id: "ses-M000", seg: 1 }];
    expect(() => new TensorDataset({ descriptionJson: RAW, data })).toThrow(/\(sub-007, ses-M000\)/);
    const named = [{ participant_id: "sub-000", session_id: "ses-M000", seg: 1 }];
    expect(() => new TensorDataset({ descriptionJson: RAW, data: named, columns: ["seg"] })).toThrow(
      /'seg' is a column/,
    );
  });
});

describe("BidsDataset.toTensors", () => {
  let cohort: Cohort;
  beforeEach(() => {
    cohort = makeCohort(3);
  });
  afterEach(() => cohort[Symbol.dispose]());
  const fileType = { dataType: "anat", suffix: "T1w" };
  const dataset = (options: Partial<BidsDatasetOptions> = {}): BidsDataset =>
    new BidsDataset({
      bids: cohort.root,
      fileType,
      data: cohort.rows,
      columns: { age: null, diagnosis: (column) => column.map((d) => (d === "AD" ? 1 : 0)) },
      masks: { seg: { dataType: "anat", suffix: "mask" } },
      ...options,
    });
  const folder = (): string => join(cohort.root, "derivatives", "tensors");
  const tensorOf = (i: number, conv = "raw"): string =>
    join(folder(), `sub-00${i}`, "ses-M000", "tensors", `sub-00${i}_ses-M000_src-T1w_conv-${conv}_tensors.pt`);
  const quiet = { onProgress: () => undefined };

  it("gives a dataset with the same samples", async () => {
    const from = dataset();
    const tensors = await from.toTensors(quiet);
    expect(tensors.length).toBe(3);
    for (let i = 0; i < 3; i++) {
      using a = await from.get(i);
      using b = await tensors.get(i);
      expect(values(b)).toEqual(values(a));
      expect(values(b, "seg")).toEqual(values(a, "seg"));
      expect([b.getField("age"), b.getField("diagnosis")]).toEqual([60 + i, i % 2]);
      expect(Array.from(b.affine)).toEqual(Array.from(a.affine));
    }
    const description = readJson(tensors.descriptionJson);
    expect(description).toMatchObject({
      Interrupted: false,
      Spacing: [2, 3, 1.5],
      SpatialShape: [4, 5, 6],
      Transforms: [],
    });
    expect(Object.keys(description)).toEqual(Object.keys(readJson(RAW)));
    const original = readJson(join(GOLDEN, "dataset_description.json"));
    expect(readJson(join(folder(), "dataset_description.json"))).toEqual({ ...original, Name: expect.any(String) });
    const files = [cohort.imagePath(1), cohort.maskPath(1)].map((path) => `file://${path}`);
    const sidecar = readJson(tensorOf(1).replace(/\.pt$/, ".json"));
    expect(Object.keys(sidecar)).toEqual(["Sources", "SourceFiles"]);
    expect([...(sidecar.Sources as string[])].sort()).toEqual(files.sort());
    const who = readTsv(join(folder(), "src-T1w_conv-raw_participantsXsessions.tsv"));
    expect(who).toEqual(cohort.rows.map(({ participant_id, session_id }) => ({ participant_id, session_id })));
    expect(tensors.describe()).toMatchObject({ file_type: description.TensorType, total_number_samples: 3 });
    expect(readdirSync(folder()).sort()).toEqual([
      ".conv-raw_src-T1w.lock",
      ".conversions.lock",
      "conversions.tsv",
      "dataset_description.json",
      "src-T1w_conv-raw_description.json",
      "src-T1w_conv-raw_participantsXsessions.tsv",
      "sub-000",
      "sub-001",
      "sub-002",
    ]);
  });
  it("does image transforms once, which the dataset of tensors does not repeat", async () => {
    const transforms = new TransformsHandler({ imageTransforms: [new RescaleIntensityConfig()] });
    const tensors = await dataset({ transforms }).toTensors({ conversionName: "norm", saveTransforms: true, ...quiet });
    expect(tensors.transforms.imageTransforms).toEqual([]);
    using a = await dataset({ transforms }).get(2);
    using b = await tensors.get(2);
    expect(values(b)).toEqual(values(a));
    const other = new TransformsHandler({ imageTransforms: [new ZNormalizationConfig()] });
    const again = (options: Partial<BidsDatasetOptions>, more = {}): Promise<unknown> =>
      dataset(options).toTensors({ conversionName: "norm", saveTransforms: true, ...quiet, ...more });
    await expect(again({ transforms: other })).rejects.toThrow(
      /the image transforms are .*RescaleIntensity.* there, and .*ZNorm/,
    );
    await expect(again({ transforms, masks: null })).rejects.toThrow(/the masks are seg there, and none here/);
    await again({ transforms: other }, { checkTransforms: false });
    await again({ transforms: other }, { overwrite: true });
    expect(readJson(join(folder(), "src-T1w_conv-norm_description.json")).Transforms).toMatchObject([
      { name_: "ZNormalization" },
    ]);
  });
  it("goes on where it was ended, and makes nothing twice", async () => {
    const done: number[] = [];
    const onProgress = ({ done: n }: { done: number }): void => {
      done.push(n);
      if (n === 2) throw new Error("enough");
    };
    await expect(dataset().toTensors({ onProgress })).rejects.toThrow(/enough 2 sessions are converted .* to go on/);
    const path = join(folder(), "src-T1w_conv-raw_description.json");
    expect(readJson(path).Interrupted).toBe(true);
    // as after a kill: nobody has written who was converted, and one file is damaged
    rmSync(join(folder(), "src-T1w_conv-raw_participantsXsessions.tsv"));
    writeFileSync(tensorOf(1), "half a file");
    const more: number[] = [];
    const tensors = await dataset().toTensors({ onProgress: ({ done: n }) => more.push(n) });
    expect([done, more]).toEqual([
      [1, 2],
      [2, 3],
    ]);
    expect(readJson(path)).toMatchObject({ Interrupted: false, Spacing: [2, 3, 1.5] });
    using sample = await tensors.get(1);
    expect(values(sample)[0]).toBe(1000);
    await dataset().toTensors({ onProgress: () => expect.unreachable() });
    expect(readTsv(join(folder(), "conversions.tsv"))).toHaveLength(1);
  });
  it("converts in several threads: the same files, byte by byte, counted in the same order", async () => {
    const transforms = new TransformsHandler({
      imageTransforms: [new ZNormalizationConfig(), new RandomNoiseConfig()],
    });
    const contents: [string, Buffer][][] = [];
    for (const nProc of [1, 5]) {
      const done: number[] = [];
      const from = dataset({ transforms });
      from.setSeed(3);
      await from.toTensors({
        conversionName: "norm",
        saveTransforms: true,
        overwrite: nProc > 1,
        nProc,
        onProgress: (progress) => done.push(progress.done),
      });
      expect(done).toEqual([1, 2, 3]);
      const all = readdirSync(folder(), { recursive: true, encoding: "utf8" }).sort();
      // a lock says which process held it
      const files = all.filter((name) => !name.endsWith(".lock"));
      contents.push(
        files.flatMap((name): [string, Buffer][] => {
          const path = join(folder(), name);
          return statSync(path).isFile() ? [[name, readFileSync(path)]] : [];
        }),
      );
    }
    expect(contents[0]).toHaveLength(10);
    expect(contents[1]).toEqual(contents[0]);
  });
  it("names the first session that threads cannot convert, keeps the others, and goes on", async () => {
    const whole = readFileSync(cohort.imagePath(1));
    const from = dataset();
    writeFileSync(cohort.imagePath(1), whole.subarray(0, 60));
    await expect(from.toTensors({ nProc: 2, ...quiet })).rejects.toThrow(
      /^\(sub-001, ses-M000\): .* 2 sessions are converted .* to go on/,
    );
    expect([0, 1, 2].map((i) => existsSync(tensorOf(i)))).toEqual([true, false, true]);
    writeFileSync(cohort.imagePath(1), whole);
    const done: number[] = [];
    const tensors = await from.toTensors({ nProc: 2, onProgress: (progress) => done.push(progress.done) });
    expect(done).toEqual([3]);
    using sample = await tensors.get(1);
    expect(values(sample)[0]).toBe(1000);
    expect(readJson(tensors.descriptionJson)).toMatchObject({ Interrupted: false, Spacing: [2, 3, 1.5] });
  });
  it("says at the start which transform threads cannot have, and deletes nothing", async () => {
    const named = { conversionName: "own", saveTransforms: true, ...quiet };
    const own = <T>(point: T): T => point;
    const from = dataset({ transforms: new TransformsHandler({ imageTransforms: [own] }) });
    await from.toTensors(named);
    await expect(from.toTensors({ ...named, nProc: 2, overwrite: true })).rejects.toThrow(ConfigError);
    expect(existsSync(tensorOf(0, "own"))).toBe(true);
  });
  it("says which images have changed since", async () => {
    await dataset().toTensors(quiet);
    const later = new Date(Date.now() + 60_000);
    utimesSync(cohort.imagePath(1), later, later);
    await expect(dataset().toTensors(quiet)).rejects.toThrow(
      /1 files have changed .* \(sub-001, ses-M000\): .*overwrite: true/,
    );
  });
  it("says it, too, of an image that was replaced by one that is older than the tensors", async () => {
    await dataset().toTensors(quiet);
    writeFileSync(cohort.maskPath(2), readFileSync(cohort.maskPath(1)));
    const before = new Date(Date.now() - 3_600_000);
    utimesSync(cohort.maskPath(2), before, before);
    await expect(dataset().toTensors(quiet)).rejects.toThrow(/1 files have changed .* \(sub-002, ses-M000\): .*_mask/);
    // ClinicaDL in Python does not say what the files were
    const sidecar = tensorOf(2).replace(/\.pt$/, ".json");
    writeFileSync(sidecar, '{"Sources": []}');
    await dataset().toTensors(quiet);
    writeFileSync(sidecar, '{"Sources": [], "SourceFiles": 1}');
    await expect(dataset().toTensors(quiet)).rejects.toThrow(/'SourceFiles' is not what/);
  });
  it("says it of a file that transforms read", async () => {
    const target = join(cohort.root, "template.nii.gz");
    copyFileSync(cohort.imagePath(0), target);
    const transforms = new TransformsHandler({ imageTransforms: [new ResampleConfig({ target })] });
    const again = (more = {}): Promise<unknown> =>
      dataset({ transforms }).toTensors({ conversionName: "norm", saveTransforms: true, ...quiet, ...more });
    await again();
    await again();
    const later = new Date(Date.now() + 60_000);
    utimesSync(target, later, later);
    await expect(again()).rejects.toThrow(/3 files have changed .* \(sub-000, ses-M000\): .*template\.nii\.gz/);
    await again({ checkTransforms: false });
  });
  it("warns of images of other shapes, and says so in the description", async () => {
    using other = makeCohort(1, [2, 2, 2]);
    copyFileSync(other.imagePath(0), cohort.imagePath(1));
    const tensors = await dataset({ masks: null }).toTensors({ spatialChecks: ["global_shape"], ...quiet });
    expect(readJson(tensors.descriptionJson)).toMatchObject({ SpatialShape: null, Spacing: [2, 3, 1.5] });
    await expect(tensors.sanityCheck(["global_shape"])).rejects.toThrow(
      /\(sub-001, ses-M000\) has the shape 2×2×2, and \(sub-000, ses-M000\) has the shape 4×5×6. Leave 'global_shape' out/,
    );
    await tensors.sanityCheck();
    await expect(tensors.sanityCheck(["spacings"] as never)).rejects.toThrow(ConfigError);
  });
  it("refuses what does not go together", async () => {
    const transforms = new TransformsHandler({ imageTransforms: [new RescaleIntensityConfig()] });
    await expect(dataset().toTensors({ conversionName: "raw" })).rejects.toThrow(/'raw'/);
    await expect(dataset().toTensors({ conversionName: "a b" })).rejects.toThrow(/Letters and digits/);
    await expect(dataset({ transforms }).toTensors({ saveTransforms: true })).rejects.toThrow(
      /a 'conversionName' is needed/,
    );
    await expect(dataset().toTensors({ description: "x" })).rejects.toThrow(/with a 'description'/);
    await expect(dataset().toTensors({ nProc: 0 })).rejects.toThrow(/nProc/);
    await expect(dataset({ resampleMasks: "toImage" }).toTensors()).rejects.toThrow(/resampleMasks changes the masks/);
    expect(existsSync(folder())).toBe(false);
  });
  it("is deleted by removeTensors, which leaves other conversions", async () => {
    await dataset().toTensors(quiet);
    const tensors = await dataset().toTensors({ conversionName: "two", description: "the second", ...quiet });
    removeTensors(tensors.descriptionJson);
    expect([existsSync(tensorOf(0)), existsSync(tensorOf(0, "two"))]).toEqual([true, false]);
    expect(readTsv(join(folder(), "conversions.tsv")).map((row) => row.conv_id)).toEqual(["raw"]);
    expect(() => removeTensors(tensors.descriptionJson)).toThrow(TensorConversionError);
  });
  it("names a file that holds something else", async () => {
    const tensors = await dataset().toTensors(quiet);
    torch.save({ images: 3 }, tensorOf(0));
    await expect(tensors.get(0)).rejects.toThrow(ImageError);
    await expect(tensors.get(0)).rejects.toThrow(/^\(sub-000, ses-M000\): .*conv-raw_tensors\.pt/);
  });
});

describe("removeTensors of what ClinicaDL wrote", () => {
  const copy = realpathSync(mkdtempSync(join(tmpdir(), "tensors-")));
  afterAll(() => rmSync(copy, { recursive: true, force: true }));
  it("takes its line out of the list, too, where ClinicaDL wrote another name", () => {
    cpSync(GOLDEN, copy, { recursive: true });
    removeTensors(join(copy, "space-MNI_src-T1w_conv-raw_description.json"));
    expect(readTsv(join(copy, "conversions.tsv")).map((row) => row.conv_id)).toEqual(["norm"]);
    expect(new TensorDataset({ descriptionJson: join(copy, "src-T1w_conv-norm_description.json") }).length).toBe(2);
    expect(readdirSync(join(copy, "sub-000", "ses-M000", "tensors"))).toHaveLength(2);
  });
});
