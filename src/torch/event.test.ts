import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import * as torch from "./index.ts";

expectNothingLeft();

describe("Event", () => {
  it("is a reading of the clock on the CPU", async () => {
    using start = new torch.Event("cpu");
    using end = new torch.Event("cpu");
    expect(start.query()).toBe(true);
    expect(() => start.elapsedTime(end)).toThrow(/must be recorded/);
    const from = performance.now();
    start.record();
    await new Promise((resolve) => setTimeout(resolve, 5));
    end.record();
    const around = performance.now() - from;
    end.synchronize();
    expect(end.query()).toBe(true);
    // milliseconds
    const elapsed = start.elapsedTime(end);
    expect(elapsed).toBeGreaterThan(0);
    expect(elapsed).toBeLessThanOrEqual(around);
    expect(end.elapsedTime(start)).toBe(-elapsed);
  });

  it("cannot be used once disposed", () => {
    const event = new torch.Event("cpu");
    event.dispose();
    event.dispose();
    expect(() => event.record()).toThrow("Event.record: the event has been disposed.");
  });

  it("says which devices have none", () => {
    // a device without work of its own: the question goes through libtorch
    using meta = new torch.Event("meta");
    expect(() => meta.record()).toThrow(/meta backend doesn't support events/);
    using cpu = new torch.Event("cpu");
    expect(() => cpu.elapsedTime(meta)).toThrow("one event is of 'cpu', the other of 'meta'");
    expect(() => new torch.Event("nonsense")).toThrow(/device type.*nonsense/);
  });

  it("times a GPU, where there is one", () => {
    if (!torch.cuda.isAvailable()) {
      expect(() => new torch.Event("cuda")).toThrow(torch.cuda.whyUnavailable());
      return;
    }
    using start = new torch.Event("cuda");
    using end = new torch.Event("cuda");
    using _scope = torch.scope();
    const x = torch.ones([512, 512], { device: "cuda" });
    torch.cuda.resetPeakMemoryStats();
    start.record();
    x.matmul(x);
    end.record();
    end.synchronize();
    expect(end.query()).toBe(true);
    expect(start.elapsedTime(end)).toBeGreaterThan(0);
    expect(torch.memory.maxMemoryAllocated("cuda:0")).toBeGreaterThanOrEqual(2 * 512 * 512 * 4);
    expect(torch.cuda.getDeviceName()).not.toBe("");
  });
});
