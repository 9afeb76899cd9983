import type { JsonObject } from "../../utils/config.ts";
import {
  CannotReadFieldError,
  CannotReadJsonFieldError,
  MissingFieldsError,
  MissingFieldsJsonError,
  WrongFieldsError,
  WrongFieldsJsonError,
} from "../../utils/exceptions.ts";
import type { WriteOptions } from "../files/atomic.ts";
import { readJson, writeJson } from "./file.ts";

/**
 * Writes a config, or what is made of configs (a model, a MetricsHandler), as JSON.
 * @throws FileExistsError when the file is there and `overwrite` is false (the default).
 * @example
 * ```ts
 * saveConfig(new AdamConfig({ lr: 0.1 }), "adam.json");
 * saveConfig(new AdamConfig({ lr: 0.2 }), "adam.json", { overwrite: true });
 * console.log(readJson("adam.json").lr); // → 0.2
 * ```
 */
export function saveConfig(object: { toDict(): JsonObject | string }, path: string, options: WriteOptions = {}): void {
  writeJson(path, object.toDict(), options);
}

/**
 * Reads what {@link saveConfig} wrote.
 *
 * @param given fields to take instead of those in the file, which are not looked at.
 * @throws NotInterpretableJsonError when the file does not hold an object.
 * @throws MissingFieldsJsonError, WrongFieldsJsonError when keys are missing, or not known.
 * @throws CannotReadJsonFieldError naming the fields whose values are not accepted.
 * @example
 * ```ts
 * saveConfig(new AdamConfig({ lr: 0.1 }), "adam.json");
 * const { lr, eps } = loadConfig(AdamConfig, "adam.json", { eps: 1e-6 });
 * console.log(lr, eps); // → 0.1 0.000001
 * ```
 */
export function loadConfig<C extends new (options: never) => object>(
  Class: C & { fromDict(dict: JsonObject, given?: never): unknown },
  path: string,
  given: Partial<NonNullable<ConstructorParameters<C>[0]>> = {},
): InstanceType<C> {
  const dict = readJson(path);
  try {
    return Class.fromDict(dict, given as never) as InstanceType<C>;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const message = `${path}: ${error.message}`;
    if (error instanceof MissingFieldsError) throw new MissingFieldsJsonError(message, { cause: error });
    if (error instanceof WrongFieldsError) throw new WrongFieldsJsonError(message, { cause: error });
    if (error instanceof CannotReadFieldError) {
      throw new CannotReadJsonFieldError(message, error.fieldNames, { cause: error });
    }
    throw error;
  }
}
