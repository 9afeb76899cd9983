import { existsSync, readdirSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Callback, EarlyStoppingCallback, type EventArgs, TrainingCheckpointCallback } from "../callbacks/index.ts";
import { readJson } from "../io/files/index.ts";
import * as torch from "../torch/index.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();
afterEach(() => {
  vi.useRealTimers();
});

/** Notes which checkpoints there are before each batch (`2.1`: the first of the second epoch); and lets time pass. */
class Watch extends Callback {
  readonly seen: Record<string, string[]> = {};
  readonly #minutes: number;
  constructor(minutes = 0) {
    super();
    this.#minutes = minutes;
  }
  override onBatchStart({ maps, state }: EventArgs<"onBatchStart">): void {
    const path = maps.training.split(0).tmp.path;
    const name = `${state.stage === "training" ? "" : "v"}${state.currentEpoch}.${state.currentBatch}`;
    this.seen[name] = existsSync(path) ? readdirSync(path).sort() : [];
    if (this.#minutes > 0 && state.stage === "training") vi.advanceTimersByTime(this.#minutes * 60_000);
  }
}

type Options = ConstructorParameters<typeof TrainingCheckpointCallback>[0];

/** Three batches an epoch. */
async function train(options: Options, optimization: object, watch = new Watch()) {
  const trainer = trainers.make("maps", {
    optimization: { numEpochs: 3, ...optimization },
    callbacks: [watch, new TrainingCheckpointCallback(options)],
  });
  await trainer.train(toySplit(), { computational });
  const path = trainers.path("maps", "training/split-0/tmp");
  return { seen: watch.seen, left: existsSync(path) ? readdirSync(path).sort() : [] };
}

describe("checkpoints of a training", () => {
  it("are one at the start and one at the end by default, for so short a training", async () => {
    const { seen, left } = await train({}, {});
    expect(new Set(Object.values(seen).map(String))).toEqual(new Set(["epoch-0"]));
    expect(left).toEqual(["epoch-3"]);
  });

  it("come after every so many epochs, two at a time", async () => {
    const { seen, left } = await train({ everyNEpochs: 2 }, { numEpochs: 5 });
    const before = [1, 2, 3, 4, 5].map((epoch) => seen[`${epoch}.1`]);
    expect(before).toEqual([
      ["epoch-0"],
      ["epoch-0"],
      ["epoch-0", "epoch-2"],
      ["epoch-0", "epoch-2"],
      ["epoch-2", "epoch-4"],
    ]);
    expect(left).toEqual(["epoch-5"]);
  });

  it("come after every so many steps, wherever in an epoch", async () => {
    const { seen, left } = await train({ everyNSteps: 2, everyNEpochs: 100, keep: 3 }, { numEpochs: 2 });
    // steps 2, 4 and 6
    expect(["1.2", "1.3", "v1.1", "2.1", "2.2", "2.3", "v2.1"].map((at) => seen[at])).toEqual([
      ["epoch-0"],
      ["batch-1-2", "epoch-0"],
      ["batch-1-2", "epoch-0"],
      ["batch-1-2", "epoch-0"],
      ["batch-1-2", "batch-2-1", "epoch-0"],
      ["batch-1-2", "batch-2-1", "epoch-0"],
      ["batch-1-2", "batch-2-1", "batch-2-3"],
    ]);
    expect(left).toEqual(["epoch-2"]);
  });

  it("come after whole windows of accumulated batches only", async () => {
    const { seen } = await train({ everyNSteps: 1, keep: 9 }, { numEpochs: 1, accumulationSteps: 2 });
    expect([seen["1.2"], seen["1.3"], seen["v1.1"]]).toEqual([
      ["epoch-0"],
      ["batch-1-2", "epoch-0"],
      ["batch-1-2", "batch-1-3", "epoch-0"],
    ]);
  });

  it("come after the step in which so much time has passed", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { seen } = await train({ everyMinutes: 25, everyNEpochs: 100, keep: 9 }, { numEpochs: 2 }, new Watch(10));
    // 10 minutes a batch: after 30, 60; at the end of an epoch the epoch is complete
    expect([seen["1.3"], seen["v1.1"], seen["2.1"], seen["2.3"]]).toEqual([
      ["epoch-0"],
      ["epoch-0"],
      ["epoch-0", "epoch-1"],
      ["epoch-0", "epoch-1"],
    ]);
    vi.useRealTimers();
  });

  it("in the middle of an epoch come after so much time, too; and never, if that is said", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { seen } = await train({ everyMinutes: 15, everyNEpochs: 100 }, { numEpochs: 1 }, new Watch(10));
    expect(seen["1.3"]).toEqual(["batch-1-2", "epoch-0"]);
    trainers.make("other");
    const never = new Watch(1e6);
    const trainer = trainers.make("never", {
      optimization: { numEpochs: 1 },
      callbacks: [never, new TrainingCheckpointCallback({ everyMinutes: null })],
    });
    await trainer.train(toySplit(), { computational });
    expect(never.seen["v1.1"]).toEqual(["epoch-0"]);
    vi.useRealTimers();
  });

  it("are none if that is said", async () => {
    const { seen, left } = await train({ enabled: false, everyNSteps: 1 }, {});
    expect(new Set(Object.values(seen).flat())).toEqual(new Set());
    expect(left).toEqual([]);
  });

  it("include one of the epoch in which training stops early", async () => {
    const early = new EarlyStoppingCallback({ metric: "loss", patience: 0, minDelta: 100 });
    const trainer = trainers.make("maps", { optimization: { numEpochs: 9 }, callbacks: [early] });
    await trainer.train(toySplit(), { computational });
    expect(readdirSync(trainers.path("maps", "training/split-0/tmp"))).toEqual(["epoch-2"]);
  });

  it("hold what ClinicaDL's hold, and more, which it does not see", async () => {
    await train({ everyNSteps: 1 }, { numEpochs: 1 });
    const dir = trainers.path("maps", "training/split-0/tmp/epoch-1");
    const files = readdirSync(dir, { recursive: true, encoding: "utf8" }).sort();
    const callbacks = [
      "logger_callback",
      "monitor_callback",
      "watch",
      "model_checkpoint_callback",
      "training_checkpoint_callback",
      "checks_callback",
      "config_saver_callback",
      "training_loss_callback",
      "gradient_norm_callback",
      "metrics_saver_callback",
    ];
    expect(files.filter((file) => !file.startsWith("."))).toEqual(
      [
        "callbacks",
        ...callbacks.map((name) => `callbacks/${name}.pt`),
        "model.pt",
        "optimizer.pt",
        "scaler.pt",
        "state.json",
        "validation_metrics",
        "validation_metrics/aggregated.tsv",
        "validation_metrics/details.tsv",
      ].sort(),
    );
    expect(files.filter((file) => file.startsWith("."))).toEqual([
      ".clinicadl-ts",
      ".clinicadl-ts/extra.pt",
      ".clinicadl-ts/split.json",
      ".manifest.json",
    ]);
    expect(readJson(`${dir}/state.json`)).toEqual({
      called: "train",
      stage: "evaluation",
      should_stop: false,
      current_train_batch: 3,
      num_train_batches: 3,
      current_val_batch: 2,
      num_val_batches: 2,
      current_test_batch: 0,
      num_test_batches: 0,
      current_pred_batch: 0,
      num_pred_batches: 0,
      current_epoch: 1,
      num_epochs: 1,
      optim_step: 3,
      split_idx: 0,
    });
    using _scope = torch.scope();
    const optimizer = torch.load(`${dir}/optimizer.pt`) as { optimizer: { param_groups: { lr: number }[] } };
    expect(optimizer.optimizer.param_groups.map((group) => group.lr)).toEqual([0.01]);
    // callbacks without a memory have None, as ClinicaDL's
    expect(torch.load(`${dir}/callbacks/logger_callback.pt`)).toBeNull();
  });
});

describe("TrainingCheckpointCallback", () => {
  it("has ClinicaDL's defaults, and goes to JSON and back, with its own options beside", () => {
    const callback = new TrainingCheckpointCallback();
    expect(callback.toDict()).toEqual({ name_: "TrainingCheckpointCallback", every_n_epochs: 10, enabled: true });
    const other = new TrainingCheckpointCallback({ everyNEpochs: 3, everyNSteps: 5, everyMinutes: null, keep: 4 });
    const back = TrainingCheckpointCallback.fromDict(other.toDict(), other.extrasToDict());
    expect({ ...back }).toEqual({ ...other });
    // what ClinicaDL wrote has no other options
    expect({ ...TrainingCheckpointCallback.fromDict(callback.toDict()) }).toEqual({ ...callback });
  });

  it.each<[object, RegExp]>([
    [{ everyNEpochs: 0 }, /'everyNEpochs' got 0/],
    [{ everyNSteps: 0 }, /'everyNSteps' got 0/],
    [{ everyMinutes: 0 }, /'everyMinutes' got 0/],
    [{ keep: 1 }, /'keep' got 1/],
    [{ everyEpoch: 1 }, /unknown option 'everyEpoch'/],
  ])("refuses %o (D38)", (options, message) => {
    expect(() => new TrainingCheckpointCallback(options)).toThrow(message);
  });
});
