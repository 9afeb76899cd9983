import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  Callback,
  type EventArgs,
  LoggerCallback,
  ModelCheckpointCallback,
  TrainingCheckpointCallback,
} from "../callbacks/index.ts";
import { DataLoader } from "../data/dataloader/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import { warn } from "../utils/warnings.ts";
import { ToyDataset, toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";
import { readEvents, TrainingInterrupted } from "./index.ts";

const trainers = Trainers.forEachTest();
const EVENTS = "training/split-0/.clinicadl-ts/events.jsonl";

class Stopped extends Error {}

/** Ends a run once, at the n-th time that one of these things happens. */
class StopsAt extends Callback {
  readonly #at: string;
  readonly #end: () => void;
  #left: number;
  constructor(
    at: string,
    nth: number,
    end = (): void => {
      throw new Stopped("stopped");
    },
  ) {
    super();
    this.#at = at;
    this.#left = nth;
    this.#end = end;
  }
  #happens(what: string): void {
    if (what === this.#at && --this.#left === 0) this.#end();
  }
  override onBatchStart({ state }: EventArgs<"onBatchStart">): void {
    this.#happens(`batch of ${state.stage}`);
  }
  override onOptimizationStepEnd(): void {
    this.#happens("step");
  }
  override onValidationStart(): void {
    this.#happens("validation");
  }
  override onValidationEnd(): void {
    this.#happens("metrics");
  }
  override onEpochStart(): void {
    this.#happens("epoch");
  }
  override onEpochEnd(): void {
    this.#happens("end of an epoch");
  }
  override onTrainEnd(): void {
    this.#happens("end");
  }
}

/** Warns in every epoch and validation. */
class Warns extends Callback {
  override onEpochStart({ state }: EventArgs<"onEpochStart">): void {
    warn(`epoch ${state.currentEpoch} begins`);
  }
  override onValidationStart({ state, log }: EventArgs<"onValidationStart">): void {
    log.warning(`validation of epoch ${state.currentEpoch}`);
  }
}

const callbacks = (checkpoints: ConstructorParameters<typeof TrainingCheckpointCallback>[0], more: Callback[] = []) => [
  new LoggerCallback({ progressBar: false }),
  new TrainingCheckpointCallback({ everyMinutes: null, ...checkpoints }),
  new ModelCheckpointCallback({ metric: "loss", epochs: [2] }),
  new Warns(),
  ...more,
];
const make = (name: string, given: Callback[], accumulationSteps = 2) =>
  trainers.make(name, {
    metrics: { loss: new LossMetricConfig(), mae: new MAEMetricConfig() },
    optimization: { numEpochs: 3, accumulationSteps },
    callbacks: given,
  });

/** What a file says, but for times, and what there is only because of an interruption. */
function told(name: string): unknown[] {
  return readEvents(trainers.path(name, EVENTS))
    .filter(({ kind }) => kind !== "resume" && kind !== "interruption" && kind !== "error")
    .map(({ time: _, ...event }) => ("seconds" in event ? { ...event, seconds: 0 } : event));
}

describe("the events of a training", () => {
  it("are all that happens, in its order", async () => {
    const split = toySplit();
    await make("maps", callbacks({ everyNEpochs: 1 })).train(split, { computational });
    const events = readEvents(trainers.path("maps", EVENTS));
    const { length } = split.trainLoader;
    const batches = Array.from({ length }, (_, i) => `batch ${i + 1}`);
    const shown = events.map((event) => {
      switch (event.kind) {
        case "batch":
          return `batch ${event.batch}`;
        case "warning":
          return event.message;
        case "model":
          return event.name;
        default:
          return event.kind;
      }
    });
    const best = (epoch: number) => (shown.includes("best-loss") && epoch === 1 ? ["best-loss"] : []);
    const first = shown.slice(0, shown.indexOf("epoch 2 begins"));
    expect(first).toEqual([
      "start",
      "checkpoint",
      "epoch 1 begins",
      ...batches,
      "validation",
      "validation of epoch 1",
      "metrics",
      ...best(1),
      "epoch",
      "checkpoint",
    ]);
    expect(shown.slice(-3)).toEqual(["checkpoint", "final", "end"]);
    expect(shown).toContain("epoch-2");
    expect(events[0]).toMatchObject({ version: 1, split: 0, epochs: 3, batches: length, runsOn: { device: "cpu" } });
    const inFirst = events.flatMap((event) => (event.kind === "batch" && event.epoch === 1 ? [event] : []));
    const mean = inFirst.reduce((sum, { losses }) => sum + (losses.loss ?? 0), 0) / inFirst.length;
    expect(events.find(({ kind }) => kind === "epoch")).toMatchObject({ epoch: 1, losses: { loss: mean } });
    expect(inFirst[0]?.rates).toEqual({ optimizer: [expect.any(Number)] });
    expect(events.find(({ kind }) => kind === "metrics")).toMatchObject({
      epoch: 1,
      values: { mae: expect.any(Number) },
    });
  });

  it("are in a file that ClinicaDL does not see, and no checkpoint holds a state of those who write them", async () => {
    await make("maps", callbacks({ everyNEpochs: 1 })).train(toySplit(), { computational });
    expect(trainers.text("maps", "callbacks.json")).not.toMatch(/Events|Progress|Summar/);
    const kept = trainers.path("maps", "training/split-0/tmp/epoch-3/callbacks");
    for (const name of ["events", "progress", "summaries", "network_summary"]) {
      expect(existsSync(`${kept}/${name}_callback.pt`)).toBe(false);
    }
  });

  const points = [
    "batch of training",
    "step",
    "validation",
    "batch of evaluation",
    "metrics",
    "epoch",
    "end of an epoch",
  ];
  const cases = points.flatMap((at) => [1, 2, 3].map((nth) => [at, nth] as const));
  it.each([
    ["every step", { everyNSteps: 1, everyNEpochs: 1 }],
    ["every second epoch", { everyNEpochs: 2 }],
  ] as const)(
    "are those of one without interruption, wherever it ends, with checkpoints at %s",
    async (_, checkpoints) => {
      await make("whole", callbacks(checkpoints)).train(toySplit(), { computational });
      const whole = told("whole");
      for (const [at, nth] of [...cases, ["end", 1] as const]) {
        const name = `${at} ${nth}`;
        const trainer = make(name, callbacks(checkpoints, [new StopsAt(at, nth)]));
        await expect(trainer.train(toySplit(), { computational })).rejects.toThrow(Stopped);
        const left = readEvents(trainers.path(name, EVENTS)).at(-1);
        expect(left, name).toMatchObject({ kind: "error", message: "stopped" });
        // as if it had been killed in the middle of a line
        appendFileSync(trainers.path(name, EVENTS), '{"n":99,"ti');
        const again = await trainers.fromMaps(name, { callbacks: callbacks(checkpoints) });
        await again.resume({ splitIdx: 0, split: toySplit() });
        expect(told(name), name).toEqual(whole);
        const resumes = readEvents(trainers.path(name, EVENTS)).filter(({ kind }) => kind === "resume");
        expect(resumes, name).toHaveLength(1);
        expect(trainers.text(name, EVENTS)).not.toContain('"n":99');
      }
    },
  );

  it.each(points.filter((at) => at !== "epoch"))(
    "are those of one without interruption, after a signal at a %s",
    async (at) => {
      await make("whole", callbacks({})).train(toySplit(), { computational });
      const signal = () => void process.emit("SIGTERM");
      const trainer = make("maps", callbacks({}, [new StopsAt(at, 2, signal)]));
      const options = { computational, signals: { exit: false } };
      await expect(trainer.train(toySplit(), options)).rejects.toThrow(TrainingInterrupted);
      expect(readEvents(trainers.path("maps", EVENTS)).at(-1)).toMatchObject({
        kind: "interruption",
        signal: "SIGTERM",
      });
      await trainer.resume({ splitIdx: 0, split: toySplit() });
      const but = (name: string) => told(name).filter((event) => Object(event).kind !== "checkpoint");
      expect(but("maps")).toEqual(but("whole"));
    },
  );

  it("go on, where the training is complete, for more epochs", async () => {
    const trainer = make("maps", callbacks({}));
    await trainer.train(toySplit(), { computational });
    await trainer.resume({ splitIdx: 0, split: toySplit(), numEpochs: 4 });
    const kinds = readEvents(trainers.path("maps", EVENTS)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "epoch")).toHaveLength(4);
    expect(kinds.filter((kind) => kind === "end")).toHaveLength(1);
    expect(kinds.at(-1)).toBe("end");
  });

  it("are its warnings, too", async () => {
    await make("maps", callbacks({}), 1).train(toySplit({ broken: 3 }), { computational });
    const warnings = readEvents(trainers.path("maps", EVENTS)).flatMap((event) =>
      event.kind === "warning" ? [event.message] : [],
    );
    const logged = readFileSync(trainers.path("maps", "training/split-0/warning.log"), "utf8");
    expect(warnings.some((message) => /The loss 'loss' is NaN/.test(message))).toBe(true);
    for (const message of warnings) expect(logged).toContain(message);
  });

  it("are told, but not kept, of validate, test and predict", async () => {
    const trainer = make("maps", callbacks({}));
    await trainer.train(toySplit(), { computational });
    const before = trainers.text("maps", EVENTS);
    await trainer.validate({ splitIdx: 0, metrics: ["mae"], dataloader: toySplit().valLoader });
    const dataloader = new DataLoader(new ToyDataset([30, 31]), { batchSize: 2, shuffle: false });
    await trainer.test({ modelCheckpoint: "split-0_final", groupName: "g", dataloader, computational });
    expect(trainers.text("maps", EVENTS)).toBe(before);
  });
});
