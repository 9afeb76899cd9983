import { Worker } from "node:worker_threads";
import { expect, it, vi } from "vitest";
import { drawsOver, keepGoing } from "./output.ts";

it("is held as often as wanted, beside many worker threads, without a warning of too many listeners", async () => {
  const warnings: string[] = [];
  const hear = (warning: Error) => warnings.push(warning.name);
  process.on("warning", hear);
  const before = process.stderr.listenerCount("error");
  const most = process.stderr.getMaxListeners();
  const workers = Array.from({ length: 12 }, () => new Worker("", { eval: true }));
  const held = Array.from({ length: 12 }, () => keepGoing());
  expect(process.stderr.listenerCount("error")).toBeGreaterThanOrEqual(before + 12);
  expect(process.stderr.getMaxListeners()).toBe(most);
  for (const one of held) one[Symbol.dispose]();
  await Promise.all(workers.map((worker) => new Promise((done) => worker.once("exit", done))));
  await new Promise((done) => setImmediate(done));
  process.off("warning", hear);
  expect(warnings).toEqual([]);
});

it("draws over lines on a terminal that can, and nowhere else", () => {
  const seen = (["xterm", "dumb", undefined] as const).map((term) => {
    vi.stubEnv("TERM", term);
    return [drawsOver({ isTTY: true }), drawsOver({})];
  });
  vi.unstubAllEnvs();
  expect(seen).toEqual([
    [true, false],
    [false, false],
    [true, false],
  ]);
});
