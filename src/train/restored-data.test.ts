import { rmSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { DataLoader } from "../data/dataloader/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import { CannotReadJsonError } from "../utils/exceptions.ts";
import { cohortSplit, makeCohort } from "./fixtures/cohort.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

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
