import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Maps } from "../io/maps/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import type { MetricsHandler } from "../metrics/index.ts";
import { type EventArgs, RunLog, SingleProcess, TrainerState, type World } from "../run/index.ts";
import * as torch from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { snakeToCamel } from "../utils/names.ts";
import { LRSchedulerCallback, type LRSchedulerCallbackOptions } from "./lr-scheduler.ts";

interface Case {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly groups: readonly (readonly [name: string | null, lr: number])[];
  readonly type: string;
  readonly used: readonly (readonly number[])[];
}
/** What ClinicaDL 2.0.0 does: test/golden/lr_callback_golden.py. */
const golden = JSON.parse(readFileSync(new URL("./golden/learning-rates.json", import.meta.url), "utf8")) as {
  readonly epochs: number;
  readonly batches: number;
  readonly window: number;
  readonly interval: number;
  readonly losses: readonly (number | null)[];
  readonly cases: readonly Case[];
};

/** Optimization steps of the training: an epoch ends with a shorter window. */
const STEPS = golden.epochs * Math.ceil(golden.batches / golden.window);

let dir = "";
let maps: Maps;
let live = 0;
beforeEach(() => {
  live = torch.memory.live().tensors;
  dir = mkdtempSync(join(tmpdir(), "rates-"));
  maps = new Maps(dir);
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
  expect(torch.memory.live().tensors).toBe(live);
});

const metrics = {
  metrics: { loss: { optimum: "min" }, auc: { optimum: "max" } },
  checkMetricName(name: string): void {
    if (name !== "loss" && name !== "auc") throw new ConfigError(`no metric '${name}'`);
  },
  getMetricValue: (_: string, epoch: number) => golden.losses[epoch - 1],
} as unknown as MetricsHandler;

const training = {
  split: { trainLoader: { length: golden.batches } },
  optimization: { accumulationSteps: golden.window },
  state: new TrainerState(),
};

/** One training, or a part of it. Its tensors are disposed with it. */
class Run implements Disposable {
  readonly callback: LRSchedulerCallback;
  readonly optimizer: torch.optim.SGD;
  readonly used: number[][] = [];
  readonly #weights: torch.Tensor[];
  readonly #state = new TrainerState();

  constructor(callback: LRSchedulerCallback, groups: Case["groups"]) {
    this.callback = callback;
    this.#weights = groups.map(() => torch.zeros([1]).requiresGrad_());
    this.optimizer = new torch.optim.SGD(
      groups.map(([name, lr], i) => ({
        params: [this.#weights[i] as torch.Tensor],
        lr,
        ...(name === null ? {} : { name }),
      })),
      { momentum: 0.9 },
    );
    this.#state.resetTraining(0, golden.epochs);
    using log = new RunLog();
    callback.onTrainStart({
      optimizers: { optimizer: this.optimizer },
      metrics,
      log,
      ...training,
      state: this.#state,
    } as unknown as EventArgs<"onTrainStart">);
  }
  train(from: number, to: number): void {
    const state = this.#state;
    for (let epoch = from; epoch <= to; epoch++) {
      state.resetEpoch(epoch, golden.batches);
      for (state.currentTrainBatch = 1; state.currentTrainBatch <= golden.batches; state.currentTrainBatch++) {
        this.used.push(this.optimizer.paramGroups.map((group) => Number(group.lr)));
        const ends = state.currentTrainBatch % golden.window === 0;
        if (ends) this.callback.onOptimizationStepEnd({ state } as EventArgs<"onOptimizationStepEnd">);
      }
      state.currentTrainBatch = golden.batches;
      if (epoch % golden.interval === 0)
        this.callback.onValidationEnd({ state, metrics } as EventArgs<"onValidationEnd">);
      this.callback.onEpochEnd({ state } as EventArgs<"onEpochEnd">);
    }
  }
  /** The rows of the table that is written at the end. */
  table() {
    const world: World = new SingleProcess();
    this.callback.onTrainEnd({ maps, state: this.#state, world } as EventArgs<"onTrainEnd">);
    return readTsv(maps.training.split(0).learningRatesTsv("optimizer"));
  }
  [Symbol.dispose](): void {
    this.optimizer.dispose();
    for (const weight of this.#weights) weight.dispose();
  }
}

function callbackOf({ name, options }: Case): LRSchedulerCallback {
  const camel = Object.fromEntries(Object.entries(options).map(([key, value]) => [snakeToCamel(key), value]));
  const metric = name === "ReduceLROnPlateau" ? { metricName: "loss" } : {};
  return new LRSchedulerCallback({ scheduler: { name_: name, ...camel }, ...metric });
}
const close = (got: readonly (readonly number[])[], expected: readonly (readonly number[])[]) => {
  expect(got.map((rates) => rates.length)).toEqual(expected.map((rates) => rates.length));
  for (const [i, rates] of expected.entries()) {
    for (const [k, rate] of rates.entries()) expect(Math.abs((got[i]?.[k] ?? Number.NaN) - rate)).toBeLessThan(1e-12);
  }
};

describe("LRSchedulerCallback", () => {
  const cases = golden.cases.map((one) => [`${one.name} ${JSON.stringify(one.options)}`, one] as const);

  it.each(cases)("trains with ClinicaDL's rates, and logs those (D-LRlog): %s", (_, one) => {
    const callback = callbackOf(one);
    expect(callback.schedulerType).toBe(one.type);
    using run = new Run(callback, one.groups);
    run.train(1, golden.epochs);
    close(run.used, one.used);
    const rows = run.table();
    const columns = one.groups.length > 1 ? one.groups.map(([name]) => String(name)) : ["lr"];
    expect(Object.keys(rows[0] ?? {})).toEqual(["epoch", "batch", ...columns]);
    close(
      rows.map((row) => columns.map((column) => Number(row[column]))),
      one.used,
    );
    const places = run.used.map((_, i) => [1 + Math.floor(i / golden.batches), 1 + (i % golden.batches)]);
    expect(rows.map((row) => [row.epoch, row.batch])).toEqual(places);
  });

  it.each(cases)("goes on from its state: %s", (_, one) => {
    using first = new Run(callbackOf(one), one.groups);
    first.train(1, 3);
    using second = new Run(
      LRSchedulerCallback.fromDict(JSON.parse(JSON.stringify(callbackOf(one).toDict()))),
      one.groups,
    );
    {
      using _scope = torch.scope();
      second.optimizer.loadStateDict(torch.load(torch.save(first.optimizer.stateDict())) as never);
      second.callback.loadStateDict(torch.load(torch.save(first.callback.stateDict())));
    }
    second.train(4, golden.epochs);
    close([...first.used, ...second.used], one.used);
    const columns = one.groups.length > 1 ? one.groups.map(([name]) => String(name)) : ["lr"];
    close(
      second.table().map((row) => columns.map((column) => Number(row[column]))),
      one.used,
    );
  });

  const toTheEnd = [
    ["CosineAnnealingLR", { interval: "step" }, { tMax: STEPS, interval: "step" }],
    ["CosineAnnealingLR", {}, { tMax: golden.epochs }],
    ["PolynomialLR", { totalIters: "training", power: 0.9 }, { totalIters: golden.epochs, power: 0.9 }],
    ["OneCycleLR", { maxLr: 0.5, totalSteps: "training" }, { maxLr: 0.5, totalSteps: STEPS }],
  ] as const;
  it.each(toTheEnd)("gives %s the length of the training, as %o says", (name_, left, given) => {
    const rates = [left, given].map((options) => {
      using run = new Run(new LRSchedulerCallback({ scheduler: { name_, ...options } }), [[null, 0.1]]);
      run.train(1, golden.epochs);
      return run.used;
    });
    expect(rates[0]).toEqual(rates[1]);
    expect(rates[0]?.[0]).not.toEqual(rates[0]?.at(-1));
  });
  it("shortens what follows a warm-up by it, and goes on from its state", () => {
    const scheduler = { name_: "PolynomialLR", totalIters: "training", interval: "step" };
    const callback = () =>
      new LRSchedulerCallback({ scheduler: { name_: "WarmupLR", warmup: 2, startFactor: 0.5, scheduler } });
    expect(callback().schedulerType).toBe("step-based");
    using whole = new Run(callback(), [[null, 1]]);
    whole.train(1, golden.epochs);
    // windows that end an epoch early make no step in this test, so a step is the rates between two changes
    const perStep = whole.used.map(([rate]) => rate).filter((rate, i, all) => i === 0 || rate !== all[i - 1]);
    const left = STEPS - 2;
    const decay = Array.from({ length: perStep.length - 2 }, (_, step) => 1 - step / left);
    close([perStep.map(Number)], [[0.5, 0.75, ...decay]]);
    using first = new Run(callback(), [[null, 1]]);
    first.train(1, 2);
    using second = new Run(LRSchedulerCallback.fromDict(JSON.parse(JSON.stringify(callback().toDict()))), [[null, 1]]);
    {
      using _scope = torch.scope();
      second.optimizer.loadStateDict(torch.load(torch.save(first.optimizer.stateDict())) as never);
      second.callback.loadStateDict(torch.load(torch.save(first.callback.stateDict())));
    }
    second.train(3, golden.epochs);
    expect([...first.used, ...second.used]).toEqual(whole.used);
  });

  it("has the defaults of ClinicaDL, and goes to JSON", () => {
    const callback = new LRSchedulerCallback({ scheduler: { name_: "StepLR", stepSize: 2 } });
    expect(callback.toDict()).toMatchObject({
      name_: "LRSchedulerCallback",
      optimizer_name: "optimizer",
      scheduler_type: "epoch-based",
      metric_name: null,
      scheduler: { name_: "StepLR", step_size: 2 },
    });
  });

  it.each<[object, RegExp]>([
    [{}, /'scheduler' got/],
    [{ scheduler: { name_: "CosineLR" } }, /'CosineLR'.*ConstantLR.*OneCycleLR/],
    [{ scheduler: { name_: "ReduceLROnPlateau" } }, /ReduceLROnPlateau follows a metric: name it in 'metricName'/],
    [{ scheduler: { name_: "StepLR", stepSize: 0 } }, /'stepSize' got 0/],
    [{ scheduler: { name_: "StepLR", stepSize: 1 }, optimiserName: "a" }, /unknown option 'optimiserName'/],
  ])("refuses %o", (options, message) => {
    expect(() => new LRSchedulerCallback(options as LRSchedulerCallbackOptions)).toThrow(message);
  });

  it("refuses an optimizer and a metric that are not there when training begins", () => {
    const step = { name_: "StepLR", stepSize: 1 };
    using weight = torch.zeros([1]).requiresGrad_();
    using optimizer = new torch.optim.SGD([weight], { lr: 0.1 });
    const start = (callback: LRSchedulerCallback) =>
      callback.onTrainStart({
        ...training,
        optimizers: { main: optimizer },
        metrics,
      } as unknown as EventArgs<"onTrainStart">);
    expect(() => start(new LRSchedulerCallback({ scheduler: step }))).toThrow(
      /'optimizerName' is 'optimizer', but .* main/,
    );
    const plateau = new LRSchedulerCallback({
      scheduler: { name_: "ReduceLROnPlateau" },
      optimizerName: "main",
      metricName: "f1",
    });
    expect(() => start(plateau)).toThrow(/no metric 'f1'/);
  });

  it("warns of a plateau whose mode is not the metric's", () => {
    using _run = new Run(new LRSchedulerCallback({ scheduler: { name_: "ReduceLROnPlateau" }, metricName: "auc" }), [
      [null, 0.1],
    ]);
    expect(vi.mocked(process.stderr.write).mock.calls.join()).toMatch(
      /mode is 'min', but the optimum of the metric 'auc' is 'max'/,
    );
  });
});
