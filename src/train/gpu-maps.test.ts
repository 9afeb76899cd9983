import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Callback, type EventArgs, ModelCheckpointCallback, TrainingCheckpointCallback } from "../callbacks/index.ts";
import { DataLoader } from "../data/dataloader/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import * as torch from "../torch/index.ts";
import { openSource } from "../torch/serialization/byte-source.ts";
import { ZipReader } from "../torch/serialization/zip-reader.ts";
import { ZipWriter } from "../torch/serialization/zip-writer.ts";
import { ToyDataset, toySplit } from "./fixtures/toy.ts";
import { computational, Trainers, weights } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();

/** Marks the tensors of a file as those of a GPU, as ClinicaDL's are. */
function markAsGpu(path: string): void {
  const text = (value: string) => Buffer.from([0x58, value.length, 0, 0, 0, ...Buffer.from(value)]);
  const zip = new ZipWriter();
  const chunks: Uint8Array[] = [];
  using source = openSource(path);
  const reader = new ZipReader(source);
  for (const name of reader.names()) {
    let bytes = Buffer.from(reader.read(name));
    if (name.endsWith("/data.pkl")) {
      const marked = bytes
        .toString("latin1")
        .replaceAll(text("cpu").toString("latin1"), text("cuda:0").toString("latin1"));
      bytes = Buffer.from(marked, "latin1");
      expect(marked).toContain("cuda:0");
    }
    chunks.push(...zip.add(name, bytes));
  }
  writeFileSync(path, Buffer.concat([...chunks, ...zip.finish()]));
}

/** Once, in the third epoch. */
class Fails extends Callback {
  #failed = false;
  override onEpochStart({ state }: EventArgs<"onEpochStart">): void {
    if (state.currentEpoch !== 3 || this.#failed) return;
    this.#failed = true;
    throw new Error("failed");
  }
}

const options = (...more: Callback[]) => ({
  metrics: { loss: new LossMetricConfig(), mae: new MAEMetricConfig() },
  optimization: { numEpochs: 4 },
  callbacks: [
    new TrainingCheckpointCallback({ everyNEpochs: 1 }),
    new ModelCheckpointCallback({ metric: "loss" }),
    ...more,
  ],
});

describe("a MAPS of a training on a GPU (D70)", () => {
  it("is resumed, validated and tested on the CPU, if that is said", async () => {
    await trainers.make("whole", options()).train(toySplit(), { computational });
    const trainer = trainers.make("maps", options(new Fails()));
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("failed");
    const split = trainers.path("maps", "training/split-0");
    const recorded = JSON.parse(readFileSync(`${split}/computational.json`, "utf8"));
    writeFileSync(`${split}/computational.json`, JSON.stringify({ ...recorded, gpu: true }));
    for (const file of readdirSync(split, { recursive: true, encoding: "utf8" })) {
      if (/(model|optimizer)\.pt$/.test(file)) markAsGpu(`${split}/${file}`);
      if (file.endsWith(".manifest.json")) rmSync(`${split}/${file}`);
    }

    const restored = await trainers.fromMaps("maps", { callbacks: options().callbacks });
    const dataloader = new DataLoader(new ToyDataset([30, 31]), { batchSize: 2, shuffle: false });
    const onCpu = { computational: { gpu: false } };
    await restored.test({ modelCheckpoint: "split-0_best-loss", groupName: "g", dataloader, ...onCpu });
    if (!torch.cuda.isAvailable()) {
      const remedy = /recorded with a GPU; go on without one by \{ computational: \{ gpu: false \} \}/;
      await expect(restored.resume({ splitIdx: 0, split: toySplit() })).rejects.toThrow(remedy);
      const validation = { splitIdx: 0, metrics: ["mae"], dataloader: toySplit().valLoader };
      await expect(restored.validate(validation)).rejects.toThrow(remedy);
    }
    await restored.resume({ splitIdx: 0, split: toySplit(), ...onCpu });
    expect(trainers.differences("maps", "whole")).toEqual([]);
    const best = (name: string) =>
      weights(trainers.path(name, "training/split-0/models/best_models/best-loss/model.pt"));
    expect(best("maps")).toEqual(best("whole"));
    await restored.validate({ splitIdx: 0, metrics: ["mae"], dataloader: toySplit().valLoader, ...onCpu });
  });
});
