import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Callback, type EventArgs, TrainingCheckpointCallback } from "../callbacks/index.ts";
import { BCEWithLogitsLossConfig } from "../losses/index.ts";
import { SupervisedModel } from "../models/index.ts";
import { CNNConfig } from "../networks/index.ts";
import { AdamConfig } from "../optim/index.ts";
import * as torch from "../torch/index.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers, weights } from "./fixtures/trainers.ts";
import type { Trainer } from "./trainer.ts";

const trainers = Trainers.forEachTest();
const optimization = { numEpochs: 3 };
const part = "network.convolutions";
const final = (name: string, split = 0) => trainers.path(name, `training/split-${split}/models/final/model.pt`);
const below = (all: Map<string, number[]>, path: string) => [...all].filter(([name]) => name.startsWith(path));

/** The toy, with batch normalisation among its convolutions; always with the same weights. */
function batchModel(): SupervisedModel {
  torch.manualSeed(5);
  return new SupervisedModel({
    network: new CNNConfig({
      inShape: [1, 8, 8, 8],
      numOutputs: 1,
      convArgs: { channels: [4, 8], norm: "batch" },
      mlpArgs: { hiddenDims: [8], dropout: 0.3 },
    }),
    loss: new BCEWithLogitsLossConfig(),
    optimizer: new AdamConfig({ lr: 0.01 }),
  });
}

/** A MAPS with a trained model. */
async function pretrained(): Promise<void> {
  await trainers
    .make("pre", { model: batchModel(), optimization })
    .train(toySplit(), { computational: { ...computational, seed: 1 } });
}
function loaded(freeze: Parameters<SupervisedModel["loadWeights"]>[2] = {}): SupervisedModel {
  const model = batchModel();
  model.loadWeights(trainers.path("pre"), "split-0_final", { prefix: part, ...freeze });
  return model;
}
/** Keeps the weights with which a training begins. */
class Begins extends Callback {
  readonly weights: Map<string, number[]>[] = [];
  override onTrainStart({ model }: EventArgs<"onTrainStart">): void {
    this.weights.push(
      new Map([...model.stateDict()].map(([k, v]) => [k, Array.from(v.toTypedArray() as Float32Array, Number)])),
    );
  }
}
/** Fails once, in an epoch. */
class Fails extends Callback {
  override onEpochStart({ state }: EventArgs<"onEpochStart">): void {
    if (state.currentEpoch === 2) throw new Error("failed");
  }
}

describe("weights that were loaded", () => {
  it.each([true, false])(
    "are those with which each training begins (resetModel: %s); the others are new, or as they were",
    async (resetModel) => {
      await pretrained();
      const begins = new Begins();
      const trainer = trainers.make("maps", {
        model: loaded(),
        optimization: { numEpochs: 1, resetModel },
        callbacks: [begins],
      });
      for (const index of [0, 1]) {
        await trainer.train(toySplit({ index }), { computational: { ...computational, seed: index } });
      }
      const [first, second] = begins.weights;
      const saved = below(weights(final("pre")), part);
      expect(saved.length).toBeGreaterThan(5);
      expect(below(first!, part)).toEqual(saved);
      expect(below(second!, part)).toEqual(saved);
      const heads = [first, second].map((all) => JSON.stringify(below(all!, "network.mlp")));
      expect(heads[0] === heads[1]).toBe(!resetModel);
      // they learn
      expect(below(weights(final("maps")), part)).not.toEqual(saved);
    },
  );

  it("after the Trainer was made, too", async () => {
    await pretrained();
    for (const resetModel of [true, false]) {
      const begins = new Begins();
      const name = `maps-${resetModel}`;
      const trainer = trainers.make(name, {
        model: batchModel(),
        optimization: { numEpochs: 1, resetModel },
        callbacks: [begins],
      });
      trainer.model.loadWeights(trainers.path("pre"), "split-0_final", { prefix: part });
      await trainer.train(toySplit(), { computational });
      expect(below(begins.weights[0]!, part)).toEqual(below(weights(final("pre")), part));
    }
  });

  it("frozen ones stay, with their statistics if asked; the MAPS says what was frozen and from where", async () => {
    await pretrained();
    const saved = new Map(below(weights(final("pre")), part));
    const trained = async (name: string, keepStatistics: boolean) => {
      const trainer = trainers.make(name, { model: loaded({ freeze: { keepStatistics } }), optimization });
      await trainer.train(toySplit(), { computational });
      return new Map(below(weights(final(name)), part));
    };
    expect(await trained("kept", true)).toEqual(saved);
    const moved = await trained("moved", false);
    const different = [...moved].filter(([name, values]) => JSON.stringify(values) !== JSON.stringify(saved.get(name)));
    expect(different.map(([name]) => name.split(".").at(-1)).sort()).toEqual([
      "num_batches_tracked",
      "running_mean",
      "running_var",
    ]);

    const record = JSON.parse(trainers.text("kept", "training/split-0/.clinicadl-ts/weights.json"));
    expect(record.loaded).toEqual([{ from: final("pre"), names: [...saved.keys()] }]);
    expect(record.frozen).toEqual([...saved.keys()].filter((name) => !/running|tracked/.test(name)));
    expect(record.fixed_statistics).toEqual([`${part}.layer0.adn.N`]);
    // a training without any has no such file
    expect(existsSync(trainers.path("pre", "training/split-0/.clinicadl-ts/weights.json"))).toBe(false);
  });

  it("an interrupted training goes on in a new process with the same weights frozen, and the same statistics", async () => {
    await pretrained();
    const callbacks = () => [new TrainingCheckpointCallback({ everyNEpochs: 1 })];
    const model = () => loaded({ freeze: { keepStatistics: true } });
    await trainers
      .make("whole", { model: model(), optimization, callbacks: callbacks() })
      .train(toySplit(), { computational });
    const begun = trainers.make("maps", { model: model(), optimization, callbacks: callbacks() });
    begun.callbacks.addCallbacks([new Fails()]);
    await expect(begun.train(toySplit(), { computational })).rejects.toThrow("failed");
    // the weights are in the checkpoint: where they came from is not needed any more
    rmSync(trainers.path("pre"), { recursive: true });
    const restored = await trainers.fromMaps("maps");
    await restored.resume({ splitIdx: 0, split: toySplit() });
    expect(trainers.differences("maps", "whole")).toEqual([]);

    const record = trainers.path("maps", "training/split-0/.clinicadl-ts/weights.json");
    const text = readFileSync(record, "utf8");
    for (const [damaged, message] of [
      [text.replace('"frozen"', '"forzen"'), /weights\.json is damaged/],
      [
        text.replace(/"[\w.]+\.layer0\.adn\.N"/, `"${part}.layer9"`),
        /weights\.json names network\.convolutions\.layer9, which SupervisedModel does not have/,
      ],
    ] as const) {
      writeFileSync(record, damaged);
      const other: Trainer = await trainers.fromMaps("maps");
      await expect(other.resume({ splitIdx: 0, numEpochs: 5, split: toySplit() })).rejects.toThrow(message);
    }
  });

  it("are missed where the other splits began with them, and where nothing is left to learn", async () => {
    await pretrained();
    await trainers
      .make("maps", { model: loaded(), optimization: { numEpochs: 1 } })
      .train(toySplit(), { computational });
    const restored = await trainers.fromMaps("maps");
    await expect(restored.train(toySplit({ index: 1 }), { computational })).rejects.toThrow(
      /other trainings of .*maps began with weights of .*pre.*model\.pt.*trainer\.model\.loadWeights/s,
    );
    restored.model.loadWeights(trainers.path("pre"), "split-0_final", { prefix: part });
    await restored.train(toySplit({ index: 1 }), { computational });

    const frozen = batchModel();
    frozen.loadWeights(trainers.path("pre"), "split-0_final", { freeze: true });
    const trainer = trainers.make("frozen", { model: frozen });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow(
      /only frozen weights: nothing would be learnt/,
    );
    expect(trainer.maps.training.splitsList).toEqual([]);
  });

  it("parameters that were frozen by hand are frozen after a resume in a new process, too", async () => {
    const model = () => {
      const made = batchModel();
      (made.network.getSubmodule("convolutions") as torch.nn.Module).requiresGrad_(false);
      return made;
    };
    const callbacks = () => [new TrainingCheckpointCallback({ everyNEpochs: 1 })];
    await trainers
      .make("whole", { model: model(), optimization, callbacks: callbacks() })
      .train(toySplit(), { computational });
    const begun = trainers.make("maps", { model: model(), optimization, callbacks: callbacks() });
    begun.callbacks.addCallbacks([new Fails()]);
    await expect(begun.train(toySplit(), { computational })).rejects.toThrow("failed");
    await (await trainers.fromMaps("maps")).resume({ splitIdx: 0, split: toySplit() });
    expect(trainers.differences("maps", "whole")).toEqual([]);
  });
});
