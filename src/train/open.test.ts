import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EarlyStoppingCallback, TrainingCheckpointCallback } from "../callbacks/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import { type Model, SupervisedModel } from "../models/index.ts";
import { AdamConfig } from "../optim/index.ts";
import * as torch from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { ownSplit } from "./fixtures/concurrent.ts";
import { toyModel, toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";
import type { OpenOptions } from "./options.ts";
import { Trainer } from "./trainer.ts";

const trainers = Trainers.forEachTest();
const optimization = { numEpochs: 2 };
const options = (more: Partial<OpenOptions> = {}): OpenOptions => ({
  maps: trainers.path("maps"),
  optimization,
  ...more,
  model: more.model ?? toyModel(),
});
async function refused(more: Partial<OpenOptions>): Promise<string> {
  const given = options(more);
  const error = await Trainer.open(given).catch((e: unknown) => e);
  given.model.dispose();
  expect(error).toBeInstanceOf(ConfigError);
  return String(error);
}

describe("Trainer.open", () => {
  it("makes the MAPS, and then opens it; what is there stays", async () => {
    using first = await Trainer.open(options());
    await first.train(toySplit(), { computational });
    using second = await Trainer.open(options());
    expect(second.maps.training.splitsList).toEqual([0]);
    await second.train(toySplit({ index: 1 }), { computational });
    trainers.make("alone", { optimization });
    using alone = await trainers.fromMaps("alone");
    await alone.train(toySplit({ index: 1 }), { computational });
    expect(trainers.differences("maps", "alone", { split: 1 })).toEqual([]);
  });

  it("lists all that differs from what is recorded", async () => {
    trainers.make("maps", { optimization, metrics: { loss: new LossMetricConfig() } });
    const learningRate = (lr: number): Model =>
      new SupervisedModel({
        network: toyModel().network,
        loss: { name_: "BCEWithLogitsLoss" },
        optimizer: new AdamConfig({ lr }),
      });
    const logger = { callbacks: [] };
    const message = await refused({
      ...logger,
      model: learningRate(0.5),
      optimization: { numEpochs: 3 },
      metrics: { loss: new LossMetricConfig(), mae: new MAEMetricConfig() },
    });
    expect(message).toMatch(/maps was made with other options:/);
    expect(message).toMatch(/model\.optimizer\.lr: 0\.01 in the MAPS, 0\.5 given/);
    expect(message).toMatch(/metrics\..*mae: nothing in the MAPS, \{.*MAE/);
    expect(message).toMatch(/optimization\.num_epochs: 2 in the MAPS, 3 given/);
    expect(message).toMatch(/callbacks\.callbacks\.0: \{.*LoggerCallback.* in the MAPS, nothing given/);
  });

  it("compares callbacks with the options that ClinicaDL does not have, and models of one's own by their text", async () => {
    const checkpoints = (keep: number) => [
      new TrainingCheckpointCallback({ keep }),
      new EarlyStoppingCallback({ metric: "loss" }),
    ];
    using _made = await Trainer.open(options({ callbacks: checkpoints(3) }));
    using _same = await Trainer.open(options({ callbacks: checkpoints(3) }));
    expect(await refused({ callbacks: checkpoints(4) })).toMatch(/callbacks\..*keep: 3 in the MAPS, 4 given/);

    class Mine extends torch.nn.Linear {}
    const own = (features: number) =>
      new SupervisedModel({
        network: new Mine(features, 1),
        loss: new torch.nn.MSELoss(),
        optimizer: new AdamConfig(),
      });
    const maps = trainers.path("own");
    using _own = await Trainer.open({ maps, model: own(3) });
    using _again = await Trainer.open({ maps, model: own(3) });
    const model = own(3);
    await expect(Trainer.open({ maps, model, overwrite: true } as OpenOptions)).rejects.toThrow(
      /Trainer\.open: unknown option 'overwrite'/,
    );
    model.dispose();
  });

  it("refuses what is not a MAPS, and changes nothing in it", async () => {
    mkdirSync(trainers.path("photos"));
    writeFileSync(trainers.path("photos", "cat.png"), "");
    const model = toyModel();
    await expect(Trainer.open({ maps: trainers.path("photos"), model })).rejects.toThrow(/photos is incomplete/);
    expect(readdirSync(trainers.path("photos"))).toEqual(["cat.png"]);
    model.dispose();
  });

  it("eight processes that begin in the same moment train on eight splits of one MAPS", async () => {
    const script = join(import.meta.dirname, "fixtures", "opening.ts");
    const maps = trainers.path("maps");
    const errors: string[] = [];
    const processes = Array.from({ length: 8 }, (_, i) =>
      spawn(process.execPath, [script, maps, String(i)], { stdio: ["pipe", "pipe", "pipe"] }),
    );
    for (const child of processes) child.stderr.on("data", (data) => errors.push(String(data)));
    await Promise.all(processes.map((child) => once(child.stdout, "data")));
    for (const child of processes) child.stdin.write("go\n");
    const ended = await Promise.all(processes.map((child) => once(child, "close")));
    expect(
      ended.map(([code]) => code),
      errors.join(""),
    ).toEqual(processes.map(() => 0));
    const trainer = await trainers.fromMaps("maps");
    expect(trainer.maps.training.splitsList).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    for (const split of trainer.maps.training.splits.values()) expect(split.models.list).toContain("final");
    expect(trainers.text("maps", "training/data/data.tsv").trim().split("\n")).toHaveLength(1 + 8 * 6);
    const alone = trainers.make("alone", { optimization: { numEpochs: 1 } });
    await alone.train(ownSplit(5), { computational: { gpu: false, seed: 1 } });
    expect(trainers.differences("maps", "alone", { split: 5 })).toEqual([]);
  });
});
