import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  Callback,
  EarlyStoppingCallback,
  type EventArgs,
  LoggerCallback,
  LRSchedulerCallback,
  ModelCheckpointCallback,
  TrainingCheckpointCallback,
} from "../callbacks/index.ts";
import { DataLoader } from "../data/dataloader/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import { SupervisedModel } from "../models/index.ts";
import { SGDConfig, StepLRConfig } from "../optim/index.ts";
import { Split } from "../split/index.ts";
import * as torch from "../torch/index.ts";
import { ToyDataset, toyModel, toySplit } from "./fixtures/toy.ts";
import type { TrainerOptions } from "./options.ts";
import { Trainer } from "./trainer.ts";

const computational = { gpu: false, seed: 42, deterministic: true };
const quiet = () => new LoggerCallback({ progressBar: false });

let dir = "";
/** Disposed after each test: a trainer that is only collected some day would change the counts of another test. */
const made: Trainer[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trainer-"));
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const trainer of made.splice(0)) trainer.dispose();
  rmSync(dir, { recursive: true, force: true });
});

/** Fails once, at the beginning of an epoch or in one of its batches. */
class Interruption extends Callback {
  #at: { epoch: number; batch: number } | null;
  constructor(epoch: number, batch = 0) {
    super();
    this.#at = { epoch, batch };
  }
  override onEpochStart(args: EventArgs<"onEpochStart">): void {
    this.#check(args.state.currentEpoch, 0);
  }
  override onBatchEnd({ state }: EventArgs<"onBatchEnd">): void {
    if (state.stage === "training") this.#check(state.currentEpoch, state.currentTrainBatch);
  }
  #check(epoch: number, batch: number): void {
    if (this.#at?.epoch !== epoch || this.#at.batch !== batch) return;
    this.#at = null;
    throw new Error("interrupted");
  }
}

function make(name: string, callbacks: Callback[] = [], options: Partial<TrainerOptions> = {}): Trainer {
  const trainer = new Trainer({
    maps: join(dir, name),
    model: toyModel(),
    metrics: { loss: new LossMetricConfig(), mae: new MAEMetricConfig() },
    optimization: { numEpochs: 4, accumulationSteps: 2 },
    callbacks: [
      quiet(),
      new TrainingCheckpointCallback({ everyNEpochs: 1 }),
      new ModelCheckpointCallback({ metric: "loss", epochs: [2] }),
      new EarlyStoppingCallback({ metric: "loss", patience: 10 }),
      new LRSchedulerCallback({ scheduler: new StepLRConfig({ stepSize: 1, gamma: 0.5 }) }),
      ...callbacks,
    ],
    ...options,
  });
  made.push(trainer);
  return trainer;
}

function weights(path: string): Map<string, number[]> {
  using _scope = torch.scope();
  const state = torch.load(path) as Map<string, torch.Tensor>;
  return new Map([...state].map(([name, tensor]) => [name, Array.from(tensor.toTypedArray() as Float32Array, Number)]));
}

const SAME = ["logs/training_loss.tsv", "logs/learning_rates/optimizer.tsv", "validation_metrics/details.tsv"];

function expectSameRun(a: string, b: string): void {
  for (const model of ["final", "best_models/best-loss", "checkpoints/epoch-2"]) {
    const path = `training/split-0/models/${model}/model.pt`;
    expect(weights(join(dir, b, path))).toEqual(weights(join(dir, a, path)));
  }
  for (const file of SAME) {
    const path = join("training/split-0", file);
    expect(readFileSync(join(dir, b, path), "utf8")).toBe(readFileSync(join(dir, a, path), "utf8"));
  }
}

describe("resume", () => {
  it("ends bit-identical to the uninterrupted training, with dropout and augmentation", async () => {
    await make("whole").train(toySplit(), { computational });
    for (const [name, epoch, batch] of [
      ["start", 3, 0],
      ["middle", 3, 2],
    ] as const) {
      const trainer = make(name, [new Interruption(epoch, batch)]);
      const split = toySplit();
      await expect(trainer.train(split, { computational })).rejects.toThrow("interrupted");
      torch.manualSeed(7); // whatever happened in between
      await trainer.resume({ splitIdx: 0, split: toySplit() });
      expectSameRun("whole", name);
    }
  });

  it("does so after fromMaps, when the newest checkpoint is damaged, and more than once", async () => {
    await make("whole").train(toySplit(), { computational });
    const trainer = make("again", [new Interruption(4)]);
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("interrupted");
    truncateSync(join(dir, "again/training/split-0/tmp/epoch-3/optimizer.pt"), 100);
    using restored = await Trainer.fromMaps(join(dir, "again"), {
      callbacks: [...make("spare").callbacks.callbacks, new Interruption(3)].filter(
        (c) => !(c instanceof LoggerCallback),
      ),
    });
    await expect(restored.resume({ splitIdx: 0, split: toySplit() })).rejects.toThrow("interrupted");
    const warnings = readFileSync(join(dir, "again/training/split-0/warning.log"), "utf8");
    expect(warnings).toMatch(/optimizer\.pt has 100 bytes/);
    await restored.resume({ splitIdx: 0, split: toySplit() });
    expectSameRun("whole", "again");
    await expect(restored.resume({ splitIdx: 0, split: toySplit() })).rejects.toThrow(/complete/);
  });

  it("can be repeated when the end of training failed", async () => {
    class FailsAtEnd extends Callback {
      #times = 0;
      override onTrainEnd(): void {
        if (this.#times++ === 0) throw new Error("at the end");
      }
    }
    await make("whole").train(toySplit(), { computational });
    const trainer = make("end", [new FailsAtEnd()]);
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("at the end");
    await trainer.resume({ splitIdx: 0, split: toySplit() });
    expectSameRun("whole", "end");
  });
});

describe("train", () => {
  it("gives all of its memory back", async () => {
    const trainer = make("memory");
    await trainer.train(toySplit(), { computational });
    const before = torch.memory.live();
    await trainer.train(toySplit({ index: 1 }), { computational });
    expect(torch.memory.live()).toEqual(before);
  });

  it("accumulates the gradient of the window as one batch, the short last one included", async () => {
    const final = async (name: string, batchSize: number, accumulationSteps: number) => {
      const network = new torch.nn.Sequential(new torch.nn.Flatten(), new torch.nn.Linear(512, 1));
      torch.manualSeed(0);
      const model = new SupervisedModel({
        network,
        loss: new torch.nn.BCEWithLogitsLoss(),
        optimizer: new SGDConfig({ lr: 0.1 }),
      });
      using trainer = new Trainer({
        maps: join(dir, name),
        model,
        callbacks: [quiet()],
        optimization: { numEpochs: 2, accumulationSteps, clipGradNorm: 0.5 },
      });
      await trainer.train(toySplit({ shuffle: false, batchSize }), { computational });
      return [...weights(join(dir, name, "training/split-0/models/final/model.pt")).values()].flat();
    };
    // 10 samples: 8 and 2, or (3 + 3 + 2 …) as windows of batches of 2: (2·4) and (2)
    const one = await final("one", 8, 1);
    const many = await final("many", 2, 4);
    expect(many.length).toBe(513);
    const difference = Math.max(...many.map((value, i) => Math.abs(value - (one[i] ?? Number.NaN))));
    expect(difference).toBeLessThan(1e-6);
  });

  it("warns of a loss that is not finite, naming epoch, batch and participants, and does not step with it", async () => {
    const trainer = make("nan", [], { optimization: { numEpochs: 1 }, callbacks: [quiet()] });
    await trainer.train(toySplit({ broken: 5, shuffle: false }), { computational });
    const warnings = readFileSync(join(dir, "nan/training/split-0/warning.log"), "utf8");
    expect(warnings).toMatch(/'loss' is NaN in epoch 1, batch 2 \(sub-4 ses-M000, sub-5 ses-M000/);
    expect(trainer.state.optimStep).toBe(2);
    const parameters = [...weights(join(dir, "nan/training/split-0/models/final/model.pt"))];
    const learned = parameters.filter(([name]) => !name.includes("running")).flatMap(([, values]) => values);
    expect(learned.every(Number.isFinite)).toBe(true);
  });

  it("stops early, whichever callback asks", async () => {
    class Stop extends Callback {
      override onEpochStart({ state }: EventArgs<"onEpochStart">): void {
        if (state.currentEpoch === 2) state.shouldStop = true;
      }
    }
    const trainer = make("stop", [new Stop()]);
    await trainer.train(toySplit(), { computational });
    expect(trainer.state.currentEpoch).toBe(2);
  });

  it("leaves a readable MAPS when it cannot start", async () => {
    const trainer = make("failed");
    if (!torch.cuda.isAvailable()) {
      await expect(trainer.train(toySplit(), { computational: { gpu: true } })).rejects.toThrow(
        /'gpu' is true, but .*gpu: false/s,
      );
    }
    const leaking = new Split({ index: 0, trainDataset: new ToyDataset([1, 2]), valDataset: new ToyDataset([2, 3]) });
    leaking.buildTrainLoader();
    leaking.buildValLoader();
    await expect(trainer.train(leaking, { computational })).rejects.toThrow(/sub-2 is in both/);
    trainer.maps.read();
    expect(trainer.maps.training.splitsList).toEqual([]);
    await trainer.train(toySplit(), { computational });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow(/deleteSplit\(0\)/);
  });

  it("says why a part of a MAPS cannot be restored", async () => {
    make("custom", [new Interruption(9)]);
    await expect(Trainer.fromMaps(join(dir, "custom"))).rejects.toThrow(
      /callbacks.*Pass it: Trainer\.fromMaps\(path, \{ callbacks \}\)/s,
    );
  });
});

describe("a MAPS that exists", () => {
  it("is not touched without overwrite", () => {
    make("there");
    expect(() => make("there")).toThrow(/there exists already.*fromMaps.*overwrite: true/);
    make("there", [], { overwrite: true });
  });
  it("is replaced only if it is a MAPS", () => {
    mkdirSync(join(dir, "photos"));
    writeFileSync(join(dir, "photos", "a.jpg"), "");
    expect(() => make("photos", [], { overwrite: true })).toThrow(/is not a MAPS/);
    expect(existsSync(join(dir, "photos", "a.jpg"))).toBe(true);
  });
});

describe("validate and test", () => {
  it("write metrics of saved models, and refuse data that were trained on", async () => {
    const trainer = make("evaluated");
    const split = toySplit();
    await trainer.train(split, { computational, metrics: ["loss"] });
    await trainer.validate({ splitIdx: 0, metrics: ["mae"], dataloader: split.valLoader });
    const { aggregatedTsv } = trainer.maps.training.getCheckpointDir("split-0_best-loss").validationMetrics;
    expect(readFileSync(aggregatedTsv, "utf8")).toMatch(/^epoch\tloss\tmae\n\d\t[\d.]+\t[\d.]+\n$/);

    const options = { modelCheckpoint: "split-0_final", groupName: "other", computational };
    const seen = new DataLoader(new ToyDataset([9, 30]), { batchSize: 2 });
    await expect(trainer.test({ ...options, dataloader: seen })).rejects.toThrow(/sub-9 is in the training/);
    expect(trainer.maps.test.groupsList).toEqual([]);
    await expect(trainer.test(options)).rejects.toThrow(/no test group 'other'/);
    await trainer.test({
      ...options,
      dataloader: new DataLoader(new ToyDataset([30, 31, 32]), { batchSize: 2, shuffle: false }),
    });
    const results = trainer.maps.test.group("other").results(0, "final");
    expect(readFileSync(results.metrics.detailsTsv, "utf8")).toMatch(/^participant_id\tsession_id\tloss\tmae\nsub-30/);
    await expect(trainer.test(options)).rejects.toThrow(/tested on the group 'other' already/);
    trainer.maps.read();
  });
});
