import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { DataLoader } from "../data/dataloader/index.ts";
import type { DatasetLike } from "../data/datasets/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import { Split } from "../split/index.ts";
import { CannotReadJsonError } from "../utils/exceptions.ts";
import { cohortSplit, makeCohort } from "./fixtures/cohort.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";
import { restoreSplit } from "./restore.ts";

const trainers = Trainers.forEachTest();

it("are those of the MAPS, for validate, for test and for another number of epochs", async () => {
  const bids = makeCohort(trainers.dir, 12);
  const trainer = trainers.make("maps", {
    metrics: { loss: new LossMetricConfig(), mae: new MAEMetricConfig() },
    optimization: { numEpochs: 1 },
  });
  const split = cohortSplit(bids);
  await trainer.train(split, { computational, metrics: ["loss"] });

  const restored = await trainers.fromMaps("maps");
  await restored.validate({ splitIdx: 0, metrics: ["loss", "mae"] });
  const { detailsTsv } = trainer.maps.training.split(0).models.final.validationMetrics;
  const rows = readTsv(detailsTsv);
  expect(rows.map((row) => row.participant_id)).toEqual(["sub-008", "sub-009", "sub-010", "sub-011"]);
  for (const row of rows) expect(Number(row.mae)).toBeGreaterThan(0);

  // a group that is known needs no data, in another process neither
  const others = makeCohort(trainers.path("others"), 16);
  const test = { groupName: "g", computational };
  const { valDataset } = cohortSplit(others);
  await restored.test({
    ...test,
    modelCheckpoint: "split-0_final",
    dataloader: new DataLoader(valDataset, { batchSize: 3, shuffle: false }),
  });
  await restored.resume({ splitIdx: 0, numEpochs: 2 });
  const again = await trainers.fromMaps("maps");
  const results = trainer.maps.test.group("g").results(0, "final");
  const [before] = readTsv(results.metrics.aggregatedTsv);
  await expect(again.test({ ...test, modelCheckpoint: "split-0_final" })).rejects.toThrow(/on the group 'g' already/);
  rmSync(results.path, { recursive: true });
  await again.test({ ...test, modelCheckpoint: "split-0_final" });
  const [after] = readTsv(results.metrics.aggregatedTsv);
  expect(Object.keys(after ?? {})).toEqual(["loss", "mae"]);
  expect(after).not.toEqual(before);
  expect(readTsv(results.metrics.detailsTsv).map((row) => row.participant_id)).toEqual([
    "sub-012",
    "sub-013",
    "sub-014",
    "sub-015",
  ]);
});

it("are in the order in which they were trained on, which data.tsv does not keep", async () => {
  const bids = makeCohort(trainers.dir, 10);
  const trainer = trainers.make("maps", { optimization: { numEpochs: 1 } });
  const sorted = cohortSplit(bids);
  const reversed = (dataset: DatasetLike): DatasetLike =>
    dataset.subset(dataset.getParticipantSessionCouples().toReversed());
  const split = new Split({
    index: 0,
    trainDataset: reversed(sorted.trainDataset),
    valDataset: reversed(sorted.valDataset),
  });
  split.buildTrainLoader({ batchSize: 2 });
  split.buildValLoader({ batchSize: 2 });
  await trainer.train(split, { computational });
  const restored = restoreSplit(trainer.maps, 0, null);
  for (const side of ["trainDataset", "valDataset"] as const)
    expect(restored[side].getParticipantSessionCouples()).toEqual(split[side].getParticipantSessionCouples());
});

it("may have no sessions: trained on, restored and predicted, with no file or folder named after one", async () => {
  const bids = makeCohort(trainers.dir, 10);
  for (let i = 0; i < 10; i++) {
    const folder = join(bids, `sub-00${i}`);
    renameSync(join(folder, "ses-M000", "anat"), join(folder, "anat"));
    rmSync(join(folder, "ses-M000"), { recursive: true });
    renameSync(join(folder, "anat", `sub-00${i}_ses-M000_T1w.nii.gz`), join(folder, "anat", `sub-00${i}_T1w.nii.gz`));
  }
  const labels = join(bids, "labels.tsv");
  writeFileSync(labels, readFileSync(labels, "utf8").replace("session_id\t", "").replaceAll("ses-M000\t", ""));
  const trainer = trainers.make("maps", { optimization: { numEpochs: 1 } });
  const split = cohortSplit(bids);
  await trainer.train(split, { computational });
  const restored = await trainers.fromMaps("maps");
  await restored.resume({ splitIdx: 0, numEpochs: 2 });
  const dataloader = new DataLoader(split.valDataset, { batchSize: 2, shuffle: false });
  await restored.predict({ dataloader, modelCheckpoint: "split-0_final", groupName: "g", computational });
  expect(readTsv(trainer.maps.training.data.train(0).dataTsv)[0]).toEqual({
    participant_id: "sub-000",
    session_id: "ses-none",
  });
  const names = readdirSync(trainers.dir, { recursive: true }).map(String);
  expect(names.length).toBeGreaterThan(50);
  expect(names.filter((name) => /ses-/.test(name))).toEqual([]);
});

it("that name somebody whom the dataset lacks are an error", async () => {
  const bids = makeCohort(trainers.dir, 10);
  const trainer = trainers.make("maps", { optimization: { numEpochs: 1 } });
  await trainer.train(cohortSplit(bids), { computational });
  const { dataTsv } = trainer.maps.training.data.train(0);
  writeFileSync(dataTsv, readFileSync(dataTsv, "utf8").replace("sub-001\t", "sub-01\t"));
  await expect(trainer.resume({ splitIdx: 0, numEpochs: 2 })).rejects.toThrow(
    /1 of the 6 .* not in the dataset: \(sub-01, ses-M000\) \[the dataset has \(sub-001, ses-M000\)\]/,
  );
});

it("that are damaged are said to be, with what to pass instead", async () => {
  const bids = makeCohort(trainers.dir, 12);
  const trainer = trainers.make("maps", { optimization: { numEpochs: 1 } });
  await trainer.train(cohortSplit(bids), { computational });
  const { data } = trainer.maps.training;
  writeFileSync(data.validation(0).dataloaderJson, '{ "name_"');
  const validation = trainer.validate({ splitIdx: 0, metrics: ["loss"] });
  await expect(validation).rejects.toThrow(CannotReadJsonError);
  await expect(validation).rejects.toThrow(
    /loader cannot be restored from .*dataloader\.json: .*JSON.*\{ dataloader \}/s,
  );
  writeFileSync(data.train(0).datasetJson, "{}");
  const resumed = trainer.resume({ splitIdx: 0, numEpochs: 2 });
  await expect(resumed).rejects.toThrow(
    /dataset cannot be restored from .*dataset\.json: .*resume\(\{ splitIdx: 0, split \}\)/s,
  );
});
