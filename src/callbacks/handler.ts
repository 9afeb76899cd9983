import { checkFileName } from "../io/maps/index.ts";
import type { MetricsHandler } from "../metrics/index.ts";
import { Callback, type EventArgs, type EventName } from "../run/index.ts";
import { type JsonObject, type JsonValue, show } from "../utils/config.ts";
import { CannotReadFieldError, ConfigError, MissingFieldsError } from "../utils/exceptions.ts";
import { camelToSnake } from "../utils/names.ts";
import { say } from "../utils/output.ts";
import { own } from "../utils/registry.ts";
import { ChecksCallback } from "./checks.ts";
import { ConfigSaverCallback } from "./config-saver.ts";
import { GradientNormCallback } from "./gradient-norm.ts";
import { LoggerCallback } from "./logger.ts";
import { MetricsSaverCallback } from "./metrics-saver.ts";
import { ModelCheckpointCallback } from "./model-checkpoint.ts";
import { MonitorCallback } from "./monitor.ts";
import { CALLBACKS } from "./registry.ts";
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

/** Called before all others, in this order. */
const FIRST: readonly CallbackClass[] = [ChecksCallback, ConfigSaverCallback, MonitorCallback];
const ONLY_ONE: readonly CallbackClass[] = [
  LoggerCallback,
  ChecksCallback,
  ConfigSaverCallback,
  MonitorCallback,
  TrainingLossCallback,
  GradientNormCallback,
  TrainingCheckpointCallback,
];

function isA(callback: Callback, Class: CallbackClass): boolean {
  return callback.constructor === Class;
}

/**
 * The callbacks of a Trainer, in the order in which they are called: checks, recording of the configuration, monitor;
 * then those that were passed, in their order, with the model checkpoints; then losses and metrics; the training
 * checkpoint comes last, so that it holds what the others did. The logger is first when something starts and last when
 * it ends. Default callbacks (LoggerCallback, MonitorCallback, ModelCheckpointCallback, TrainingCheckpointCallback) are
 * added unless one of their class is passed.
 */
export class CallbacksHandler {
  #given: Callback[];
  #public: Callback[] = [];
  #all: Callback[] = [];
  #ordered: Callback[] = [];
  #logger: Callback[] = [];

  constructor(callbacks: readonly Callback[] = []) {
    this.#given = [...callbacks];
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

  addCallbacks(callbacks: readonly Callback[]): void {
    const before = this.#given;
    this.#given = [...before, ...callbacks];
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

  /** Calls the method of this event on all callbacks, one after the other. */
  async callEvent<E extends EventName>(event: E, args: EventArgs<E>): Promise<void> {
    for (const callback of this.#order(event)) {
      const done = (callback[event] as (args: EventArgs<E>) => void | Promise<void>).call(callback, args);
      if (done instanceof Promise) await done;
    }
    if (event !== "onBatchEnd") return;
    for (const callback of this.#all) if (callback instanceof MonitorCallback) callback.afterBatchEnd();
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
    const starts = event.endsWith("Start") || event.endsWith("Init") || event === "onResume";
    return starts ? [...this.#logger, ...this.#ordered] : [...this.#ordered, ...this.#logger];
  }

  /** Each callback with the name of its file in a checkpoint: its class in snake case, then `_1`, `_2` … */
  named(): (readonly [string, Callback])[] {
    const seen = new Map<string, number>();
    return this.#all.map((callback) => {
      const name = camelToSnake(callback.constructor.name);
      const count = seen.get(name) ?? 0;
      seen.set(name, count + 1);
      return [count === 0 ? name : `${name}_${count}`, callback] as const;
    });
  }

  #complete(): void {
    const passed = [...this.#given];
    for (const callback of passed) {
      if (callback instanceof Callback) {
        // its state is in a file of that name
        const { name } = callback.constructor;
        if (name !== "") checkFileName("The class of a callback", name);
        continue;
      }
      throw new ConfigError(`'callbacks' holds ${show(callback)}. Expected instances of classes that extend Callback.`);
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
    this.#public = inOrder(passed);
    const mandatory = [
      ChecksCallback,
      ConfigSaverCallback,
      TrainingLossCallback,
      GradientNormCallback,
      MetricsSaverCallback,
    ];
    this.#all = [...this.#public, ...mandatory.map(kept)];
    const all = inOrder(this.#all);
    this.#logger = all.filter((callback) => isA(callback, LoggerCallback));
    this.#ordered = all.filter((callback) => !isA(callback, LoggerCallback));
  }

  /** Those that were passed; the others come by themselves. */
  toDict(): JsonObject {
    const write = (callback: Callback & { toDict?: () => JsonObject }): JsonValue =>
      callback.toDict?.() ?? `<${callback.constructor.name} object>`;
    return { name_: "CallbacksHandler", callbacks: this.#given.map(write) };
  }
  /** For each of those, the options that ClinicaDL does not have, and would refuse. */
  extrasToDict(): JsonObject {
    const write = (callback: Callback & { extrasToDict?: () => JsonObject }) => callback.extrasToDict?.() ?? {};
    return { callbacks: this.#given.map(write) };
  }
  static fromDict(dict: JsonObject, extras: JsonObject = {}): CallbacksHandler {
    if (!Array.isArray(dict.callbacks)) throw new MissingFieldsError("CallbacksHandler: 'callbacks' is not a list.");
    const more = Array.isArray(extras.callbacks) ? extras.callbacks : [];
    return new CallbacksHandler(dict.callbacks.map((value, i) => readCallback(value, more[i] ?? {})));
  }
}

/** The logger, then FIRST, then the others as they are, then the training checkpoint. */
function inOrder(callbacks: readonly Callback[]): Callback[] {
  const rank = (callback: Callback): number => {
    if (isA(callback, LoggerCallback)) return -1;
    if (isA(callback, TrainingCheckpointCallback)) return FIRST.length + 1;
    const first = FIRST.findIndex((Class) => isA(callback, Class));
    return first < 0 ? FIRST.length : first;
  };
  return [...callbacks].sort((a, b) => rank(a) - rank(b));
}

function readCallback(value: JsonValue, extras: JsonValue): Callback {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const Class = isObject && typeof value.name_ === "string" ? own(CALLBACKS, value.name_) : undefined;
  if (!isObject || Class === undefined) {
    throw new CannotReadFieldError(
      `A callback was written as ${show(value)}, which cannot be read back. Pass the callbacks themselves.`,
      ["callbacks"],
    );
  }
  return Class.fromDict(value, extras as JsonObject);
}
