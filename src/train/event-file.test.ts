import { appendFileSync, readFileSync } from "node:fs";
import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import { Callback, type EventArgs } from "../callbacks/index.ts";
import { MAEMetricConfig } from "../metrics/index.ts";
import { warn } from "../utils/warnings.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";
import { readEvents, TrainingInterrupted } from "./index.ts";

vi.setConfig({ testTimeout: 300_000 });

const trainers = Trainers.forEachTest();
const EPOCHS = 2;
/** Three batches to train on, then two to validate. */
const BATCHES = 5;

/** Asks a training to end when so many of its batches are done; a layer below warns in each epoch. */
class SignalAfter extends Callback {
  #left: number;
  constructor(batches: number) {
    super();
    this.#left = batches;
  }
  override onEpochStart({ state }: EventArgs<"onEpochStart">): void {
    warn(`epoch ${state.currentEpoch} begins`);
  }
  override onBatchEnd({ state }: EventArgs<"onBatchEnd">): void {
    if (state.called === "train" && --this.#left === 0) process.emit("SIGTERM");
  }
}

const fileOf = (name: string) => trainers.path(name, "training/split-0/.clinicadl-ts/events.jsonl");

/** What the file says, but for times and for what depends on the interruption. */
function told(name: string): unknown[] {
  return readEvents(fileOf(name))
    .filter(({ kind }) => !["resume", "interruption", "checkpoint"].includes(kind))
    .map((event) => ({ ...event, time: 0, seconds: 0 }));
}

async function train(name: string, interruptedAfter = Number.POSITIVE_INFINITY): Promise<void> {
  const options = { optimization: { numEpochs: EPOCHS }, metrics: { mae: new MAEMetricConfig() } };
  const trainer = trainers.make(name, { ...options, callbacks: [new SignalAfter(interruptedAfter)] });
  try {
    await trainer.train(toySplit(), { computational, signals: { exit: false } });
    return;
  } catch (error) {
    if (!(error instanceof TrainingInterrupted)) throw error;
  }
  // a process that is killed leaves half a line, and lines of steps that are made again
  appendFileSync(fileOf(name), '{"kind":"batch","epoch":9');
  const again = await trainers.fromMaps(name, { callbacks: [new SignalAfter(Number.POSITIVE_INFINITY)] });
  await again.resume({ splitIdx: 0, split: toySplit(), signals: { exit: false } });
}

describe("the file of a training's events", () => {
  it("tells the training from its start to its end", async () => {
    await train("whole");
    const kinds = readEvents(fileOf("whole")).map(({ kind }) => kind);
    const epoch = ["warning", "batch", "batch", "batch", "validation", "metrics"];
    expect(kinds.filter((kind) => !["model", "checkpoint"].includes(kind))).toEqual([
      "start",
      ...Array.from({ length: EPOCHS }, () => [...epoch, "epoch"]).flat(),
      "end",
    ]);
    expect(kinds).toContain("model");
    expect(kinds).toContain("checkpoint");
    const lines = readFileSync(fileOf("whole"), "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(kinds.length);
  });

  it("is that of a training that was never interrupted, wherever it was", async () => {
    await train("whole");
    const whole = told("whole");
    for (let batches = 1; batches < EPOCHS * BATCHES; batches++) {
      const name = `after-${batches}`;
      await train(name, batches);
      expect(told(name), name).toEqual(whole);
      const kinds = readEvents(fileOf(name)).map(({ kind }) => kind);
      expect(
        kinds.filter((kind) => kind === "interruption" || kind === "resume"),
        name,
      ).toContain("resume");
    }
  });
});
