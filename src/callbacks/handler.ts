import { checkFileName } from "../io/maps/index.ts";
import type { MetricsHandler } from "../metrics/index.ts";
import {
  type Callback,
  type CallbackSequence,
  type EventArgs,
  type EventName,
  inPhases,
  type WeightsToSave,
} from "../run/index.ts";
import { type JsonObject, type JsonValue, show } from "../utils/config.ts";
import { ConfigError, MissingFieldsError } from "../utils/exceptions.ts";
import { camelToSnake } from "../utils/names.ts";
import { say } from "../utils/output.ts";
import type { Named } from "../utils/registry.ts";
import { ChecksCallback } from "./checks.ts";
import { ConfigSaverCallback } from "./config-saver.ts";
import { EventsCallback } from "./events.ts";
import { GradientNormCallback } from "./gradient-norm.ts";
import { LoggerCallback } from "./logger.ts";
import { MetricsSaverCallback } from "./metrics-saver.ts";
import { ModelCheckpointCallback } from "./model-checkpoint.ts";
import { MonitorCallback } from "./monitor.ts";
import { NetworkSummaryCallback } from "./network-summary.ts";
import { ProgressCallback } from "./progress.ts";
import { callbackRegistry, isOnlyHere } from "./registry.ts";
import { SummariesCallback } from "./summaries.ts";
import { TrainingCheckpointCallback } from "./training-checkpoint.ts";
import { TrainingLossCallback } from "./training-loss.ts";

const ASYNC_FUNCTION = (async () => {}).constructor as FunctionConstructor;

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function asynchronous(callback: Callback, event: EventName): ConfigError {
  return new ConfigError(
    `${callback.constructor.name}.${event} is asynchronous, which it cannot be at this event: nothing waits for it. Do without await there, or do it in onTrainStart.`,
  );
}

type CallbackClass = abstract new (...args: never[]) => Callback;

const ONLY_ONE: readonly CallbackClass[] = [
  LoggerCallback,
  ChecksCallback,
  ConfigSaverCallback,
  MonitorCallback,
  TrainingLossCallback,
  GradientNormCallback,
  TrainingCheckpointCallback,
  EventsCallback,
  SummariesCallback,
  NetworkSummaryCallback,
  ProgressCallback,
];

/** What every Trainer has and ClinicaDL does not: these have no state, and no file in a checkpoint. */
const WITHOUT_STATE: readonly CallbackClass[] = [
  EventsCallback,
  SummariesCallback,
  NetworkSummaryCallback,
  ProgressCallback,
];

function isA(callback: Callback, Class: CallbackClass): boolean {
  return callback.constructor === Class;
}

/**
 * The callbacks of a Trainer. In which order they are told of an event, their phases say (`Callback.phase`), and within a phase
 * their list: what is told to whoever looks on, checks of the data and recording of the configuration; those that were passed, and
 * the default ones; then losses, gradient norms, metrics, summaries and progress. Default callbacks (LoggerCallback, MonitorCallback, ModelCheckpointCallback,
 * TrainingCheckpointCallback) are added unless one of their class is passed.
 * @example
 * ```ts
 * const handler = new CallbacksHandler([new EMACallback(), { name_: "EarlyStoppingCallback", metric: "loss" }]);
 * const trainer = new Trainer({ maps: "handler", model, callbacks: handler });
 * console.log(handler.callbacks.some((callback) => callback instanceof EarlyStoppingCallback)); // → true
 * ```
 */
export class CallbacksHandler implements CallbackSequence {
  #given: Callback[];
  #public: Callback[] = [];
  #all: Callback[] = [];
  /** As they are told of events, but for their phases. */
  #listed: Callback[] = [];

  /** @param callbacks or plain objects with the `name_` of a callback and its options. */
  constructor(callbacks: readonly (Callback | Named)[] = []) {
    this.#given = callbacks.map(asCallback);
    this.#complete();
  }

  /** Those that were passed and the default ones. */
  get callbacks(): readonly Callback[] {
    return this.#public;
  }
  /** All of them, with those that every Trainer has. */
  get allCallbacks(): readonly Callback[] {
    return this.#all;
  }

  addCallbacks(callbacks: readonly (Callback | Named)[]): void {
    const before = this.#given;
    this.#given = [...before, ...callbacks.map(asCallback)];
    try {
      this.#complete();
    } catch (error) {
      this.#given = before;
      throw error;
    }
  }

  /** Tells those that follow metrics whether low or high values are good. */
  resolveModes(metrics: MetricsHandler): void {
    for (const callback of this.#all as (Callback & { resolveModes?: (metrics: MetricsHandler) => void })[]) {
      callback.resolveModes?.(metrics);
    }
  }

  /** @throws ConfigError where one of those that were passed follows a metric that is not there. */
  checkMetrics(metrics: MetricsHandler): void {
    for (const callback of this.#given as (Callback & { checkMetrics?: (metrics: MetricsHandler) => void })[]) {
      callback.checkMetrics?.(metrics);
    }
  }

  /** Calls the method of this event on all callbacks, one after the other. */
  async callEvent<E extends EventName>(event: E, args: EventArgs<E>): Promise<void> {
    for (const callback of this.#order(event)) {
      if (callback.ranks === "main" && !args.world.isMain) continue;
      const done = (callback[event] as (args: EventArgs<E>) => void | Promise<void>).call(callback, args);
      if (done instanceof Promise) await done;
    }
    if (event !== "onBatchEnd") return;
    for (const callback of this.#all as (Callback & { afterBatchEnd?: () => void })[]) callback.afterBatchEnd?.();
  }

  /** Tells all of them of an error; what fails meanwhile is shown, and does not take the place of the error. */
  async tellException(args: EventArgs<"onException">): Promise<void> {
    for (const callback of this.#order("onException")) {
      try {
        await callback.onException(args);
      } catch (error) {
        const why = error instanceof Error ? error.message : error;
        say(`${callback.constructor.name} failed when it was told of an error: ${why}`);
      }
    }
  }

  /**
   * As {@link callEvent}, where nothing can be waited for (the constructor of the Trainer).
   * @throws ConfigError for a method that gives a promise.
   */
  callEventNow<E extends EventName>(event: E, args: EventArgs<E>): void {
    for (const callback of this.#order(event)) {
      const done: unknown = (callback[event] as (args: EventArgs<E>) => unknown).call(callback, args);
      if (!isThenable(done)) continue;
      // what it fails with later has nobody to hear it
      done.then(undefined, () => {});
      throw asynchronous(callback, event);
    }
  }

  /** @throws ConfigError for a callback that would have to be waited for at this event, before anything is done. */
  checkSynchronous(event: EventName): void {
    const found = this.#all.find((callback) => callback[event] instanceof ASYNC_FUNCTION);
    if (found !== undefined) throw asynchronous(found, event);
  }

  #order(event: EventName): readonly Callback[] {
    return inPhases(event, this.#listed);
  }

  /** Of several callbacks that want other weights to be saved, the last one gets its way. */
  weightsToSave(): WeightsToSave | null {
    for (const callback of this.#listed.toReversed()) {
      const weights = callback.weightsToSave();
      if (weights !== null) return weights;
    }
    return null;
  }

  /** Each callback with the name of its file in a checkpoint: its class in snake case, then `_1`, `_2` … */
  named(): (readonly [string, Callback])[] {
    const seen = new Map<string, number>();
    const kept = this.#all.filter((callback) => !WITHOUT_STATE.some((Class) => isA(callback, Class)));
    return kept.map((callback) => {
      const name = camelToSnake(callback.constructor.name);
      const count = seen.get(name) ?? 0;
      seen.set(name, count + 1);
      return [count === 0 ? name : `${name}_${count}`, callback] as const;
    });
  }

  #complete(): void {
    const passed = [...this.#given];
    for (const callback of passed) {
      // its state is in a file of that name
      const { name } = callback.constructor;
      if (name !== "") checkFileName("The class of a callback", name);
    }
    for (const Class of ONLY_ONE) {
      if (passed.filter((callback) => isA(callback, Class)).length > 1) {
        throw new ConfigError(`'callbacks' holds more than one ${Class.name}. Pass one.`);
      }
    }
    // the defaults are kept over addCallbacks: they may have a state
    const kept = (Class: new () => Callback) => this.#all.find((c) => isA(c, Class)) ?? new Class();
    for (const Class of [LoggerCallback, MonitorCallback, ModelCheckpointCallback, TrainingCheckpointCallback]) {
      if (!passed.some((callback) => isA(callback, Class))) passed.push(kept(Class));
    }
    this.#public = inPhases("onTrainStart", passed);
    const first = [EventsCallback, ChecksCallback, ConfigSaverCallback].map(kept);
    const last = [
      TrainingLossCallback,
      GradientNormCallback,
      MetricsSaverCallback,
      SummariesCallback,
      NetworkSummaryCallback,
      ProgressCallback,
    ].map(kept);
    this.#all = [...this.#public, ...first, ...last];
    this.#listed = [...first, ...this.#public, ...last];
  }

  /** Those that were passed and that ClinicaDL has, or their user; the others come by themselves. */
  toDict(): JsonObject {
    const write = (callback: Callback & { toDict?: () => JsonObject }): JsonValue =>
      callback.toDict?.() ?? `<${callback.constructor.name} object>`;
    return { name_: "CallbacksHandler", callbacks: this.#given.filter((one) => !isOnlyHere(one)).map(write) };
  }
  /**
   * What ClinicaDL would refuse: for each of those, the options that it does not have; and the callbacks that it does not have,
   * with their place among all that were passed.
   */
  extrasToDict(): JsonObject {
    const write = (callback: Callback & { extrasToDict?: () => JsonObject }) => callback.extrasToDict?.() ?? {};
    const others = this.#given.flatMap((callback: Callback & { toDict?: () => JsonObject }, position) =>
      isOnlyHere(callback) ? [{ position, callback: callback.toDict?.() ?? null }] : [],
    );
    const extras = { callbacks: this.#given.filter((one) => !isOnlyHere(one)).map(write) };
    return others.length === 0 ? extras : { ...extras, others };
  }
  static fromDict(dict: JsonObject, extras: JsonObject = {}): CallbacksHandler {
    if (!Array.isArray(dict.callbacks)) throw new MissingFieldsError("CallbacksHandler: 'callbacks' is not a list.");
    const more = Array.isArray(extras.callbacks) ? extras.callbacks : [];
    const callbacks = dict.callbacks.map((value, i) => readCallback(value, more[i] ?? {}));
    const others = Array.isArray(extras.others) ? extras.others : [];
    // they are written in the order of their places
    for (const other of others) {
      const { position, callback = null } = Object(other) as JsonObject;
      callbacks.splice(Number(position), 0, readCallback(callback, {}));
    }
    return new CallbacksHandler(callbacks);
  }
}

function asCallback(value: unknown): Callback {
  const callback = callbackRegistry.from("'callbacks'", value);
  if (callback !== null) return callback;
  throw new ConfigError(`'callbacks' holds ${show(value)}. Expected instances of classes that extend Callback.`);
}

function readCallback(value: JsonValue, extras: JsonValue): Callback {
  const [Class, dict] = callbackRegistry.find("CallbacksHandler", "callbacks", value);
  return Class.fromDict(dict, extras as JsonObject);
}
