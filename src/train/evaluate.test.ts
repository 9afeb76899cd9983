import { existsSync, readdirSync, rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Callback, ModelCheckpointCallback } from "../callbacks/index.ts";
import { DataLoader } from "../data/dataloader/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import { LossMetricConfig, MAEMetricConfig, MSEMetricConfig } from "../metrics/index.ts";
import { Split } from "../split/index.ts";
import { ToyDataset, toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";
import type { Trainer } from "./trainer.ts";

const trainers = Trainers.forEachTest();
const metrics = { loss: new LossMetricConfig(), mae: new MAEMetricConfig(), mse: new MSEMetricConfig() };
const loader = (...ids: number[]) => new DataLoader(new ToyDataset(ids), { batchSize: 2, shuffle: false });

async function trained(callbacks: readonly Callback[] = [], split = toySplit()): Promise<Trainer> {
  const trainer = trainers.make("maps", { metrics, optimization: { numEpochs: 2 }, callbacks });
  await trainer.train(split, { computational, metrics: ["loss"] });
  return trainer;
}
const table = (...parts: string[]) => readTsv(trainers.path("maps", ...parts));

describe("validate", () => {
  it("adds metrics to the tables of all models, or of one, and changes no other value", async () => {
    const trainer = await trained([new ModelCheckpointCallback({ metric: "loss", epochs: [1] })]);
    const file = (model: string) => `training/split-0/models/${model}/validation_metrics/details.tsv`;
    const models = ["best_models/best-loss", "checkpoints/epoch-1", "final"];
    const before = models.map((model) => table(file(model)));
    await trainer.validate({ splitIdx: 0, metrics: ["mae"], dataloader: toySplit().valLoader });
    await trainer.validate({
      splitIdx: 0,
      metrics: ["mse"],
      dataloader: toySplit().valLoader,
      modelCheckpoint: "epoch-1",
    });
    for (const [i, model] of models.entries()) {
      const rows = table(file(model));
      const more = model === "checkpoints/epoch-1" ? ["mae", "mse"] : ["mae"];
      const columns = ["epoch", "participant_id", "session_id", "loss", ...more];
      expect(rows.map((row) => Object.keys(row))).toEqual(rows.map(() => columns));
      const withoutMore = rows.map((row) =>
        Object.fromEntries(Object.entries(row).filter(([key]) => !more.includes(key))),
      );
      expect(withoutMore).toEqual(before[i]);
      for (const row of rows) expect(Number(row.mae)).toBeGreaterThan(0);
    }
    // and again, in place of the former values
    await trainer.validate({ splitIdx: 0, metrics: ["mae"], dataloader: toySplit().valLoader });
    expect(table(file("final"))).toHaveLength(4);
  });

  it("gives each row of a session its own (D48)", async () => {
    // as with patches: several samples a session
    const rows = () => {
      const valDataset = new ToyDataset([20, 20, 20, 21, 21, 21]);
      const split = new Split({ index: 0, trainDataset: new ToyDataset([1, 2, 3, 4]), valDataset });
      split.buildTrainLoader({ batchSize: 2 });
      split.buildValLoader({ batchSize: 2 });
      return split;
    };
    const trainer = await trained([], rows());
    await trainer.validate({ splitIdx: 0, metrics: ["mae"], dataloader: rows().valLoader });
    const details = table("training/split-0/models/final/validation_metrics/details.tsv");
    expect(details.map((row) => row.participant_id)).toEqual([...Array(3).fill("sub-20"), ...Array(3).fill("sub-21")]);
    for (const row of details) expect([typeof row.loss, typeof row.mae]).toEqual(["number", "number"]);
  });

  it("has a directory of its own in exec/ for each model, within one second too (D24)", async () => {
    const trainer = await trained([new ModelCheckpointCallback({ metric: "loss", epochs: [1, 2] })]);
    await trainer.validate({ splitIdx: 0, metrics: ["mae"], dataloader: toySplit().valLoader });
    const runs = trainer.maps.exec.runsList.filter((name) => name.startsWith("validate"));
    expect(runs).toHaveLength(4);
    const told = runs.map((run) => trainers.text("maps", "exec", `run-${run}`, "info.log"));
    for (const model of ["best-loss", "epoch-1", "epoch-2", "final"]) {
      expect(
        told.filter((text) => text.includes(`Beginning of validation of checkpoint '${model}' on split 0`)),
      ).toHaveLength(1);
    }
  });

  it("refuses what is not there, before it writes anything", async () => {
    const trainer = await trained();
    const before = readdirSync(trainers.dir, { recursive: true });
    const dataloader = toySplit().valLoader;
    for (const [options, message] of [
      [{ splitIdx: 3, metrics: ["mae"] }, /no training on split 3 in .*Its splits are: 0/],
      [{ splitIdx: 0, metrics: ["auc"] }, /no metric 'auc'/],
      [{ splitIdx: 0 }, /'metrics' got undefined. Expected names of metrics/],
      [{ splitIdx: 0, metrics: ["mae"], modelCheckpoint: "best-mae" }, /best-mae.*does not exist.*are: final/],
      [{ splitIdx: 0, metrics: ["mae"], modelCheckpoint: "last" }, /named 'split-0_last'.*Expected/],
      [{ splitIdx: 0, metrics: ["mae"], checkpoint: "final" }, /unknown option 'checkpoint'/],
    ] as const) {
      await expect(trainer.validate({ dataloader, ...options } as never)).rejects.toThrow(message);
    }
    expect(readdirSync(trainers.dir, { recursive: true })).toEqual(before);
    await expect(trainer.validate({ splitIdx: 0, metrics: ["mae"], dataloader: loader(20, 21) })).rejects.toThrow(
      /validation data are not those of .*sub-22 ses-M000/,
    );
  });

  it("shows no model in training, and leaves the Trainer's metrics as they are", async () => {
    const trainer = await trained();
    await trainer.validate({ splitIdx: 0, metrics: ["mae"], dataloader: toySplit().valLoader });
    expect(trainer.metrics.metricNames).toEqual(["loss", "mae", "mse"]);
    expect(trainer.state.called).toBe("validate");
    expect(trainer.model.training).toBe(false);
  });
});

describe("test", () => {
  const test = { modelCheckpoint: "split-0_final", groupName: "other", computational };

  it("writes all metrics, or some, and the set-up, beside the data", async () => {
    const trainer = await trained();
    await trainer.test({ ...test, dataloader: loader(30, 31, 32), metrics: ["mae"] });
    const results = "test/group-other/results/split-0/final";
    expect(Object.keys(table(results, "metrics/aggregated.tsv")[0] ?? {})).toEqual(["mae"]);
    expect(table(results, "metrics/details.tsv").map((row) => row.participant_id)).toEqual([
      "sub-30",
      "sub-31",
      "sub-32",
    ]);
    expect(JSON.parse(trainers.text("maps", results, "computational.json"))).toMatchObject({ gpu: false, seed: 42 });
    expect(table("test/group-other/data.tsv")).toHaveLength(3);
    expect(trainers.text("maps", "summary.log")).toMatch(/Test -+\n\nGroups\n {3}- other\n/);
    expect(existsSync(trainers.path("maps", results, "warning.log"))).toBe(true);
  });

  it("tests another model on a known group, whose data are not replaced by others", async () => {
    const trainer = await trained([new ModelCheckpointCallback({ metric: "loss", epochs: [1] })]);
    await trainer.test({ ...test, dataloader: loader(30, 31) });
    const best = { ...test, modelCheckpoint: "split-0_best-loss" };
    await expect(trainer.test({ ...best, dataloader: loader(30, 33) })).rejects.toThrow(
      /not those of .*sub-31.*sub-33/,
    );
    await trainer.test({ ...best, dataloader: loader(31, 30) });
    expect(trainer.maps.test.group("other").checkpointsList(0)).toEqual(["best-loss", "final"]);
    await expect(trainer.test({ ...best, dataloader: loader(30, 31) })).rejects.toThrow(
      /tested on the group 'other' already/,
    );
    rmSync(trainer.maps.test.group("other").results(0, "best-loss").path, { recursive: true });
    await trainer.test({ ...best, dataloader: loader(30, 31) });
  });

  it("works with names that hold '_', and refuses those that could not be read again (D25)", async () => {
    const trainer = trainers.make("maps", {
      metrics: { my_loss: new LossMetricConfig() },
      optimization: { numEpochs: 1 },
      callbacks: [new ModelCheckpointCallback({ metric: "my_loss" })],
    });
    await trainer.train(toySplit(), { computational });
    const dataloader = loader(30, 31);
    await trainer.test({ ...test, modelCheckpoint: "split-0_best-my_loss", groupName: "a_b", dataloader });
    trainer.maps.read();
    expect(trainer.maps.test.groupsList).toEqual(["a_b"]);
    await expect(trainer.test({ ...test, groupName: "a-b", dataloader })).rejects.toThrow(/'a-b'.*no '-'/);
    expect(() => new ModelCheckpointCallback({ metric: "val-loss" })).toThrow(/'val-loss'.*no '-'/);
    expect(trainer.maps.test.groupsList).toEqual(["a_b"]);
  });

  it("that fails leaves a MAPS that can be read, and can be repeated (D3)", async () => {
    class Fails extends Callback {
      #times = 0;
      override onEvaluationStepStart({ state }: Parameters<Callback["onEvaluationStepStart"]>[0]): void {
        if (state.called === "test" && this.#times++ === 0) throw new Error("failed");
      }
    }
    const trainer = await trained([new Fails()]);
    await expect(trainer.test({ ...test, dataloader: loader(30, 31) })).rejects.toThrow("failed");
    trainer.maps.read();
    await trainer.test({ ...test, dataloader: loader(30, 31) });
    expect(table("test/group-other/results/split-0/final/metrics/aggregated.tsv")).toHaveLength(1);
  });
});
