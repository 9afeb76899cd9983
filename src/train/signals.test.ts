import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Callback, ModelCheckpointCallback } from "../callbacks/index.ts";
import type { SignalOptions } from "../run/index.ts";
import { toyModel, toySplit } from "./fixtures/toy.ts";
import { Trainer } from "./trainer.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "signals-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeEach(() => {
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly said: readonly string[];
  readonly errors: string;
}

/** Trains in another process, which gets `signals` in the batch `when`, and waits for them there. */
async function train(
  name: string,
  when: string,
  signals: readonly NodeJS.Signals[],
  options: SignalOptions | false = {},
  { env = {}, until = "signal" }: { env?: NodeJS.ProcessEnv; until?: "signal" | "end" } = {},
): Promise<Ended> {
  const script = join(import.meta.dirname, "fixtures", "held-training.ts");
  const child: ChildProcess = spawn(process.execPath, [script, join(dir, name), when, until, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const said: string[] = [];
  let errors = "";
  child.stderr?.on("data", (data) => {
    errors += data;
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done) =>
    child.once("close", (code, signal) => done({ code, signal })),
  );
  if (child.stdout === null) throw new Error("no output");
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (line !== when) continue;
    for (const signal of signals) child.kill(signal);
    // two within a moment are taken for one, so the second comes again until the process has ended
    const again = setInterval(() => child.kill(signals.at(-1)), 400);
    void ended.then(() => clearInterval(again));
    if (until === "signal") clearInterval(again);
  }
  return { ...(await ended), said, errors };
}

/**
 * Trains under a shell; both get SIGHUP three times during a batch.
 * @param trap what the shell does: ":" nothing, "" it ignores SIGHUP, and so does what it starts.
 */
async function hangUp(name: string, trap: string, until: "signal" | "pause", env = { _: "sh" }): Promise<Ended> {
  const script = join(import.meta.dirname, "fixtures", "held-training.ts");
  const args = [process.execPath, script, join(dir, name), "training 2 1", until, "{}"];
  const child = spawn("sh", ["-c", `trap '${trap}' HUP; "$0" "$@"; exit $?`, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    detached: true,
  });
  const said: string[] = [];
  let errors = "";
  child.stderr.on("data", (data) => {
    errors += data;
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done) =>
    child.once("close", (code, signal) => done({ code, signal })),
  );
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (line !== "training 2 1") continue;
    for (let times = 0; times < 3; times++) {
      // the whole group gets it, as from a terminal
      if (child.exitCode === null) process.kill(-(child.pid ?? 0), "SIGHUP");
      await setTimeout(200);
    }
  }
  return { ...(await ended), said, errors };
}

/** The callbacks of the other process, without its waiting. */
class Held extends Callback {}

async function resume(name: string): Promise<void> {
  const callbacks = [new Held(), new ModelCheckpointCallback({ metric: "loss" })];
  using trainer = await Trainer.fromMaps(join(dir, name), { callbacks });
  await trainer.resume({ splitIdx: 0, split: toySplit() });
}

function expectWhole(name: string): void {
  for (const file of ["models/final/model.pt", "models/best_models/best-loss/model.pt", "logs/training_loss.tsv"]) {
    const [one, other] = [name, "whole"].map((maps) => readFileSync(join(dir, maps, "training/split-0", file)));
    expect(one?.equals(other ?? Buffer.of()), file).toBe(true);
  }
}

beforeAll(async () => {
  using trainer = new Trainer({
    maps: join(dir, "whole"),
    model: toyModel(),
    optimization: { numEpochs: 3 },
    callbacks: [new Held(), new ModelCheckpointCallback({ metric: "loss" })],
  });
  await trainer.train(toySplit(), { computational: { gpu: false, seed: 1 } });
});

describe("a signal", () => {
  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGUSR1", 138],
  ] as const)("%s ends training after the step in hand, with a checkpoint, and the code %i", async (signal, code) => {
    const { code: got, said, errors } = await train(signal, "training 2 2", [signal]);
    expect(got).toBe(code);
    expect(said.at(-1)).toBe("training 2 2");
    expect(errors).toMatch(new RegExp(`${signal}: the training ends after this step`));
    expect(errors).toMatch(/To go on: trainer\.resume\(\{ splitIdx: 0 \}\), in the script that began it/);
    const summary = readFileSync(join(dir, signal, "training/split-0/summary.log"), "utf8");
    expect(summary).toMatch(/Training interrupted after 2 epochs/);
    await resume(signal);
    expectWhole(signal);
    // what the interruption wrote is cut back
    expect(readFileSync(join(dir, signal, "training/split-0/summary.log"), "utf8")).not.toMatch(/interrupted/);
  });

  it("in the middle of a validation loses nothing of the epoch", async () => {
    const { code, said } = await train("validation", "evaluation 2 1", ["SIGTERM"]);
    expect(code).toBe(143);
    expect(said.at(-1)).toBe("evaluation 2 1");
    await resume("validation");
    expectWhole("validation");
  });

  it("that comes twice ends the process at once", async () => {
    const { code, signal, said } = await train("twice", "training 2 1", ["SIGTERM", "SIGTERM"], {}, { until: "end" });
    expect([code, signal]).toEqual([null, "SIGTERM"]);
    expect(said.at(-1)).toBe("training 2 1");
    const usr1 = await train("twice-usr1", "training 2 1", ["SIGUSR1", "SIGUSR1"], {}, { until: "end" });
    expect(usr1.code).toBe(138);
    await resume("twice");
    expectWhole("twice");
  });

  it("that comes by two ways at once is one signal", async () => {
    const { code } = await train("group", "training 2 1", ["SIGTERM", "SIGTERM"]);
    expect(code).toBe(143);
    await resume("group");
    expectWhole("group");
  });

  it("has the exit code that is asked for, and can be caught", async () => {
    const options = { exitCodes: { SIGUSR1: 99 } };
    expect((await train("code", "training 1 1", ["SIGUSR1"], options)).code).toBe(99);
    const caught = await train("caught", "training 1 1", ["SIGTERM"], { exit: false });
    expect(caught.code).toBe(0);
    expect(caught.said.at(-1)).toBe("caught TrainingInterrupted");
  });

  it("SIGHUP, from a terminal that closes, ends it once, however often it comes, with the code 129", async () => {
    const { code, said, errors } = await hangUp("hangup", ":", "signal");
    expect([code, said.at(-1)]).toEqual([129, "training 2 1"]);
    expect(errors).toMatch(/SIGHUP: the training ends after this step/);
    await resume("hangup");
    expectWhole("hangup");
  });

  it("SIGHUP is not heard by a training that was started with it ignored", async () => {
    const { code, said, errors } = await hangUp("trap", "", "pause");
    expect([code, said.at(-1), errors]).toEqual([0, "evaluation 3 2", expect.not.stringMatching(/SIGHUP/)]);
    expectWhole("trap");
  });

  it("SIGHUP is not heard by a training that was started with nohup", async () => {
    const { code, said, errors } = await hangUp("nohup", ":", "pause", { _: "/usr/bin/nohup" });
    expect([code, said.at(-1), errors]).toEqual([0, "evaluation 3 2", expect.not.stringMatching(/SIGHUP/)]);
    expectWhole("nohup");
  });

  it("is left alone with signals: false", async () => {
    const { code, signal } = await train("alone", "training 1 2", ["SIGTERM"], false, { until: "end" });
    expect([code, signal]).toEqual([null, "SIGTERM"]);
  });

  it("queues a job of Slurm again", async () => {
    // Slurm itself cannot be had: a program in its place that notes how it was called
    const bin = join(dir, "scontrol");
    writeFileSync(bin, `#!/bin/sh\necho "$@" > ${join(dir, "called")}\n`);
    chmodSync(bin, 0o755);
    const env = { SLURM_JOB_ID: "4711", PATH: `${dir}${delimiter}${process.env.PATH}` };
    const { code, errors } = await train("slurm", "training 1 1", ["SIGUSR1"], { requeue: true }, { env });
    expect(code).toBe(138);
    expect(readFileSync(join(dir, "called"), "utf8")).toBe("requeue 4711\n");
    expect(errors).toMatch(/Slurm queues the job 4711 again/);
    const without = await train(
      "no-slurm",
      "training 1 1",
      ["SIGUSR1"],
      { requeue: true },
      { env: { SLURM_JOB_ID: "" } },
    );
    expect(without.errors).toMatch(/not queued again: SLURM_JOB_ID is not set/);
    rmSync(join(dir, "called"));
    // scancel
    await train("cancelled", "training 1 1", ["SIGTERM"], { requeue: true }, { env });
    expect(existsSync(join(dir, "called"))).toBe(false);
  });
});

it("stops listening when training ends", async () => {
  const before = process.listenerCount("SIGTERM");
  await resumeMore("whole");
  expect(process.listenerCount("SIGTERM")).toBe(before);
});

async function resumeMore(name: string): Promise<void> {
  using trainer = await Trainer.fromMaps(join(dir, name), { callbacks: [new Held()] });
  await trainer.resume({ splitIdx: 0, split: toySplit(), numEpochs: 4 });
}
