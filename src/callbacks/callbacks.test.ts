import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { Maps } from "../io/maps/index.ts";
import { LossMetricConfig, MAEMetricConfig, MetricsHandler } from "../metrics/index.ts";
import { OneCycleLRConfig, StepLRConfig } from "../optim/index.ts";
import { Callback, type EventArgs, QuantityMonitoring, RunLog, SingleProcess, TrainerState } from "../run/index.ts";
import * as torch from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { EarlyStoppingCallback } from "./early-stopping.ts";
import { CallbacksHandler } from "./handler.ts";
import { LoggerCallback } from "./logger.ts";
import { LRSchedulerCallback } from "./lr-scheduler.ts";
import { ModelCheckpointCallback } from "./model-checkpoint.ts";
import { TrainingCheckpointCallback } from "./training-checkpoint.ts";
import { TrainingLossCallback } from "./training-loss.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "callbacks-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Only what the callback under test looks at. */
/** A log without files. */
const log = new RunLog();
const world = new SingleProcess();
afterAll(() => log[Symbol.dispose]());
const args = <T extends object>(given: Partial<T>): T => ({ log, world, ...given }) as T;
const names = (callbacks: readonly Callback[]) => callbacks.map((callback) => callback.constructor.name);

class Own extends Callback {
  readonly calls: string[];
  readonly tag: string;
  constructor(calls: string[] = [], tag = "") {
    super();
    this.calls = calls;
    this.tag = tag;
  }
  override async onEpochStart(): Promise<void> {
    await null;
    this.calls.push(this.tag);
  }
}

describe("CallbacksHandler", () => {
  it("has the defaults, in ClinicaDL's order", () => {
    const own = new Own();
    const handler = new CallbacksHandler([own, new TrainingCheckpointCallback({ everyNEpochs: 1 }), new Own()]);
    expect(names(handler.callbacks)).toEqual([
      "LoggerCallback",
      "MonitorCallback",
      "Own",
      "Own",
      "ModelCheckpointCallback",
      "TrainingCheckpointCallback",
    ]);
    expect(names(handler.allCallbacks).slice(6)).toEqual([
      "EventsCallback",
      "ChecksCallback",
      "ConfigSaverCallback",
      "TrainingLossCallback",
      "GradientNormCallback",
      "MetricsSaverCallback",
      "SummariesCallback",
      "NetworkSummaryCallback",
      "ProgressCallback",
    ]);
    expect(handler.named().map(([name]) => name)).toContain("own_1");
    expect(handler.toDict().callbacks).toEqual([
      "<Own object>",
      { name_: "TrainingCheckpointCallback", every_n_epochs: 1, enabled: true },
      "<Own object>",
    ]);
    handler.addCallbacks([new Own()]);
    expect(handler.callbacks.length).toBe(7);
    expect(() => handler.addCallbacks([new LoggerCallback(), new LoggerCallback()])).toThrow(
      /more than one LoggerCallback/,
    );
  });

  it("calls one after the other, and waits for each", async () => {
    const calls: string[] = [];
    const handler = new CallbacksHandler([
      new LoggerCallback({ saveLogs: false }),
      new Own(calls, "a"),
      new Own(calls, "b"),
    ]);
    await handler.callEvent(
      "onEpochStart",
      args<EventArgs<"onEpochStart">>({ state: new TrainerState(), world: new SingleProcess() }),
    );
    expect(calls).toEqual(["a", "b"]);
  });

  it("goes to JSON and back", () => {
    const handler = new CallbacksHandler([
      new ModelCheckpointCallback({ metric: "loss", epochs: [1, 5] }),
      new EarlyStoppingCallback({ metric: ["loss", "mae"], patience: [2, 3], upperBound: 9 }),
      new LRSchedulerCallback({ scheduler: new StepLRConfig({ stepSize: 2 }) }),
      new TrainingCheckpointCallback({ everyNEpochs: 3 }),
    ]);
    const metrics = new MetricsHandler({ loss: new LossMetricConfig(), mae: new MAEMetricConfig() });
    metrics.initMetrics({ getLossFunctions: () => ({ loss: new torch.nn.MSELoss() }) });
    const before = handler.toDict();
    expect(CallbacksHandler.fromDict(JSON.parse(JSON.stringify(before)) as JsonObject).toDict()).toEqual(before);
    handler.resolveModes(metrics);
    expect(JSON.stringify(handler.toDict())).not.toContain('"mode":null');
  });
});

it("follows a value", () => {
  const monitoring = new QuantityMonitoring("min", { minDelta: 0.1 });
  expect([1, 0.95, 0.8, Number.NaN, 2].map((value) => monitoring.step(value))).toEqual([
    true,
    false,
    true,
    false,
    false,
  ]);
  expect(monitoring.numNonImprovements).toBe(2);
});

it("follows a value from a baseline, and by shares of the best value", () => {
  const steps = (monitoring: QuantityMonitoring, values: readonly number[]) => values.map((v) => monitoring.step(v));
  expect(steps(new QuantityMonitoring("max", { baseline: 0.5 }), [0.4, 0.5, 0.6])).toEqual([false, false, true]);
  // 10 % of 200, then of 170
  const relative = new QuantityMonitoring("min", { minDelta: 0.1, relative: true });
  expect(steps(relative, [200, 185, 170, 155, 150])).toEqual([true, false, true, false, true]);
  // of a negative value, too, it is a distance
  const negative = new QuantityMonitoring("max", { minDelta: 0.5, relative: true });
  expect(steps(negative, [-10, -6, -4])).toEqual([true, false, true]);
});

describe("EarlyStoppingCallback", () => {
  const epochs = (callback: EarlyStoppingCallback, values: Record<string, readonly number[]>, initial = false) => {
    const metrics = new MetricsHandler({ loss: new LossMetricConfig(), mae: new MAEMetricConfig() });
    metrics.initMetrics({ getLossFunctions: () => ({ loss: new torch.nn.MSELoss() }) });
    const state = new TrainerState();
    callback.onTrainStart(args<EventArgs<"onTrainStart">>({ metrics }));
    const count = Object.values(values)[0]?.length ?? 0;
    for (let epoch = 1; epoch <= count; epoch++) {
      state.currentEpoch = epoch;
      state.shouldStop = initial;
      metrics.getMetricValue = (name) => values[name]?.[epoch - 1] ?? Number.NaN;
      callback.onValidationEnd(args<EventArgs<"onValidationEnd">>({ state, metrics }));
      if (state.shouldStop) return epoch;
    }
    return null;
  };
  it("ends after its patience", () => {
    expect(epochs(new EarlyStoppingCallback({ metric: "loss", patience: 1 }), { loss: [3, 2, 2.5, 2.2, 1] })).toBe(4);
  });
  it("ends when all of its metrics say so", () => {
    const both = new EarlyStoppingCallback({ metric: ["loss", "mae"], patience: 0 });
    expect(epochs(both, { loss: [1, 2, 3, 4], mae: [4, 3, 3, 2] })).toBe(3);
  });
  it("does not take another's wish back", () => {
    expect(epochs(new EarlyStoppingCallback({ metric: "loss" }), { loss: [1] }, true)).toBe(1);
  });
  it("refuses what does not fit together", () => {
    expect(() => new EarlyStoppingCallback({ metric: ["a", "b", "c"], patience: [1, 2] })).toThrow(/2 values for 3/);
    expect(() => new EarlyStoppingCallback({ metric: "a", upperBound: 0, lowerBound: 1 })).toThrow(/Exchange/);
  });
});

it("logs the learning rates that were used", () => {
  using weight = torch.zeros([1]).requiresGrad_();
  const run = (callback: LRSchedulerCallback, event: "onEpochEnd" | "onOptimizationStepEnd") => {
    const optimizers = { optimizer: new torch.optim.SGD([weight], { lr: 0.1, momentum: 0.9 }) };
    const state = new TrainerState();
    const used: number[] = [];
    state.resetTraining(0, 3);
    const length = { split: { trainLoader: { length: 2 } }, optimization: { accumulationSteps: 1 } };
    callback.onTrainStart({ ...length, optimizers, state } as unknown as EventArgs<"onTrainStart">);
    for (let epoch = 1; epoch <= 3; epoch++) {
      state.resetEpoch(epoch, 2);
      for (state.currentTrainBatch = 1; state.currentTrainBatch <= 2; state.currentTrainBatch++) {
        used.push(Number(optimizers.optimizer.paramGroups[0]?.lr));
        if (event === "onOptimizationStepEnd") callback[event](args<EventArgs<typeof event>>({ state }));
      }
      state.currentTrainBatch = 2;
      if (event === "onEpochEnd") callback[event](args<EventArgs<typeof event>>({ state }));
    }
    const maps = new Maps(join(dir, event));
    callback.onTrainEnd(args<EventArgs<"onTrainEnd">>({ maps, state }));
    const [, ...rows] = readFileSync(maps.training.split(0).learningRatesTsv("optimizer"), "utf8").trim().split("\n");
    optimizers.optimizer.dispose();
    return { used, logged: rows.map((row) => Number(row.split("\t")[2])) };
  };
  const steps = run(
    new LRSchedulerCallback({ scheduler: new StepLRConfig({ stepSize: 1, gamma: 0.5 }) }),
    "onEpochEnd",
  );
  expect(steps.used).toEqual([0.1, 0.1, 0.05, 0.05, 0.025, 0.025]);
  expect(steps.logged).toEqual(steps.used);
  const cycle = new LRSchedulerCallback({ scheduler: new OneCycleLRConfig({ maxLr: 1, totalSteps: 6 }) });
  const { used, logged } = run(cycle, "onOptimizationStepEnd");
  expect(logged).toEqual(used);
});

it("keeps training losses over a checkpoint", () => {
  const one = new TrainingLossCallback();
  const state = Object.assign(new TrainerState(), { currentEpoch: 2, currentTrainBatch: 3 });
  const model = { getLossFunctions: () => ({ l1: null, l2: null }) } as unknown as EventArgs<"onTrainStart">["model"];
  const maps = new Maps(dir);
  const start = args<EventArgs<"onTrainStart">>({ model, maps, split: { index: 0 } as never });
  one.onTrainStart(start);
  one.onBatchEnd(args<EventArgs<"onBatchEnd">>({ state, losses: { l1: 1, l2: 0.5 } }));
  const other = new TrainingLossCallback();
  other.onTrainStart(start);
  other.loadStateDict(torch.load(torch.save(one.stateDict())));
  other.onTrainEnd();
  expect(readFileSync(maps.training.split(0).trainingLossTsv, "utf8")).toBe("epoch\tbatch\tl1\tl2\n2\t3\t1.0\t0.5\n");
});
