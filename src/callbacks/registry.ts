import { Callback } from "../run/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { type Registrable, Registry } from "../utils/registry.ts";
import * as list from "./all.ts";

/** A class of callbacks that a MAPS records. */
export interface CallbackClass extends Registrable<Callback> {
  /** @param extras the options that ClinicaDL's reader does not see; none of them where it is left out. */
  fromDict(dict: JsonObject, extras?: JsonObject): Callback;
}

/** The callbacks by their `name_`. */
export const callbackRegistry = new Registry<Callback, CallbackClass>(
  "callback",
  (value): value is Callback => value instanceof Callback,
  list,
);

/**
 * Makes a callback of one's own known by its `name_`, so that a MAPS with it can be read. It needs a static `name_`, `toDict()`
 * and a static `fromDict(dict)`.
 *
 * @throws ConfigError when another callback has that name.
 * @example
 * ```ts
 * class Halve extends Callback {
 *   static readonly name_ = "Halve";
 *   static fromDict() { return new Halve(); }
 *   toDict() { return { name_: "Halve" }; }
 * }
 * registerCallback(Halve);
 * const { callbacks } = new CallbacksHandler([{ name_: "Halve" }]);
 * console.log(callbacks.some((callback) => callback instanceof Halve)); // → true
 * ```
 */
export function registerCallback(Class: CallbackClass): void {
  callbackRegistry.register(Class);
}

/** The callbacks that ClinicaDL has, too: `callbacks.json` names them, and `.clinicadl-ts/callbacks.json` all others. */
const IN_CLINICADL: ReadonlySet<string> = new Set([
  "EarlyStoppingCallback",
  "LoggerCallback",
  "LRSchedulerCallback",
  "ModelCheckpointCallback",
  "MonitorCallback",
  "TrainingCheckpointCallback",
]);

/** Whether ClinicaDL has no such callback, so that it could not read a MAPS that names it. */
export function isOnlyHere(callback: Callback): boolean {
  const Class = callback.constructor;
  const name = "name_" in Class ? String(Class.name_) : "";
  return callbackRegistry.get(name) === Class && !IN_CLINICADL.has(name);
}
