/** Trainings on the device: they learn, go on to the same bits, and write what they write on a CPU. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LoggerCallback, MonitorCallback, TrainingCheckpointCallback } from "../../../src/callbacks/index.ts";
import { DataLoader } from "../../../src/data/dataloader/index.ts";
import { BCEWithLogitsLossConfig } from "../../../src/losses/index.ts";
import { SupervisedModel } from "../../../src/models/index.ts";
import { AdamConfig } from "../../../src/optim/index.ts";
import { Callback, ComputationalConfig, type ComputationalOptions, type EventArgs } from "../../../src/run/index.ts";
import * as torch from "../../../src/torch/index.ts";
import { ToyDataset, toySplit } from "../../../src/train/fixtures/toy.ts";
import { Trainer } from "../../../src/train/index.ts";
import type { Check, Place } from "../check.ts";

/** Each of its layers has a way back on a GPU that gives the same bits each time. */
function model(): SupervisedModel {
  const { BatchNorm3d, Conv3d, Dropout, Flatten, Linear, ReLU, Sequential } = torch.nn;
  const network = new Sequential(
    new Conv3d(1, 4, 3),
    new BatchNorm3d(4),
    new ReLU(),
    new Flatten(),
    new Dropout(0.3),
    new Linear(864, 1),
  );
  return new SupervisedModel({
    network,
    loss: new BCEWithLogitsLossConfig(),
    optimizer: new AdamConfig({ lr: 0.003 }),
  });
}

/** Fails once, at the beginning of an epoch. */
class Fails extends Callback {
  static readonly name_ = "Fails";
  #left: number;
  constructor(times = 1) {
    super();
    this.#left = times;
  }
  override onEpochStart({ state }: EventArgs<"onEpochStart">): void {
    if (state.currentEpoch !== 3 || this.#left === 0) return;
    this.#left--;
    throw new Error("failed on purpose");
  }
}

interface Options extends ComputationalOptions {
  readonly callbacks?: readonly Callback[];
  readonly numEpochs?: number;
  readonly numWorkers?: number;
}

async function train(place: Place, name: string, options: Options = {}): Promise<string> {
  const { callbacks = [], numEpochs = 4, numWorkers = 0, ...computational } = options;
  const maps = join(place.folder, name);
  using trained = model();
  using trainer = new Trainer({
    maps,
    model: trained,
    optimization: { numEpochs, accumulationSteps: 2, clipGradNorm: 1 },
    callbacks: [
      new LoggerCallback({ progressBar: false }),
      new TrainingCheckpointCallback({ everyNEpochs: 1 }),
      ...callbacks,
    ],
  });
  const split = toySplit();
  if (numWorkers > 0) split.buildTrainLoader({ batchSize: 4, shuffle: true, numWorkers });
  const config = new ComputationalConfig({
    gpu: place.device === "cuda",
    amp: false,
    seed: 42,
    deterministic: true,
    ...computational,
  });
  try {
    await trainer.train(split, { computational: config });
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes("failed on purpose")) throw error;
    await trainer.resume({ splitIdx: 0, split: toySplit() });
  }
  return maps;
}

const file = (maps: string, ...path: readonly string[]) => readFileSync(join(maps, "training", "split-0", ...path));
function lossesOf(maps: string): number[] {
  const [header = "", ...rows] = file(maps, "logs", "training_loss.tsv").toString().trim().split("\n");
  const column = header.split("\t").indexOf("loss");
  return rows.map((row) => Number(row.split("\t")[column]));
}
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function assertLearned(maps: string): number[] {
  const losses = lossesOf(maps);
  assert.ok(losses.length >= 8 && losses.every(Number.isFinite), `losses: ${losses.join(", ")}`);
  const [first, last] = [mean(losses.slice(0, 3)), mean(losses.slice(-3))];
  assert.ok(last < first, `the loss went from ${first} to ${last}`);
  return losses;
}

export const training: readonly Check[] = [
  {
    name: "a training learns",
    async run(place) {
      const losses = assertLearned(await train(place, "learns", { numEpochs: 8 }));
      return { figure: `loss ${losses[0]?.toFixed(3)} to ${losses.at(-1)?.toFixed(3)}` };
    },
  },
  {
    name: "the same seed gives the same bits",
    async run(place) {
      const [a, b] = [await train(place, "first"), await train(place, "second")];
      for (const path of ["models/final/model.pt", "logs/training_loss.tsv", "validation_metrics/aggregated.tsv"])
        assert.ok(file(a, path).equals(file(b, path)), path);
    },
  },
  {
    name: "one that fails and is resumed ends with the same bits",
    async run(place) {
      const whole = await train(place, "whole", { callbacks: [new Fails(0)] });
      const resumed = await train(place, "resumed", { callbacks: [new Fails()] });
      for (const path of ["models/final/model.pt", "logs/training_loss.tsv", "validation_metrics/aggregated.tsv"])
        assert.ok(file(whole, path).equals(file(resumed, path)), path);
    },
  },
  {
    name: "mixed precision learns, float16 with its scaler",
    async run(place) {
      assertLearned(await train(place, "amp", { amp: true, numEpochs: 8, deterministic: false }));
    },
  },
  {
    name: "mixed precision is resumed to the same bits, the scaler with it",
    async run(place) {
      const whole = await train(place, "amp-whole", { amp: true, callbacks: [new Fails(0)] });
      const resumed = await train(place, "amp-resumed", { amp: true, callbacks: [new Fails()] });
      assert.ok(file(whole, "models/final/model.pt").equals(file(resumed, "models/final/model.pt")));
    },
  },
  {
    name: "channels-last and contiguous networks learn alike",
    async run(place) {
      const [a, b] = [
        lossesOf(await train(place, "last", { channelsLast: true, numEpochs: 2 })),
        lossesOf(await train(place, "contiguous", { channelsLast: false, numEpochs: 2 })),
      ];
      assert.equal(a.length, b.length);
      for (const [i, loss] of a.entries()) assert.ok(Math.abs(loss - (b[i] ?? Number.NaN)) < 1e-4, `${loss}, ${b[i]}`);
    },
  },
  {
    name: "threads load, and batches are page-locked",
    async run(place) {
      const [a, b] = [await train(place, "here"), await train(place, "threads", { numWorkers: 2 })];
      assert.ok(file(a, "models/final/model.pt").equals(file(b, "models/final/model.pt")));
    },
  },
  {
    name: "times and memory of the device are in the summary",
    async run(place) {
      const monitor = new MonitorCallback();
      await train(place, "monitor", { callbacks: [monitor] });
      const state = monitor.stateDict();
      const { forward } = state as { forward: { gpu_times: readonly unknown[]; gpu_max_mem: readonly number[] } };
      if (place.device === "cpu") return { leftOut: "it is a GPU's" };
      assert.ok(forward.gpu_times.length > 0 && forward.gpu_max_mem.every((bytes) => bytes > 0));
      return;
    },
  },
  {
    name: "a MAPS of the device is tested on the CPU",
    async run(place) {
      const maps = await train(place, "moves", { numEpochs: 2 });
      using opened = model();
      using trainer = await Trainer.fromMaps(maps, { model: opened, callbacks: [] });
      const dataloader = new DataLoader(new ToyDataset([30, 31, 32, 33, 34]), { batchSize: 2, shuffle: false });
      const common = { modelCheckpoint: "split-0_final", groupName: "others", dataloader } as const;
      await trainer.test({ ...common, computational: new ComputationalConfig({ gpu: false }) });
      const table = join(maps, "test", "group-others", "results", "split-0", "final", "metrics", "aggregated.tsv");
      assert.match(readFileSync(table, "utf8"), /\d/);
    },
  },
  {
    name: "a gradient hook in JavaScript is called, or refused in words",
    run({ device }) {
      using _scope = torch.scope();
      const x = torch.ones([2], { device, requiresGrad: true });
      x.registerHook((gradient) => gradient.mul(10));
      const backward = () => x.mul(3).sum().backward();
      if (device === "cuda") assert.throws(backward, /functions in JavaScript run for CPU tensors only/);
      else {
        backward();
        assert.deepEqual(x.grad?.toArray(), [30, 30]);
      }
    },
  },
];
