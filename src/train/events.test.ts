import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  Callback,
  type CallbacksHandler,
  type EventArgs,
  type EventName,
  ModelCheckpointCallback,
  TrainingCheckpointCallback,
} from "../callbacks/index.ts";
import { DataLoader } from "../data/dataloader/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import { Split } from "../split/index.ts";
import { camelToSnake } from "../utils/names.ts";
import { ToyDataset, toyModel } from "./fixtures/toy.ts";
import { gradientsOf, Trainers } from "./fixtures/trainers.ts";
import type { Trainer } from "./trainer.ts";

/** What ClinicaDL 2.0.0 does: test/golden/events_golden.py. */
const golden = JSON.parse(readFileSync(new URL("./golden/events.json", import.meta.url), "utf8")) as {
  readonly columns: readonly string[];
  readonly given: Readonly<Record<string, readonly string[]>>;
  readonly order: Readonly<Record<string, readonly string[]>>;
  readonly calls: Readonly<Record<string, readonly (readonly unknown[])[]>>;
};
const EVENTS = Object.getOwnPropertyNames(Callback.prototype).filter((name) => name.startsWith("on")) as EventName[];
const CLIP = 1e-3;

type AnyArgs = EventArgs<EventName>;
type Method = (args: AnyArgs) => unknown;

/** Notes each event, as the golden file has it. */
class Recorder extends Callback {
  #calls: unknown[][] = [];
  readonly given: Record<string, string[]> = {};
  constructor() {
    super();
    for (const event of EVENTS) {
      Object.assign(this, {
        [event]: ({ model, maps: _, state, ...given }: AnyArgs) => {
          const name = camelToSnake(event);
          this.given[name] = Object.keys(given).map(camelToSnake).sort();
          const values = gradientsOf(model);
          const norm = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
          const gradients = values.length === 0 ? "none" : norm < 2 * CLIP ? "clipped" : "whole";
          const dict = state.toDict();
          const columns = golden.columns.slice(3).map((column) => dict[column]);
          this.#calls.push([name, model.training ? "train" : "eval", gradients, ...columns]);
        },
      });
    }
  }
  taken(): unknown[][] {
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }
}

/** Once, in the first batch of an epoch. */
class Fails extends Callback {
  #epoch: number | null;
  constructor(epoch: number) {
    super();
    this.#epoch = epoch;
  }
  override onBackwardStepEnd({ state }: EventArgs<"onBackwardStepEnd">): void {
    if (state.currentEpoch !== this.#epoch) return;
    this.#epoch = null;
    throw new Error("stopped");
  }
}

/** Notes for each event who is told, in their order. */
function watch(callbacks: CallbacksHandler): Record<string, string[]> {
  const order: Record<string, string[]> = {};
  for (const callback of callbacks.allCallbacks) {
    for (const event of EVENTS) {
      const method = callback[event] as Method;
      const wrapper: Method = (args) => {
        order[camelToSnake(event)] ??= [];
        const called = order[camelToSnake(event)] as string[];
        if (!called.includes(callback.constructor.name)) called.push(callback.constructor.name);
        return method.call(callback, args);
      };
      Object.assign(callback, { [event]: wrapper });
    }
  }
  return order;
}

const trainers = Trainers.forEachTest();
const computational = { gpu: false, amp: false, seed: 0 };
const loader = (ids: readonly number[]) => new DataLoader(new ToyDataset(ids), { batchSize: 1, shuffle: false });

function split(): Split {
  const made = new Split({ index: 0, trainDataset: new ToyDataset([0, 1, 2, 3]), valDataset: new ToyDataset([4, 5]) });
  made.buildTrainLoader({ batchSize: 1 });
  made.buildValLoader({ batchSize: 1 });
  return made;
}

function make(name: string, ...callbacks: Callback[]): { trainer: Trainer; recorder: Recorder } {
  const recorder = new Recorder();
  const trainer = trainers.make(name, {
    model: toyModel({ norm: null }),
    metrics: { loss: new LossMetricConfig(), mae: new MAEMetricConfig() },
    optimization: { numEpochs: 2, accumulationSteps: 2, evaluationInterval: 2, clipGradNorm: CLIP },
    callbacks: [
      recorder,
      new TrainingCheckpointCallback({ everyNEpochs: 1 }),
      new ModelCheckpointCallback({ metric: "loss" }),
      ...callbacks,
    ],
  });
  return { trainer, recorder };
}

describe("events", () => {
  it("are the 27 of ClinicaDL", () => {
    const names = EVENTS.map(camelToSnake);
    expect(names.length).toBe(27);
    const untold = names.filter((name) => !(name in golden.given));
    expect(untold).toEqual(names.filter((name) => name.includes("predict")));
  });

  it("of train, validate and test come in ClinicaDL's order, with the same state of everything", async () => {
    const { trainer, recorder } = make("one");
    const order = watch(trainer.callbacks);
    expect(recorder.taken()).toEqual(golden.calls.init);
    await trainer.train(split(), { computational });
    expect(recorder.taken()).toEqual(golden.calls.train);
    await trainer.validate({ splitIdx: 0, metrics: ["mae"], dataloader: loader([4, 5]) });
    expect(recorder.taken()).toEqual(golden.calls.validate);
    const group = { modelCheckpoint: "split-0_final", groupName: "other", computational };
    await trainer.test({ ...group, dataloader: loader([6, 7]) });
    expect(recorder.taken()).toEqual(golden.calls.test);

    await trainer.predict({ ...group, dataloader: loader([6, 7]) });
    const step = ["on_batch_start", "on_prediction_step_start", "on_prediction_step_end", "on_batch_end"];
    const predicted = recorder.taken();
    expect(predicted.map(([event]) => event)).toEqual(["on_predict_start", ...step, ...step, "on_predict_end"]);
    expect(new Set(predicted.map(([, mode]) => mode))).toEqual(new Set(["eval"]));

    for (const [event, names] of Object.entries(golden.order)) {
      if (!["on_exception", "on_resume"].includes(event)) expect(ours(order[event]), event).toEqual(names);
    }
  });

  it("of an error and of resume, too", async () => {
    const { trainer, recorder } = make("two", new Fails(2));
    const order = watch(trainer.callbacks);
    recorder.taken();
    await expect(trainer.train(split(), { computational })).rejects.toThrow("stopped");
    const but = (calls: readonly (readonly unknown[])[] = [], event: string, column: string, value: unknown) =>
      calls.map((call) => (call[0] === event ? call.with(golden.columns.indexOf(column), value) : call));
    // when an error is told, memory was given back already
    expect(recorder.taken()).toEqual(but(golden.calls.failing, "on_exception", "gradients", "none"));
    await trainer.resume({ splitIdx: 0, split: split() });
    // ClinicaDL's state still has what the last call left
    expect(recorder.taken()).toEqual(but(golden.calls.resume, "on_resume", "stage", null));
    for (const event of ["on_exception", "on_resume"]) expect(ours(order[event])).toEqual(golden.order[event]);
  });

  it("bring what ClinicaDL's bring, and a little more", async () => {
    const { trainer, recorder } = make("three", new Fails(2));
    await expect(trainer.train(split(), { computational })).rejects.toThrow("stopped");
    await trainer.resume({ splitIdx: 0, split: split() });
    await trainer.validate({ splitIdx: 0, metrics: ["mae"], dataloader: loader([4, 5]), modelCheckpoint: "final" });
    await trainer.test({
      modelCheckpoint: "split-0_final",
      groupName: "other",
      dataloader: loader([6]),
      computational,
    });
    const more: Record<string, string[]> = {};
    for (const [event, expected] of Object.entries(golden.given)) {
      const given = recorder.given[event] ?? [];
      // the constructor of the Trainer tells it before a test could look
      if (event !== "on_trainer_init") expect(given, event).toEqual(expect.arrayContaining([...expected]));
      // the log of the run and its world come with each
      const always = ["log", "world"];
      if (event !== "on_trainer_init") expect(given, event).toEqual(expect.arrayContaining(always));
      const added = given.filter((name) => !always.includes(name) && !expected.includes(name));
      if (added.length > 0) more[event] = added;
    }
    expect(more).toEqual({
      on_train_start: ["interruption", "shards"],
      on_resume: ["checkpoint", "interruption", "problems", "shards"],
      on_batch_end: ["losses"],
      on_optimization_step_end: ["grad_norm"],
    });
  });
});

/** What ClinicaDL has no callback for, or does in its LoggerCallback. */
const LACKING = [
  "GradientNormCallback",
  "EventsCallback",
  "ProgressCallback",
  "SummariesCallback",
  "NetworkSummaryCallback",
];

/** Without the callback that ClinicaDL does not have. */
function ours(names: readonly string[] | undefined): string[] {
  return (names ?? []).filter((name) => !LACKING.includes(name));
}
