import process from "node:process";
import { describe, expect, it } from "vitest";
import { type Calls, FAULTS, pointsOf, readCalls } from "./calls.ts";
import { unclear } from "./errors.ts";
import { tryFaults } from "./harness.ts";
import { SCENARIOS } from "./subject.ts";

describe("a training", () => {
  // `npm run test:faults` tries all points
  it("survives that it is killed, that the power fails, and that its disk is full or broken, at a sample of its calls", async () => {
    if (process.platform !== "linux") {
      await expect(tryFaults({ most: 1 })).rejects.toThrow(/LD_PRELOAD.*run it on Linux/);
      return;
    }
    const found = new Map<string, Calls>();
    const results = await tryFaults({ most: 4, onCalls: (scenario, calls) => found.set(scenario, calls) });
    expect(results.filter(({ problems }) => problems.length > 0)).toEqual([]);
    const [scenarios, faults] = [Object.keys(SCENARIOS), Object.keys(FAULTS)];
    // reading fails in one scenario only
    expect(results).toHaveLength(4 * (scenarios.length * (faults.length - 1) + 1));
    // whatever changes files is seen
    expect([...found.keys()]).toEqual(scenarios);
    const calls = [...found.values()].flatMap(({ changes, reads }) => [...changes, ...reads]);
    const names = new Set(calls.map(({ name }) => name));
    for (const name of ["mkdir", "write", "fsync", "close", "rename", "link", "unlinkat", "read"]) {
      expect(names).toContain(name);
    }
    expect(calls.some(({ path }) => path === "/maps/training/split-0/tmp/epoch-1")).toBe(true);
  });
});

describe("points", () => {
  const lines = ["mkdir\tallocates\t/maps", "write\twrites\t/maps/.tmp-12-0123456789ab-a.json"];
  const more = ["rename\tchanges\t/maps/training/split-0/tmp/epoch-1", "fsync\tchanges\t/maps/training/split-0/tmp"];
  const changes = readCalls(`${[...lines, ...more].join("\n")}\n`);
  const calls = { changes, reads: readCalls("read\treads\t/maps/model.json\n") };

  it("are all calls, in every way that they can go wrong", () => {
    const points = pointsOf("train", calls);
    const named = (wanted: string) => points.filter(({ name }) => name === wanted);
    expect(named("SIGKILL before the call").map(({ fault }) => fault.at)).toEqual([1, 2, 3, 4]);
    expect(named("SIGKILL after half of a write").map(({ call }) => call)).toEqual(["write /maps/.tmp-*-a.json"]);
    expect(named("ENOSPC").map(({ fault }) => fault.mode)).toEqual(["full", "full", "fail", "fail"]);
    expect(named("EIO").map(({ checkpoint }) => checkpoint)).toEqual([null, null, null, "epoch-1"]);
    expect(named("EIO from a call that reads").map(({ call }) => call)).toEqual(["read /maps/model.json"]);
  });
  it("are spread when they are few", () => {
    const at = pointsOf("train", calls, 2).map(({ name, fault }) => `${name} ${fault.at}`);
    expect(at.filter((point) => /^EIO \d/.test(point))).toEqual(["EIO 2", "EIO 4"]);
  });
});

describe("an error", () => {
  const io = (message: string, path?: string) => Object.assign(new Error(message), { code: "EIO" }, path && { path });
  it("names the file, and what happened to it", () => {
    expect(unclear(io("EIO: i/o error, open '/disk/a'", "/disk/a"), "/disk")).toEqual([]);
    expect(unclear(io("EIO: i/o error, write"), "/disk")).toEqual([expect.stringContaining("names no file")]);
    expect(unclear(new Error("/disk/a went wrong"), "/disk")).toEqual([expect.stringContaining("what happened")]);
    expect(unclear(new TypeError("/disk/a: x is undefined, EIO"), "/disk")).toHaveLength(1);
  });
});
