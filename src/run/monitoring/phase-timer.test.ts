import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as torch from "../../torch/index.ts";
import { pass, SlowGpu } from "../fixtures/slow-gpu.ts";
import { DeviceMeter, PhaseTimer } from "./phase-timer.ts";

let tensors = 0;
beforeEach(() => {
  tensors = torch.memory.live().tensors;
  // time passes where a test says so
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
  expect(torch.memory.live().tensors).toBe(tensors);
});

const MEGABYTE = 2 ** 20;

describe("the timer of a phase", () => {
  it("reads a time as soon as the GPU has come to it, in order", () => {
    const gpu = new SlowGpu();
    const timer = new PhaseTimer("Forward", { gpu });
    const phase = (work: number) => {
      timer.start();
      gpu.work(work);
      timer.stop();
    };
    phase(10);
    expect(timer.gpuTimes).toEqual([]);
    pass(10);
    phase(20); // the first is known by now
    expect(timer.gpuTimes).toEqual([0.01]);
    phase(30);
    expect(timer.gpuTimes).toEqual([0.01]);
    pass(50);
    phase(40);
    expect(timer.gpuTimes).toEqual([0.01, 0.02, 0.03]);
    expect([gpu.waits, gpu.alive]).toEqual([0, 2]);
    timer.finish();
    expect(timer.gpuTimes).toEqual([0.01, 0.02, 0.03, 0.04]);
    expect([gpu.waits, gpu.alive]).toEqual([1, 0]);
  });

  it("measures with libtorch's events and statistics", () => {
    const timer = new PhaseTimer("Forward", { gpu: new DeviceMeter("cpu") });
    const { bytes } = torch.memory.live();
    for (const [time, megabytes] of [
      [7, 2],
      [9, 1],
    ] as const) {
      timer.start();
      torch.zeros([megabytes * (MEGABYTE / 4)]).dispose();
      pass(time);
      timer.stop();
    }
    expect(timer.gpuTimes).toEqual(timer.times);
    expect(timer.times).toEqual([0.007, 0.009]);
    expect(timer.gpuMaxMemory).toEqual([bytes + 2 * MEGABYTE, bytes + MEGABYTE]);
  });
});
