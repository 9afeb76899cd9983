import { INFERERS } from "../infer/index.ts";
import { LOSS_CONFIGS } from "../losses/index.ts";
import { NETWORK_CONFIGS } from "../networks/index.ts";
import { OPTIMIZER_CONFIGS } from "../optim/index.ts";
import { type JsonObject, type JsonValue, show } from "../utils/config.ts";
import { CannotReadFieldError, MissingFieldsError, WrongFieldsError } from "../utils/exceptions.ts";
import { ReconstructionModel } from "./reconstruction.ts";
import { SupervisedModel } from "./supervised.ts";
import type { VanillaModel } from "./vanilla.ts";

/** The fields of every model that can be read back, and what each may hold. */
const READERS = {
  network: NETWORK_CONFIGS,
  loss: LOSS_CONFIGS,
  optimizer: OPTIMIZER_CONFIGS,
  inferer: INFERERS,
};

/**
 * Rebuilds a model from what `toDict` wrote.
 * @throws CannotReadFieldError when the model, or what it is made of, is a class of one's own: JSON only has its name.
 */
export function modelFromDict(dict: JsonValue): VanillaModel {
  if (typeof dict !== "object" || dict === null || Array.isArray(dict)) {
    throw new CannotReadFieldError(
      `The model was written as ${show(dict)}, which cannot be read back. Pass the model itself.`,
      ["model"],
    );
  }
  const { name_ } = dict;
  if (name_ === undefined) throw new MissingFieldsError("The model has no 'name_'.");
  if (name_ !== "SupervisedModel" && name_ !== "ReconstructionModel") {
    throw new CannotReadFieldError(
      `The model is a ${show(name_)}, a class that is not of this package, which cannot be read back. Pass the model itself.`,
      ["name_"],
    );
  }
  const expected = ["name_", ...Object.keys(READERS), ...(name_ === "SupervisedModel" ? ["label_key"] : [])];
  const missing = expected.filter((key) => !(key in dict));
  if (missing.length > 0) throw new MissingFieldsError(`${name_}: missing ${missing.map((k) => `'${k}'`).join(", ")}.`);
  const extra = Object.keys(dict).filter((key) => !expected.includes(key));
  if (extra.length > 0) throw new WrongFieldsError(`${name_}: unknown ${extra.map((k) => `'${k}'`).join(", ")}.`);

  const options = {
    network: read("network", dict, READERS.network),
    loss: read("loss", dict, READERS.loss),
    optimizer: read("optimizer", dict, READERS.optimizer),
    inferer: read("inferer", dict, READERS.inferer),
  };
  if (name_ === "ReconstructionModel") return new ReconstructionModel(options);
  if (typeof dict.label_key !== "string") {
    throw new CannotReadFieldError(`SupervisedModel: 'label_key' is ${show(dict.label_key)}, not a string.`, [
      "label_key",
    ]);
  }
  return new SupervisedModel({ ...options, labelKey: dict.label_key });
}

function read<T>(
  field: string,
  dict: JsonObject,
  classes: Readonly<Record<string, { fromDict(dict: JsonObject): T }>>,
): T {
  const value = dict[field];
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const Class = isObject && typeof value.name_ === "string" ? classes[value.name_] : undefined;
  if (!isObject || Class === undefined) {
    throw new CannotReadFieldError(
      `The model's '${field}' was written as ${show(value)}, which cannot be read back. Pass the model itself, or build it from configs.`,
      [field],
    );
  }
  return Class.fromDict(value);
}
