import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FileLock, Maps } from "../io/maps/index.ts";
import { sweepSchema } from "./config.ts";
import { claimInProcess, killed } from "./fixtures/claim-in-process.ts";
import { QUIET_MS, shownState } from "./shown-state.ts";
import { Study } from "./study.ts";
import { lockOfTrial } from "./study-file.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "shown-state-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const sweep = sweepSchema.parse({
  ...{ experiment: "e.yaml", study: "s", trials: 3 },
  parameters: { lr: { low: 1e-4, high: 1, log: true } },
});
const states = () => {
  using study = new Study(dir, sweep);
  return study.trials.map((trial) => shownState(dir, sweep, trial));
};
const lock = () => lockOfTrial(dir, { number: 0 });

it("is interrupted when its process was killed, and running again when another has taken it up", async () => {
  const child = await claimInProcess(dir, sweep);
  expect(states()).toEqual(["running"]);
  await killed(child);
  expect(states()).toEqual(["interrupted"]);
  using study = new Study(dir, sweep);
  using again = study.claim();
  expect(again?.trial.number).toBe(0);
  expect(states()).toEqual(["running"]);
  if (again !== null) study.finish(again.trial, 0.5);
  expect(states()).toEqual(["complete"]);
});

it("is interrupted where another process has the number of its own", async () => {
  const child = await claimInProcess(dir, sweep);
  try {
    // as if that process had begun at another time; where the system does not say, the number is all that is known
    const signed = readFileSync(lock(), "utf8");
    expect(signed).toMatch(/^process \d+ on .*, since .*\n$/);
    if (process.platform === "linux") {
      expect(signed).toMatch(/, begun at \d+\n$/);
      writeFileSync(lock(), signed.replace(/begun at (\d+)/, "begun at 1$1"));
      expect(states()).toEqual(["interrupted"]);
    }
    writeFileSync(lock(), signed.replace(/, begun at \d+/, ""));
    expect(states()).toEqual(["running"]);
  } finally {
    await killed(child);
  }
});

it("is running on another machine for as long as that is heard of", () => {
  using study = new Study(dir, sweep);
  using _claimed = study.claim();
  const signed = readFileSync(lock(), "utf8");
  writeFileSync(lock(), signed.replace(` on ${hostname()},`, " on another-machine,"));
  expect(states()).toEqual(["running"]);
  const before = (milliseconds: number) => {
    const time = new Date(Date.now() - milliseconds);
    utimesSync(lock(), time, time);
  };
  before(QUIET_MS + 60_000);
  expect(states()).toEqual(["interrupted"]);
  before(QUIET_MS - 60_000);
  expect(states()).toEqual(["running"]);
});

it("is running while a training goes on that has outlived the process of the sweep", () => {
  using study = new Study(dir, sweep);
  using claimed = study.claim();
  if (claimed === null) throw new Error("there are three trials");
  const signed = readFileSync(lock(), "utf8");
  writeFileSync(lock(), "");
  expect(states()).toEqual(["interrupted"]);
  const maps = new Maps(claimed.maps);
  maps.create();
  {
    using _use = FileLock.acquire(maps.inUseLock, "The MAPS", { shared: true });
    expect(states()).toEqual(["running"]);
  }
  writeFileSync(lock(), signed);
});

it("is heard of on other machines for as long as its process has it", () => {
  vi.useFakeTimers();
  try {
    using study = new Study(dir, sweep);
    const claimed = study.claim();
    const age = () => Date.now() - statSync(lock()).mtimeMs;
    vi.advanceTimersByTime(4 * QUIET_MS);
    expect(age()).toBeLessThan(QUIET_MS / 2);
    claimed?.[Symbol.dispose]();
    vi.advanceTimersByTime(4 * QUIET_MS);
    expect(age()).toBeGreaterThan(3 * QUIET_MS);
  } finally {
    vi.useRealTimers();
  }
});
