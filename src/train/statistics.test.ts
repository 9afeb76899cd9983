import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { DataLoader } from "../data/dataloader/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import { LossMetricConfig, ROCAUCMetricConfig } from "../metrics/index.ts";
import { ToyDataset, toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";
import type { Trainer } from "./trainer.ts";

const trainers = Trainers.forEachTest();
const loader = () => new DataLoader(new ToyDataset([30, 31, 32, 33, 34, 35]), { batchSize: 4, shuffle: false });

async function trained(): Promise<Trainer> {
  const metrics = { loss: new LossMetricConfig(), auc: new ROCAUCMetricConfig() };
  const trainer = trainers.make("maps", { metrics, optimization: { numEpochs: 1 } });
  await trainer.train(toySplit(), { computational });
  return trainer;
}

it("are written beside the values of a test, which stay as they are", async () => {
  const trainer = await trained();
  const final = { modelCheckpoint: "split-0_final", dataloader: loader(), computational };
  await trainer.test({ ...final, groupName: "plain" });
  const intervals = { n: 200, stratify: "label", method: "percentile" } as const;
  await trainer.test({ ...final, groupName: "more", intervals, groups: ["label"] });
  const metricsOf = (group: string) => trainer.maps.test.group(group).results(0, "final").metrics;
  const [plain, more] = [metricsOf("plain"), metricsOf("more")];
  const [values = {}] = readTsv(more.aggregatedTsv);
  expect([values]).toEqual(readTsv(plain.aggregatedTsv));
  expect(existsSync(plain.table("intervals"))).toBe(false);
  const rows = readTsv(more.table("intervals"));
  expect(rows.map(({ metric, value, n_participants }) => [metric, value, n_participants])).toEqual([
    ["loss", values.loss, 6],
    ["auc", values.auc, 6],
  ]);
  for (const { lower, value, upper, stratified_by, n_defined } of rows) {
    expect(Number(lower)).toBeLessThanOrEqual(Number(value));
    expect(Number(value)).toBeLessThanOrEqual(Number(upper));
    expect([stratified_by, n_defined]).toEqual(["label", 200]);
  }
  const groups = readTsv(more.table("groups"));
  expect(groups.map(({ group, metric, n_samples }) => `${group} ${metric} ${n_samples}`)).toEqual([
    ...["0 loss 3", "0 auc 3", "1 loss 3", "1 auc 3"],
  ]);
  // of one class only
  expect(groups[1]?.value).toBe(null);
  trainer.maps.read();
  // they are the MAPS' own, and go with it
  trainer.maps.remove({ nonEmptyOk: true });
  expect(existsSync(trainer.maps.path)).toBe(false);
});

it("of a validation are those of each model, and gone when its metrics are computed without", async () => {
  const trainer = await trained();
  const { dataloader } = { dataloader: toySplit().valLoader };
  const run = { splitIdx: 0, metrics: ["loss"], dataloader };
  await trainer.validate({ ...run, intervals: { n: 50 } });
  const { models } = trainer.maps.training.split(0);
  const tables = models.list.map((name) => models.getCheckpointDir(name).validationMetrics.table("intervals"));
  for (const table of tables) expect(readTsv(table).map(({ metric }) => metric)).toEqual(["loss"]);
  await trainer.validate(run);
  for (const table of tables) expect(existsSync(table)).toBe(false);
});

it("are refused before anything is computed", async () => {
  const trainer = await trained();
  const run = { modelCheckpoint: "split-0_final", groupName: "new", dataloader: loader(), computational };
  await expect(trainer.test({ ...run, groups: ["sex"] })).rejects.toThrow(
    /test: 'groups': the data have no column 'sex'/,
  );
  await expect(trainer.test({ ...run, intervals: { level: 2 } })).rejects.toThrow(/test: 'intervals'.*level/s);
  expect(trainer.maps.test.groupsList).toEqual([]);
});
