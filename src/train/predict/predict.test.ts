import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { LoggerCallback } from "../../callbacks/index.ts";
import type { Batch } from "../../data/dataloader/index.ts";
import { DataLoader } from "../../data/dataloader/index.ts";
import { BidsDataset } from "../../data/datasets/index.ts";
import { AFFINE, makeCohort } from "../../data/fixtures/cohort.ts";
import { SimpleInferer } from "../../infer/index.ts";
import { BidsFileType } from "../../io/bids/index.ts";
import { readNifti } from "../../io/nifti/index.ts";
import { readTsv } from "../../io/tsv/index.ts";
import { SupervisedModel } from "../../models/index.ts";
import { CNNConfig } from "../../networks/index.ts";
import * as torch from "../../torch/index.ts";
import { AsDiscreteConfig, CropOrPadConfig, Patch, Slice } from "../../transforms/index.ts";
import { anyParts, computational, final, outputs, resultsOf, toyLoader, translator } from "../fixtures/saved.ts";
import { savedForEachTest } from "../fixtures/saved-for-each.ts";
import { toyModel } from "../fixtures/toy.ts";
import { Trainer } from "../trainer.ts";

const saved = savedForEachTest();

function classifier(numOutputs: number): SupervisedModel {
  const network = new CNNConfig({ inShape: [1, 8, 8, 8], numOutputs, convArgs: { channels: [2] } });
  return new SupervisedModel(anyParts(network));
}

/** A convolution of single voxels that doubles them. */
function doubling<T extends torch.nn.Conv2d | torch.nn.Conv3d>(layer: T): T {
  using _grad = torch.noGrad();
  layer.weight.fill_(2);
  return layer;
}

describe("values", () => {
  it("are a column of the table, read as the numbers that the network gave", async () => {
    const model = toyModel();
    const trainer = saved.make(model);
    const dataloader = toyLoader([30, 31, 32]);
    dataloader.dataset.train(); // augmentations are off in prediction, whatever the dataset's mode
    await trainer.predict({ ...final, dataloader });
    expect(trainer.state).toMatchObject({ called: "predict", stage: "prediction", currentBatch: 2, numBatches: 2 });
    const rows = readTsv(resultsOf(trainer).outputTsv);
    expect(Object.keys(rows[0] ?? {})).toEqual(["participant_id", "session_id", "output"]);
    expect(rows.map((row) => row.participant_id)).toEqual(["sub-30", "sub-31", "sub-32"]);
    const expected = await outputs(model, dataloader);
    rows.forEach((row, i) => {
      expect(Number(row.output)).toBeCloseTo(expected[i]?.[0] ?? Number.NaN, 5);
    });
    expect(readdirSync(resultsOf(trainer).path).sort()).toEqual(["computational.json", "output.tsv", "warning.log"]);
    expect(readdirSync(trainer.maps.prediction.group("new").path).sort()).toEqual([
      "data.tsv",
      "dataloader.json",
      "dataset.json",
      "results",
    ]);
    trainer.maps.read();
  });

  it("are of lower precision with amp, as in evaluation", async () => {
    const trainer = saved.make(toyModel());
    await trainer.predict({ ...final, dataloader: toyLoader([30]), computational: { ...computational, amp: true } });
    const [row = {}] = readTsv(resultsOf(trainer).outputTsv);
    using output = torch.tensor([Number(row.output)]);
    using rounded = output.to({ dtype: "bfloat16" });
    expect(rounded.toTypedArray()).toEqual(output.toTypedArray());
    expect(JSON.parse(readFileSync(resultsOf(trainer).computationalJson, "utf8"))).toMatchObject({
      amp: true,
      seed: 0,
    });
  });

  it("are a column each where there are several", async () => {
    const model = classifier(3);
    const trainer = saved.make(model);
    const dataloader = toyLoader([30, 31, 32], 3);
    await trainer.predict({ ...final, dataloader });
    const rows = readTsv(resultsOf(trainer).outputTsv);
    const expected = await outputs(model, dataloader);
    rows.forEach((row, i) => {
      [0, 1, 2].forEach((k) => {
        expect(Number(row[`output_${k}`])).toBeCloseTo(expected[i]?.[k] ?? Number.NaN, 5);
      });
    });
  });

  it("may be of any kind, of a model of one's own; what fits no column is a file", async () => {
    class Own extends SupervisedModel {
      override predictionStep(batch: Batch): Batch {
        const all = batch as Batch & { addField(name: string, values: unknown): void };
        all.addField("name", ["one", 'two\t"2"']);
        all.addField("count", torch.tensor([3, 4], { dtype: "int64" }));
        all.addField(
          "flags",
          torch.tensor(
            [
              [true, false],
              [false, true],
            ] as never,
            { dtype: "bool" },
          ),
        );
        all.addField("tenth", torch.tensor([0.1, 1]));
        all.addField("map", torch.arange(12).reshape([2, 2, 3]));
        return batch;
      }
    }
    const trainer = saved.make(new Own(anyParts()));
    await trainer.predict({ ...final, dataloader: toyLoader([30, 31]) });
    expect(readFileSync(resultsOf(trainer).outputTsv, "utf8")).toBe(
      [
        "participant_id\tsession_id\tname\tcount\tflags_0\tflags_1\ttenth\tmap",
        "sub-30\tses-M000\tone\t3\tTrue\tFalse\t0.1\ttensors/sub-30_ses-M000_map.pt",
        'sub-31\tses-M000\t"two\t""2"""\t4\tFalse\tTrue\t1.0\ttensors/sub-31_ses-M000_map.pt',
        "",
      ].join("\n"),
    );
    using map = torch.load(join(resultsOf(trainer).tensors, "sub-31_ses-M000_map.pt")) as torch.Tensor;
    expect([map.shape, Array.from(map.toTypedArray(), Number)]).toEqual([
      [2, 3],
      [6, 7, 8, 9, 10, 11],
    ]);

    await trainer.predict({
      ...final,
      dataloader: toyLoader([30, 31]),
      outputs: ["count", "label"],
      overwrite: true,
    });
    expect(readTsv(resultsOf(trainer).outputTsv)[1]).toEqual({
      participant_id: "sub-31",
      session_id: "ses-M000",
      count: 4,
      label: 1,
    });
  });
});

describe("images", () => {
  const cohort = makeCohort(3);
  afterAll(() => cohort[Symbol.dispose]());
  const fileType = new BidsFileType({ dataType: "anat", suffix: "T1w" });
  const datasets: BidsDataset[] = [];
  // the image that patches were last cut from is kept
  afterEach(() => {
    for (const dataset of datasets.splice(0)) dataset.clearCache();
  });
  const loaderOf = (transforms = {}, numWorkers = 0) => {
    const dataset = new BidsDataset({
      bids: cohort.root,
      fileType,
      data: cohort.tsv,
      columns: { age: null },
      transforms,
    });
    datasets.push(dataset);
    return new DataLoader(dataset, { batchSize: 2, shuffle: false, numWorkers });
  };

  it("have the affine of the input after transforms, and channels as the fourth dimension", async () => {
    const model = translator(2, new SimpleInferer());
    const trainer = saved.make(model);
    const dataloader = loaderOf({ imageTransforms: [new CropOrPadConfig({ targetShape: [6, 3, 4] })] }, 1);
    await trainer.predict({ ...final, dataloader });
    const rows = readTsv(resultsOf(trainer).outputTsv);
    expect(rows.map((row) => row.output)).toEqual(
      [0, 1, 2].map((i) => `images/sub-00${i}_ses-M000_desc-output_T1w.nii.gz`),
    );
    const expected = await outputs(model, dataloader);
    for (const [i, row] of rows.entries()) {
      const image = readNifti(join(resultsOf(trainer).path, String(row.output)));
      using sample = await dataloader.dataset.get(i);
      expect([image.shape, image.channels, image.dtype]).toEqual([[6, 3, 4], 2, "float32"]);
      expect(Array.from(image.affine)).toEqual(Array.from(sample.affine));
      expect(Array.from(image.affine)).not.toEqual(AFFINE);
      image.data.forEach((value, v) => {
        expect(value).toBeCloseTo(expected[i]?.[v] ?? Number.NaN, 2);
      });
    }
  });

  it("and masks can be added by the inferer; both may be chosen from all fields", async () => {
    const postprocessing = [new AsDiscreteConfig({ include: ["output"], threshold: 0 })];
    const model = translator(1, new SimpleInferer({ outputType: "mask", postprocessing }));
    const trainer = saved.make(model);
    const dataloader = loaderOf();
    await trainer.predict({ ...final, dataloader, outputs: ["output", "image", "age"] });
    const [row = {}] = readTsv(resultsOf(trainer).outputTsv);
    expect(row).toMatchObject({
      output: "images/sub-000_ses-M000_desc-output_mask.nii.gz",
      image: "images/sub-000_ses-M000_desc-image_T1w.nii.gz",
      age: 60,
    });
    const mask = readNifti(join(resultsOf(trainer).path, String(row.output)));
    expect([mask.dtype, Array.from(mask.affine)]).toEqual(["uint8", AFFINE]);
    const [expected] = await outputs(model, dataloader);
    expect(Array.from(mask.data)).toEqual(expected?.map((value) => (value >= 0 ? 1 : 0)));
    const image = readNifti(join(resultsOf(trainer).path, String(row.image)));
    expect(image).toEqual(readNifti(cohort.imagePath(0)));
  });

  it("of another size have no place: they are tensors", async () => {
    const network = new torch.nn.MaxPool3d(2);
    const trainer = saved.make(translator(1, new SimpleInferer({ outputType: "image" }), network));
    await trainer.predict({ ...final, dataloader: loaderOf() });
    const [row = {}] = readTsv(resultsOf(trainer).outputTsv);
    expect(row.output).toBe("tensors/sub-000_ses-M000_desc-output_T1w.pt");
    using tensor = torch.load(join(resultsOf(trainer).path, String(row.output))) as torch.Tensor;
    expect(tensor.shape).toEqual([1, 2, 2, 3]);
    const warnings = readFileSync(resultsOf(trainer).warningLog, "utf8").trim().split("\n");
    expect(warnings).toEqual([expect.stringMatching(/'output' of \(sub-000, ses-M000\) has 2×2×3 voxels.*4×5×6/)]);
  });

  it("of patches have their position in the table and in the name", async () => {
    const trainer = saved.make(
      translator(1, new SimpleInferer(), doubling(new torch.nn.Conv3d(1, 1, 1, { bias: false }))),
    );
    await trainer.predict({ ...final, dataloader: loaderOf({ extraction: new Patch({ patchSize: [2, 5, 3] }) }) });
    const rows = readTsv(resultsOf(trainer).outputTsv);
    expect(rows.length).toBe(12);
    expect(rows[3]).toMatchObject({ participant_id: "sub-000", sample_position_0: 2, sample_position_2: 3 });
    expect(rows[3]?.output).toBe("images/sub-000_ses-M000_patch-2x0x3_desc-output_T1w.nii.gz");
    const patch = readNifti(join(resultsOf(trainer).path, String(rows[3]?.output)));
    // 2 voxels of 2 mm, and 3 of 1.5 mm, from the corner of the image
    expect([patch.affine[3], patch.affine[7], patch.affine[11]]).toEqual([-10 + 4, 5, 7 + 4.5]);
    expect(patch.data[0]).toBe(2 * (2 * 30 + 3));
  });

  it("of slices have the index", async () => {
    const trainer = saved.make(
      translator(1, new SimpleInferer(), doubling(new torch.nn.Conv2d(1, 1, 1, { bias: false }))),
    );
    const extraction = new Slice({ sliceDirection: 1, slices: [1, 4] });
    await trainer.predict({ ...final, dataloader: loaderOf({ extraction }) });
    const [, row = {}] = readTsv(resultsOf(trainer).outputTsv);
    expect(row).toMatchObject({
      sample_position: 4,
      slice_direction: 1,
      output: "images/sub-000_ses-M000_slice-4_desc-output_T1w.nii.gz",
    });
    const slice = readNifti(join(resultsOf(trainer).path, String(row.output)));
    expect([slice.shape, slice.affine[7], slice.data[0]]).toEqual([[4, 1, 6], 5 + 3 * 4, 2 * 24]);
  });

  it("are predicted again, by another checkpoint, for a group that the MAPS knows", async () => {
    const trainer = saved.make(translator(1, new SimpleInferer()));
    await trainer.predict({ ...final, dataloader: loaderOf() });
    const again = await Trainer.fromMaps(trainer.maps.path, {
      model: trainer.model,
      callbacks: [new LoggerCallback({ progressBar: false })],
    });
    await again.predict({ ...final, modelCheckpoint: "split-0_best-loss" });
    const [first, second] = ["final", "best-loss"].map((checkpoint) => {
      const { path, outputTsv } = resultsOf(trainer, checkpoint);
      return readTsv(outputTsv).map((row) => ({ row, image: readNifti(join(path, String(row.output))) }));
    });
    expect(second?.length).toBe(3);
    expect(second).toEqual(first);
    expect(readFileSync(trainer.maps.summaryLog, "utf8")).toMatch(/- Prediction -+\n\nGroups\n {3}- new\n\n?$/);
  });
});
