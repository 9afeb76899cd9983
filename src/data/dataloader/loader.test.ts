import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { BidsFileType } from "../../io/bids/index.ts";
import { writeNifti } from "../../io/nifti/index.ts";
import { writeTsv } from "../../io/tsv/index.ts";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import * as torch from "../../torch/index.ts";
import { Patch, RandomNoiseConfig, replay, Slice, ZNormalizationConfig } from "../../transforms/index.ts";
import { ConfigError, DataFrameError, ImageError } from "../../utils/exceptions.ts";
import { BidsDataset, type BidsDatasetOptions, oddCell } from "../datasets/index.ts";
import { AFFINE, makeCohort } from "../fixtures/cohort.ts";
import { DataPoint, type Sample } from "../structures/index.ts";
import { Batch, DataLoader, type DataLoaderOptions, WorkerError } from "./index.ts";

const cohort = makeCohort(7);
afterAll(() => cohort[Symbol.dispose]());

const make = (options: Partial<BidsDatasetOptions> = {}): BidsDataset =>
  new BidsDataset({
    bids: cohort.root,
    fileType: new BidsFileType({ dataType: "anat", suffix: "T1w" }),
    data: cohort.tsv,
    columns: ["age", "n_visits", "diagnosis"],
    ...options,
  });

interface Seen {
  ids: string[];
  image: number[];
  shape: readonly number[];
}
async function read(loader: DataLoader<Sample>, startBatch = 0): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const batch of loader.iterate({ startBatch })) {
    using image = batch.getField("image");
    seen.push({
      ids: batch.participants.map((p) => p.participantId),
      image: Array.from(image.toTypedArray() as Float32Array),
      shape: image.shape,
    });
    batch.dispose();
  }
  return seen;
}

expectNothingLeft();

describe("order", () => {
  it("is that of the rows, in batches", async () => {
    const loader = new DataLoader(make(), { batchSize: 3, shuffle: false });
    expect(loader.length).toBe(3);
    const seen = await read(loader);
    expect(seen.map((s) => s.ids)).toEqual([
      ["sub-000", "sub-001", "sub-002"],
      ["sub-003", "sub-004", "sub-005"],
      ["sub-006"],
    ]);
    expect(seen[0]?.shape).toEqual([3, 1, 4, 5, 6]);
    expect(seen[1]?.image[0]).toBe(3000);
    expect(await read(new DataLoader(make(), { batchSize: 3, shuffle: false, dropLast: true }))).toHaveLength(2);
    expect(await read(loader, 1)).toEqual(seen.slice(1));
  });
  it("is PyTorch's when shuffled, and another each epoch", async () => {
    const loader = new DataLoader(make(), { batchSize: 7 });
    const numbers = (seen: Seen[]): number[] => seen.flatMap((s) => s.ids.map((id) => Number(id.slice(4))));
    // torch.randperm(7, generator=torch.Generator().manual_seed(epoch))
    const epochs = [];
    for (const epoch of [0, 1]) {
      loader.setEpoch(epoch);
      const generator = new torch.Generator().manualSeed(epoch);
      using expected = torch.randperm(7, { generator });
      epochs.push(numbers(await read(loader)));
      expect(epochs.at(-1)).toEqual(expected.toArray());
    }
    expect(epochs[0]).not.toEqual(epochs[1]);
    loader.setSeed(1);
    loader.setEpoch(0);
    expect(numbers(await read(loader))).toEqual(epochs[1]);
  });
  it("follows sampling weights", async () => {
    const data = cohort.rows.map((row, i) => ({ ...row, weight: i === 2 ? 1 : 0 }));
    const seen = await read(new DataLoader(make({ data }), { batchSize: 7, samplingWeights: "weight" }));
    expect(seen[0]?.ids).toEqual(Array(7).fill("sub-002"));
    await expect(read(new DataLoader(make(), { samplingWeights: "diagnosis" }))).rejects.toThrow(
      /\(sub-000, ses-M000\): the sampling weight 'diagnosis' is 'CN'/,
    );
    const tsv = join(cohort.root, "weights.tsv");
    writeFileSync(tsv, readFileSync(cohort.tsv, "utf8").replace(/\t4\t/, "\tmany\t"));
    await expect(read(new DataLoader(make({ data: tsv }), { samplingWeights: "n_visits" }))).rejects.toThrow(
      /\(sub-004, ses-M000\): the sampling weight 'n_visits' is 'many'/,
    );
    await expect(read(new DataLoader(make(), { samplingWeights: "weigth" }))).rejects.toThrow(/no column 'weigth'/);
  });
});

describe("workers", () => {
  const transforms = { imageTransforms: [new ZNormalizationConfig()], augmentations: [new RandomNoiseConfig()] };
  it("change nothing: any number, persistent or not, epoch after epoch", async () => {
    const runs = [];
    const settings: DataLoaderOptions[] = [
      { numWorkers: 0 },
      { numWorkers: 1 },
      { numWorkers: 3, prefetchFactor: 1 },
      { numWorkers: 2, persistentWorkers: true },
    ];
    for (const setting of settings) {
      await using loader = new DataLoader(make({ transforms }), { batchSize: 2, seed: 5, ...setting });
      const epochs = [];
      for (const epoch of [1, 2]) {
        loader.setEpoch(epoch);
        epochs.push(await read(loader));
      }
      loader.setEpoch(1);
      expect(await read(loader, 2)).toEqual(epochs[0]?.slice(2));
      runs.push(epochs);
    }
    for (const run of runs.slice(1)) expect(run).toEqual(runs[0]);
    expect(runs[0]?.[0]).not.toEqual(runs[0]?.[1]);
  });
  it("bring everything that a sample has", async () => {
    const dataset = make({
      masks: { brain: new BidsFileType({ dataType: "anat", suffix: "mask" }) },
      transforms: { extraction: new Slice({ sliceDirection: 2 }) },
    });
    const batches = [];
    for (const numWorkers of [0, 1]) {
      for await (using batch of new DataLoader(dataset, { batchSize: 4, shuffle: false, numWorkers })) {
        using mask = batch.getField("brain");
        using age = batch.getField("age");
        using visits = batch.getField("n_visits", { ensureChannelDim: true });
        const sample = batch.get(1);
        batches.push({
          mask: [mask.dtype, mask.shape, mask.toArray()],
          age: [age.dtype, age.toArray()],
          visits: [visits.dtype, visits.shape],
          diagnosis: batch.getValues("diagnosis"),
          place: sample.place,
          path: sample.imagePath,
          type: sample.fileType.map(String),
          affine: sample.affine,
        });
        break;
      }
    }
    expect(batches[1]).toEqual(batches[0]);
    expect(batches[0]).toMatchObject({
      age: ["float64", [60, 60, 60, 60]],
      visits: ["int64", [4, 1]],
      path: [cohort.imagePath(0)],
    });
    expect(batches[0]?.mask.slice(0, 2)).toEqual(["uint8", [4, 1, 4, 5]]);
    dataset.clearCache();
  });
  it("stop and free everything when the loop is left", async () => {
    for (const persistentWorkers of [false, true]) {
      await using loader = new DataLoader(make(), { batchSize: 1, numWorkers: 2, persistentWorkers });
      for await (using batch of loader) {
        expect(batch.length).toBe(1);
        break;
      }
      expect(torch.transfer.inFlight()).toBe(0);
      if (persistentWorkers) expect(await read(loader)).toHaveLength(7);
    }
  });
  it("pass errors on, with path and participant, after the batches before it", async () => {
    using own = makeCohort(5);
    const dataset = make({ bids: own.root, data: own.tsv });
    writeFileSync(own.imagePath(2), "broken");
    for (const numWorkers of [0, 2]) {
      const ids: string[] = [];
      const reading = async (): Promise<void> => {
        for await (using batch of new DataLoader(dataset, { shuffle: false, numWorkers }))
          ids.push(batch.get(0).participantId);
      };
      const error: unknown = await reading().catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ImageError);
      expect((error as Error).message).toMatch(
        /^\(sub-002, ses-M000\): .*sub-002_ses-M000_T1w\.nii\.gz is not a NIfTI image/,
      );
      expect(ids).toEqual(["sub-000", "sub-001"]);
    }
  });
  it("that die are reported, with what they were to load", async () => {
    const dataset = make();
    const { content } = dataset.toWorker();
    dataset.toWorker = () => ({ source: { name_: "Other" }, content });
    const error: unknown = await read(new DataLoader(dataset, { batchSize: 2, numWorkers: 1, shuffle: false })).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(WorkerError);
    expect((error as Error).message).toMatch(
      /Worker 0 .* failed: .*'Other'.* while \(sub-000, ses-M000\), \(sub-001, ses-M000\) were to be loaded/,
    );
  });
  it("apply transforms of one's own by their module; each sample brings its history, which does the same to the file", async () => {
    const own = { module: new URL("../../transforms/fixtures/own-transforms.ts", import.meta.url), export: "shifted" };
    const steps = { imageTransforms: [new ZNormalizationConfig()], augmentations: [own, new RandomNoiseConfig()] };
    const seen = [];
    for (const [numWorkers, cache] of [
      [0, "off"],
      [0, "memory"],
      [2, "memory"],
    ] as const) {
      const dataset = make({ transforms: steps, cache });
      const loader = new DataLoader(dataset, { batchSize: 3, numWorkers, seed: 2 });
      const samples = [];
      for (let epoch = 1; epoch <= 2; epoch++) {
        loader.setEpoch(epoch);
        for await (using batch of loader) {
          for (const { imagePath, history, image } of batch) {
            expect(history.map(({ name_ }) => name_)).toEqual(["ZNormalization", "shifted", "RandomNoise"]);
            using flat = image.tensor.flatten();
            samples.push({ path: imagePath[0] ?? "", history, values: flat.toNumbers() });
          }
        }
      }
      dataset.clearCache();
      seen.push(samples);
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
    for (const { path, history, values } of seen[2] ?? []) {
      using _scope = torch.scope();
      const point = new DataPoint({ image: path, participantId: "sub-x", sessionId: "ses-x" });
      expect(replay(history, point).image.tensor.flatten().toNumbers()).toEqual(values);
    }
  });
  it("refuse functions, which cannot travel, when the loader is built", async () => {
    const dataset = make({ transforms: { augmentations: [(point) => point] } });
    expect(() => new DataLoader(dataset, { numWorkers: 1 })).toThrow(ConfigError);
    expect(await read(new DataLoader(dataset, { numWorkers: 0 }))).toHaveLength(7);
  });
});

describe("options", () => {
  it("go to JSON and back as ClinicaDL writes them", () => {
    const loader = new DataLoader(make(), { batchSize: 2, seed: 3 });
    expect(loader.toDict()).toEqual({
      name_: "DataLoader",
      batch_size: 2,
      sampling_weights: null,
      shuffle: true,
      num_workers: 0,
      pin_memory: true,
      drop_last: false,
      prefetch_factor: null,
      persistent_workers: false,
      collate_fn: null,
    });
    expect(DataLoader.fromDict(loader.toDict(), make()).toDict()).toEqual(loader.toDict());
  });
  it("are checked", () => {
    expect(() => new DataLoader(make(), { batchSize: 0 })).toThrow(ConfigError);
    expect(() => new DataLoader(make(), { prefetchFactor: 2 })).toThrow(
      /'prefetchFactor' got 2. It needs numWorkers of at least 1/,
    );
    expect(() => new DataLoader(make(), { persistentWorkers: true })).toThrow(ConfigError);
    expect(() => new DataLoader(make(), { batchsize: 2 } as never)).toThrow(/unknown option 'batchsize'/);
  });
});

describe("Batch", () => {
  it("needs samples", () => expect(() => new Batch([])).toThrow(ConfigError));

  it("names participant, column and value when a label is no number", async () => {
    for await (using batch of new DataLoader(make(), { batchSize: 2, shuffle: false })) {
      expect(() => batch.getField("diagnosis")).toThrow(DataFrameError);
      expect(() => batch.getField("diagnosis")).toThrow(
        /\(sub-000, ses-M000\): 'diagnosis' is 'CN', and a number is needed/,
      );
      expect(() => batch.getField("label")).toThrow(
        /\(sub-000, ses-M000\): there is no field 'label'. There are: image, participant_id, .*age/,
      );
      break;
    }
  });
  it("gives a field where it is held, whatever the device is", async () => {
    for await (using batch of new DataLoader(make(), { batchSize: 2, shuffle: false })) {
      batch.to({ device: "meta" });
      using there = batch.getField("n_visits");
      using here = batch.getField("n_visits", { device: null });
      expect([there.device, here.device]).toEqual(["meta", "cpu"]);
      break;
    }
  });
  it("names the row whose cell makes a column text, with and without workers", async () => {
    const tsv = join(cohort.root, "odd.tsv");
    writeFileSync(
      tsv,
      readFileSync(cohort.tsv, "utf8").replace("65.0", "sixty-five").replace("\t3\t", "\t9007199254740993\t"),
    );
    for (const numWorkers of [0, 1]) {
      for await (using batch of new DataLoader(make({ data: tsv }), { batchSize: 2, shuffle: false, numWorkers })) {
        expect(() => batch.getField("age")).toThrow(
          /\(sub-005, ses-M000\) has "sixty-five" as 'age', so that the column is text, and a number is needed/,
        );
        expect(() => batch.getField("n_visits")).toThrow(/\(sub-003, ses-M000\) has "9007199254740993" as 'n_visits'/);
        break;
      }
    }
    // without that row the column is numbers again: a dataset of the others says so when it is read anew
    const others = make({ data: tsv }).df.filter((row) => row.participant_id !== "sub-005");
    expect(oddCell(others, "age")).toBeNull();
    expect(oddCell(others, "diagnosis")).toBeNull();
  });
  it("has integers as they are in the table, beyond what float32 holds, with and without workers", async () => {
    const tsv = join(cohort.root, "large.tsv");
    const rows = cohort.rows.map((row, i) => ({
      ...row,
      id: 2 ** 24 + 1 + i,
      big: 2 ** 53 - 1 - i,
      time: 1e9 + i + 0.5,
    }));
    writeTsv(tsv, rows);
    const columns = ["id", "big", "time", "age"];
    for (const numWorkers of [0, 1]) {
      for await (using batch of new DataLoader(make({ data: tsv, columns }), {
        batchSize: 7,
        shuffle: false,
        numWorkers,
      })) {
        using id = batch.getField("id");
        using big = batch.getField("big");
        using time = batch.getField("time");
        expect([id.dtype, big.dtype, time.dtype]).toEqual(["int64", "int64", "float64"]);
        expect(Array.from(id.toTypedArray(), Number)).toEqual(rows.map((row) => row.id));
        expect(Array.from(big.toTypedArray(), Number)).toEqual(rows.map((row) => row.big));
        expect(Array.from(time.toTypedArray(), Number)).toEqual(rows.map((row) => row.time));
      }
    }
  });
  it("has added numbers in float32 where that holds them, else in float64", async () => {
    for await (using batch of new DataLoader(make(), { batchSize: 2, shuffle: false })) {
      const dtypeOf = (values: unknown[]): string => {
        batch.addField("added", values);
        using tensor = batch.getField("added");
        expect(tensor.toArray()).toEqual(tensor.dtype === "float64" ? values : expect.anything());
        return tensor.dtype;
      };
      expect(dtypeOf([1, 2 ** 24])).toBe("float32");
      expect(dtypeOf([0.1, Number.POSITIVE_INFINITY])).toBe("float32");
      expect(dtypeOf([1, 2 ** 24 + 1])).toBe("float64");
      expect(
        dtypeOf([
          [1, 2],
          [3, 2 ** 40 + 1],
        ]),
      ).toBe("float64");
      expect(dtypeOf([1e300, 0.5])).toBe("float64");
      expect(dtypeOf([1e-300, 0])).toBe("float64");
      break;
    }
  });
  it("names participant and column when a value is missing", async () => {
    const data = cohort.rows.map((row, i) => ({ ...row, age: i === 1 ? null : 5 }));
    for await (using batch of new DataLoader(make({ data }), { batchSize: 2, shuffle: false })) {
      expect(() => batch.getField("age")).toThrow(/\(sub-001, ses-M000\): 'age' is null/);
      break;
    }
  });
  it("names participants and shapes when they differ, with and without workers", async () => {
    using own = makeCohort(3);
    writeNifti(own.imagePath(1), { data: new Float32Array(8), shape: [2, 2, 2], affine: AFFINE });
    for (const numWorkers of [0, 1]) {
      for await (using batch of new DataLoader(make({ bids: own.root, data: own.tsv }), {
        batchSize: 3,
        shuffle: false,
        numWorkers,
      })) {
        expect(() => batch.getField("image")).toThrow(ImageError);
        expect(() => batch.getField("image")).toThrow(
          /different shapes for 'image'.*\(sub-000, ses-M000\): \(1, 4, 5, 6\); \(sub-001, ses-M000\): \(1, 2, 2, 2\)/,
        );
      }
    }
  });
  it("takes outputs, images and masks, and moves what it gives", async () => {
    for await (using batch of new DataLoader(make(), { batchSize: 2, shuffle: false })) {
      using scope = torch.scope();
      batch.addField(
        "output",
        torch.tensor([
          [1, 2],
          [3, 4],
        ]),
      );
      expect(batch.getField("output").toArray()).toEqual([
        [1, 2],
        [3, 4],
      ]);
      expect((batch.get(1).getField("output") as torch.Tensor).toArray()).toEqual([3, 4]);
      batch.get(1).setField("output", torch.tensor([9, 9]).keep());
      expect(batch.getField("output").toArray()).toEqual([
        [1, 2],
        [9, 9],
      ]);
      batch.addField("output", torch.zeros([2]));
      expect(batch.getField("output", { ensureChannelDim: true, dtype: "float64" })).toMatchObject({
        dtype: "float64",
      });
      batch.addImages("rebuilt", torch.ones([2, 1, 4, 5, 6]));
      batch.addMasks("found", torch.ones([2, 1, 4, 5, 6], { dtype: "uint8" }));
      expect(batch.get(0).getImage("found")).toMatchObject({ kind: "label" });
      expect(Array.from(batch.get(0).getImage("rebuilt").affine)).toEqual(AFFINE);
      expect(() => batch.addField("x", torch.ones([3]))).toThrow(/'x' has 3 values; the batch has 2 samples/);
      expect(() => batch.addField("image", torch.ones([2]))).toThrow(/is an image/);
      expect(() => batch.addImages("x", torch.ones([3, 1, 4, 5, 6]))).toThrow(/'x' has 3 values/);
      expect(() => batch.getField("x")).toThrow(/\(sub-000, ses-M000\): there is no field 'x'. There are: image, /);
      expect(() => batch.to({ channelslast: true } as never)).toThrow(/Batch\.to: unknown option 'channelslast'/);
      expect(scope).toBeDefined();
      break;
    }
  });
  it("survives a scope that was open when fields were added", async () => {
    for await (using batch of new DataLoader(make(), { batchSize: 2, shuffle: false })) {
      {
        using _ = torch.scope();
        batch.addField("output", torch.ones([2, 3]).mul(2));
      }
      using output = batch.getField("output");
      expect(output.toArray()).toEqual([
        [2, 2, 2],
        [2, 2, 2],
      ]);
      break;
    }
  });
  it("holds patches", async () => {
    const dataset = make({ transforms: { extraction: new Patch({ patchSize: 2 }) } });
    const seen = await read(new DataLoader(dataset, { batchSize: 18, shuffle: false, numWorkers: 1 }));
    expect(seen).toHaveLength(7);
    expect(seen[3]).toMatchObject({ shape: [18, 1, 2, 2, 2], ids: Array(18).fill("sub-003") });
    dataset.clearCache();
  });
});
