import { describe, expect, it, vi } from "vitest";
import { Callback, type EventArgs, RunLog, SingleProcess } from "../run/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { CannotReadFieldError } from "../utils/exceptions.ts";
import { ChecksCallback } from "./checks.ts";
import { ConfigSaverCallback } from "./config-saver.ts";
import { EarlyStoppingCallback } from "./early-stopping.ts";
import { GradientNormCallback } from "./gradient-norm.ts";
import { CallbacksHandler } from "./handler.ts";
import { LoggerCallback } from "./logger.ts";
import { ModelCheckpointCallback } from "./model-checkpoint.ts";
import { MonitorCallback } from "./monitor.ts";
import { registerCallback } from "./registry.ts";
import { TrainingCheckpointCallback } from "./training-checkpoint.ts";
import { TrainingLossCallback } from "./training-loss.ts";

const names = (callbacks: readonly Callback[]) => callbacks.map((callback) => callback.constructor.name);

describe("CallbacksHandler", () => {
  it("adds what is missing of the defaults, and keeps what is passed", () => {
    const defaults = ["LoggerCallback", "MonitorCallback", "ModelCheckpointCallback", "TrainingCheckpointCallback"];
    expect(names(new CallbacksHandler().callbacks)).toEqual(defaults);
    const own = [new TrainingCheckpointCallback({ enabled: false }), new LoggerCallback({ debug: false })];
    const handler = new CallbacksHandler(own);
    expect(names(handler.callbacks)).toEqual(defaults);
    for (const callback of own) expect(handler.callbacks).toContain(callback);
    // of those that are passed, a model checkpoint takes the place of the default one
    const best = new ModelCheckpointCallback({ metric: "loss", saveLast: false });
    const both = new CallbacksHandler([best, new ModelCheckpointCallback({ epochs: [1] })]);
    expect(names(both.callbacks).filter((name) => name === "ModelCheckpointCallback")).toHaveLength(2);
    expect(both.callbacks).toContain(best);
  });

  it.each([
    LoggerCallback,
    ChecksCallback,
    ConfigSaverCallback,
    MonitorCallback,
    TrainingLossCallback,
    GradientNormCallback,
    TrainingCheckpointCallback,
  ])("takes one %o only", (Class) => {
    expect(() => new CallbacksHandler([new Class(), new Class()])).toThrow(`more than one ${Class.name}`);
    const handler = new CallbacksHandler([new Class()]);
    const before = handler.allCallbacks;
    expect(() => handler.addCallbacks([new Class()])).toThrow(`more than one ${Class.name}`);
    expect(handler.allCallbacks).toEqual(before);
  });

  it("takes several of the others, each with a file of its own in checkpoints", () => {
    const early = () => new EarlyStoppingCallback({ metric: "loss" });
    const files = new CallbacksHandler([early(), early(), early()]).named().map(([name]) => name);
    expect(files.filter((name) => name.startsWith("early"))).toEqual([
      "early_stopping_callback",
      "early_stopping_callback_1",
      "early_stopping_callback_2",
    ]);
  });

  it("keeps its default callbacks, which may have a state, when others are added", () => {
    const handler = new CallbacksHandler();
    const before = [...handler.allCallbacks];
    handler.addCallbacks([new EarlyStoppingCallback({ metric: "loss" })]);
    for (const callback of before) expect(handler.allCallbacks).toContain(callback);
    expect(handler.toDict().callbacks).toHaveLength(1);
  });

  it("refuses what is no callback", () => {
    for (const value of [{ onEpochEnd() {} }, null, LoggerCallback]) {
      expect(() => new CallbacksHandler([value as never])).toThrow(
        /Expected instances of classes that extend Callback/,
      );
    }
  });

  it("waits for callbacks, except where the Trainer is made", async () => {
    const calls: string[] = [];
    class Slow extends Callback {
      override async onTrainerInit(): Promise<void> {
        calls.push("init");
      }
      override async onEpochEnd(): Promise<void> {
        await null;
        calls.push("slow");
      }
    }
    class Next extends Callback {
      override onEpochEnd(): void {
        calls.push("next");
      }
    }
    const handler = new CallbacksHandler([
      new LoggerCallback({ saveLogs: false, progressBar: false }),
      new Slow(),
      new Next(),
    ]);
    using log = new RunLog();
    await handler.callEvent("onEpochEnd", {
      state: {},
      log,
      world: new SingleProcess(),
    } as unknown as EventArgs<"onEpochEnd">);
    expect(calls).toEqual(["slow", "next"]);
    const maps = {
      architectureLog: import.meta.filename,
      modelJson: import.meta.filename,
      metricsJson: import.meta.filename,
    };
    const all = { ...maps, callbacksJson: import.meta.filename, training: { optimizationJson: import.meta.filename } };
    expect(() => handler.callEventNow("onTrainerInit", { maps: all } as unknown as EventArgs<"onTrainerInit">)).toThrow(
      /Slow\.onTrainerInit is asynchronous, which it cannot be at this event/,
    );
  });

  it("takes plain objects, and callbacks of one's own that are registered come back from a MAPS", () => {
    class Halve extends Callback {
      static readonly name_ = "Halve";
      readonly factor: number;
      constructor({ factor = 2 }: { readonly factor?: number } = {}) {
        super();
        this.factor = factor;
      }
      toDict(): JsonObject {
        return { name_: "Halve", factor: this.factor };
      }
      static fromDict({ factor }: JsonObject): Halve {
        return new Halve({ factor: Number(factor) });
      }
    }
    const stopping = { name_: "EarlyStoppingCallback", metric: "loss" };
    expect(() => new CallbacksHandler([{ name_: "Halve", factor: 3 }])).toThrow("'callbacks' got the name 'Halve'");
    registerCallback(Halve);
    const handler = new CallbacksHandler([{ name_: "Halve", factor: 3 }, stopping]);
    // ClinicaDL's reader would refuse it: it stands in the other file
    expect(JSON.stringify(handler.toDict())).not.toContain("Halve");
    const read = CallbacksHandler.fromDict(handler.toDict(), handler.extrasToDict());
    const names = (one: CallbacksHandler) => one.callbacks.map((callback) => callback.constructor.name);
    expect(names(read)).toEqual(names(handler));
    expect(read.callbacks.find((callback) => callback instanceof Halve)?.factor).toBe(3);
  });
  it("reads what ClinicaDL wrote, and says which callback it cannot read", () => {
    // maps-layout.md, A3
    const dict: JsonObject = {
      name_: "CallbacksHandler",
      callbacks: [
        { name_: "ModelCheckpointCallback", metric: "loss", epochs: [2], save_last: true, mode: null },
        { name_: "TrainingCheckpointCallback", every_n_epochs: 1, enabled: true },
        { name_: "MonitorCallback", num_measurements: 100, warmup_iterations: 10, enabled: true },
      ],
    };
    const handler = CallbacksHandler.fromDict(dict);
    expect(handler.toDict()).toEqual(dict);
    const bomb = { ...dict, callbacks: ["<__main__.Bomb object at 0x7f>"] };
    expect(() => CallbacksHandler.fromDict(bomb)).toThrow(CannotReadFieldError);
    expect(() => CallbacksHandler.fromDict(bomb)).toThrow(/Bomb.*Pass the object itself/);
    expect(() => CallbacksHandler.fromDict({ ...dict, callbacks: [{ name_: "Nope" }] })).toThrow(/Nope/);
    expect(() => CallbacksHandler.fromDict({ name_: "CallbacksHandler" })).toThrow(/'callbacks' is not a list/);
  });
});

it("tells all callbacks of an error, whatever they do with it", async () => {
  const told: string[] = [];
  class Notes extends Callback {
    override onException({ exception }: EventArgs<"onException">): void {
      told.push(String(exception));
    }
  }
  class Breaks extends Callback {
    override async onException(): Promise<void> {
      throw new Error("no space left");
    }
  }
  const shown = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const quiet = new LoggerCallback({ saveLogs: false, progressBar: false });
  const handler = new CallbacksHandler([quiet, new Breaks(), new Notes()]);
  const exception = new Error("first");
  await handler.tellException({ exception, state: {} } as EventArgs<"onException">);
  expect(told).toEqual(["Error: first"]);
  expect(shown.mock.calls.join()).toMatch(/Breaks failed when it was told of an error: no space left/);
  shown.mockRestore();
});
