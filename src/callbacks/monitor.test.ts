import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pass, SlowGpu } from "../run/fixtures/slow-gpu.ts";
import { asRecord, Callback, type EventArgs, SingleProcess } from "../run/index.ts";
import * as torch from "../torch/index.ts";
import { args, log, MEGABYTE, TRAIN_BATCHES, Training, VAL_BATCHES } from "./fixtures/monitored-training.ts";
import { CallbacksHandler } from "./handler.ts";
import { LoggerCallback } from "./logger.ts";
import { MonitorCallback } from "./monitor.ts";

let dir = "";
let tensors = 0;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "monitor-"));
  tensors = torch.memory.live().tensors;
  // time passes where a test says so
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(dir, { recursive: true, force: true });
  expect(torch.memory.live().tensors).toBe(tensors);
});

afterAll(() => log[Symbol.dispose]());

const filled = <T>(count: number, value: T) => Array<T>(count).fill(value);
const training = (name: string, callback: MonitorCallback, gpu: SlowGpu | null = null) =>
  new Training(join(dir, name), callback, gpu);

describe("on the CPU", () => {
  it("measures each phase by itself, data loading of the validation too", () => {
    const run = training("cpu", new MonitorCallback({ warmupIterations: 0 }));
    run.start();
    run.epoch(1);
    run.epoch(2);
    run.end();
    const { columns } = run;
    expect(Object.keys(columns).length).toBe(22);
    expect(columns).toMatchObject({
      "Training (s)": [0.154],
      "Epoch (s)": [0.077, 0.077],
      "Training loop (s)": [0.01, 0.01, 0.015, 0.01, 0.01, 0.015],
      "Training data loading (s)": filled(6, 0.002),
      "Forward (s)": filled(6, 0.003),
      "Backward (s)": filled(6, 0.004),
      "Optimization (s)": filled(2, 0.005),
      "Validation (s)": [0.042, 0.042],
      "Validation loop (s)": filled(4, 0.021),
      // in ClinicaDL 2.0.0, what is above
      "Validation data loading (s)": filled(4, 0.006),
      "Evaluation (s)": filled(4, 0.007),
      "Metrics computation (s)": filled(4, 0.008),
    });
    for (const [name, values] of Object.entries(columns)) if (name.includes("GPU")) expect(values).toEqual([]);
    expect(run.summary).toContain("  Iteration            | 1.17e-02 ± 2.58e-03 [6]   |                           |  ");
    expect(run.summary).toContain("Throughput: 342.86 images/s"); // 4 / (70 ms / 6)
    expect(run.summary).toContain("Throughput: 95.24 images/s"); // 2 / 21 ms
    expect(run.summary).not.toMatch(/GPU:|GPU throughput/);
  });

  it("does not count what other callbacks do at the end of a batch as loading of the next one", async () => {
    class Slow extends Callback {
      override onBatchEnd(): void {
        pass(500);
      }
    }
    const monitor = new MonitorCallback({ warmupIterations: 0 });
    const handler = new CallbacksHandler([
      monitor,
      new LoggerCallback({ saveLogs: false, progressBar: false }),
      new Slow(),
    ]);
    const run = training("slow", monitor);
    run.start();
    run.state.called = "train";
    run.state.resetEpoch(1, TRAIN_BATCHES);
    monitor.onEpochStart();
    for (; run.state.currentTrainBatch < TRAIN_BATCHES; ) {
      run.state.currentTrainBatch++;
      pass(2);
      monitor.onForwardStepStart();
      await handler.callEvent(
        "onBatchEnd",
        args<EventArgs<"onBatchEnd">>({ state: run.state, losses: null, world: new SingleProcess() }),
      );
    }
    run.end();
    expect(run.columns).toMatchObject({
      "Training data loading (s)": filled(TRAIN_BATCHES, 0.002),
      "Training loop (s)": filled(TRAIN_BATCHES, 0.002),
    });
  });
  it("tells the peak of memory", () => {
    const run = training("memory", new MonitorCallback());
    const { bytes } = torch.memory.live();
    run.start();
    run.epoch(1);
    run.end();
    const tensors = ((bytes + 16 * MEGABYTE) / MEGABYTE).toFixed(2);
    expect(run.summary).toContain(` MB in the process, ${tensors} MB in tensors\n***`);
    const resident = Number(/Peak memory: ([\d.]+) MB in the process/.exec(run.summary)?.[1]);
    expect(resident).toBeGreaterThan(process.memoryUsage.rss() / MEGABYTE / 2);
    expect(resident).toBeLessThan(2 ** 20);
  });

  it("measures so many times, after the warm-up, or not at all", () => {
    const some = training("some", new MonitorCallback({ warmupIterations: 2, numMeasurements: 3 }));
    some.start();
    for (const epoch of [1, 2, 3]) some.epoch(epoch);
    some.end();
    expect(some.columns).toMatchObject({
      "Epoch (s)": filled(3, 0.077),
      "Training loop (s)": [0.015, 0.01, 0.01],
      "Evaluation (s)": filled(3, 0.007),
    });
    const none = training("none", new MonitorCallback({ enabled: false }));
    none.start();
    none.epoch(1);
    const state = asRecord(torch.load(none.checkpoint()), "the state");
    expect(Object.keys(state)).toEqual([
      "Training",
      "Epoch",
      "Training loop",
      "Training data loading",
      "Forward",
      "Backward",
      "Optimization",
      "Validation",
      "Validation loop",
      "Validation data loading",
      "Evaluation",
      "Metrics computation",
      "gpu",
      "iterations",
    ]);
    none.end();
    expect(() => none.columns).toThrow();
  });
});

describe("after a resume", () => {
  const callback = () => new MonitorCallback({ warmupIterations: 4 });
  const whole = () => {
    const run = training("whole", callback());
    run.start();
    for (const epoch of [1, 2, 3]) run.epoch(epoch);
    run.end();
    return run.columns;
  };

  it("goes on as if it had not been interrupted: the machine is warm", () => {
    const first = training("first", callback());
    first.start();
    first.epoch(1);
    const state = first.checkpoint();
    pass(1e6);
    const second = training("second", callback());
    second.start(state);
    second.epoch(2);
    second.epoch(3);
    second.end();
    expect(second.columns).toEqual(whole());
    // in ClinicaDL 2.0.0, where the warm-up begins anew, this is nan
    expect(second.summary).not.toContain("nan");
  });

  it("does so in the middle of an epoch, and before its validation", () => {
    for (const batch of [1, 2, TRAIN_BATCHES]) {
      const first = training(`first-${batch}`, callback());
      first.start();
      first.epoch(1);
      first.train(2, { until: batch });
      const state = first.checkpoint();
      pass(1e6);
      const second = training(`second-${batch}`, callback());
      second.start(state);
      second.train(2, { from: batch });
      second.validate();
      second.callback.onEpochEnd();
      second.epoch(3);
      second.end();
      expect(second.columns).toEqual(whole());
    }
  });

  it("takes over what ClinicaDL measured, whose GPU times are milliseconds", () => {
    const first = training("first", new MonitorCallback({ warmupIterations: 0 }));
    first.start();
    first.epoch(1);
    const { iterations, ...phases } = asRecord(torch.load(first.checkpoint()), "the state");
    expect(iterations).toBe(TRAIN_BATCHES + VAL_BATCHES);
    const forward = { times: [0.5], gpu_times: [torch.float(250)], gpu_max_mem: [3 * MEGABYTE], n_measured: 1 };
    const state = { ...phases, gpu: ["Old GPU"], Forward: forward };
    const gpu = new SlowGpu();
    const second = training("second", new MonitorCallback({ warmupIterations: 1000 }, () => gpu), gpu);
    second.start(torch.save(state));
    second.epoch(2);
    second.end();
    expect(second.columns["Forward (s)"]).toEqual([0.5, ...filled(3, 0.003)]);
    expect(second.columns["Forward GPU (s)"]).toEqual([0.25, ...filled(3, 0.03)]);
    expect(second.columns["Forward GPU max memory (MB)"]?.[0]).toBe(3);
    expect(second.summary).toContain("GPU: 'Old GPU' then 'Slow GPU'\n");
  });
});

describe("on a GPU", () => {
  it("does not wait for it in a batch, and tells its times in seconds", () => {
    const gpu = new SlowGpu();
    const run = training("gpu", new MonitorCallback({ warmupIterations: 0 }, () => gpu), gpu);
    const live = torch.memory.live().bytes / MEGABYTE;
    run.start();
    for (const epoch of [1, 2]) {
      gpu.waits = 0;
      run.train(epoch);
      run.validate();
      // ClinicaDL 2.0.0 waits at the end of each of its phases
      expect(gpu.waits).toBe(0);
      run.callback.onEpochEnd();
      expect(gpu.waits).toBeGreaterThan(0);
      expect(gpu.alive).toBe(0);
    }
    run.end();
    expect(run.columns).toMatchObject({
      "Forward (s)": filled(6, 0.003),
      "Forward GPU (s)": filled(6, 0.03),
      "Forward GPU max memory (MB)": filled(6, live + 8),
      "Backward GPU (s)": filled(6, 0.04),
      "Backward GPU max memory (MB)": filled(6, live + 16),
      "Optimization GPU (s)": filled(2, 0.06),
      "Optimization GPU max memory (MB)": filled(2, live + 4),
      "Evaluation GPU (s)": filled(4, 0.01),
      "Metrics computation GPU (s)": filled(4, 0.002),
      "Metrics computation GPU max memory (MB)": filled(4, live + 1),
    });
    expect(run.summary).toContain("GPU: 'Slow GPU'\n");
    expect(run.summary).toContain(
      `   Backward            | 4.00e-03 ± 0.00e+00 [6]   | 4.00e-02 ± 0.00e+00 [6]   | ${(live + 16).toExponential(2).replace(/e\+(\d)$/, "e+0$1")} ± 0.00e+00 [6]`,
    );
    expect(run.summary).toContain("GPU throughput: 44.44 images/s"); // 4 / (30 + 40 + 60 / 3 ms)
    expect(run.summary).toContain("GPU throughput: 200.00 images/s");
    expect(run.summary).toContain(`, ${(live + 16).toFixed(2)} MB on the GPU\n***`);
  });

  it("gives its events back when training fails", () => {
    const gpu = new SlowGpu();
    const run = training("failed", new MonitorCallback({ warmupIterations: 0 }, () => gpu), gpu);
    run.start();
    run.train(1, { until: 2 });
    run.callback.onForwardStepStart();
    expect(gpu.alive).toBeGreaterThan(0);
    run.callback.onException(args<EventArgs<"onException">>({ state: run.state, exception: new Error("failed") }));
    expect([gpu.waits, gpu.alive]).toEqual([0, 0]);
  });
});
