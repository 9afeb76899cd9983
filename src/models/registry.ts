import type { JsonObject, JsonValue } from "../utils/config.ts";
import { type Registrable, Registry } from "../utils/registry.ts";
import { Model } from "./model.ts";
import { MultiTaskModel } from "./multi-task.ts";
import { ReconstructionModel } from "./reconstruction.ts";
import { SegmentationModel } from "./segmentation.ts";
import { SupervisedModel, type SupervisedModelOptions } from "./supervised.ts";
import { VAEModel } from "./vae.ts";

/** A class of models that a MAPS records. */
export interface ModelClass extends Registrable<Model> {
  /** @param given options to take instead of the fields written. */
  fromDict(dict: JsonObject, given?: Partial<SupervisedModelOptions>): Model;
}

/** The models by their `name_`. */
export const modelRegistry = new Registry<Model, ModelClass>(
  "model",
  (value): value is Model => value instanceof Model,
  { SupervisedModel, ReconstructionModel, SegmentationModel, VAEModel, MultiTaskModel },
);

/**
 * Makes a model of one's own known by its `name_`, so that a MAPS with it can be read without passing it.
 *
 * @throws ConfigError when another model has that name.
 * @example
 * ```ts
 * class Twice extends SupervisedModel {
 *   static override readonly name_: string = "Twice";
 * }
 * registerModel(Twice);
 * console.log(modelFromDict(new Twice({ network, loss: new BCEWithLogitsLossConfig(), optimizer }).toDict()) instanceof Twice); // → true
 * ```
 */
export function registerModel(Class: ModelClass): void {
  modelRegistry.register(Class);
}

/**
 * Rebuilds a model from what `toDict` wrote.
 * @param given options to take instead of the fields written, such as a network of one's own.
 * @throws CannotReadFieldError when the model, or what it is made of, is a class of one's own that is not registered: JSON only
 * has its name.
 * @example
 * ```ts
 * const again = modelFromDict(model.toDict());
 * console.log(again instanceof SupervisedModel, again.labelKey); // → true label
 * ```
 */
export function modelFromDict(dict: JsonValue, given: Partial<SupervisedModelOptions> = {}): Model {
  const [Class, written] = modelRegistry.find("The model", "model", dict);
  return Class.fromDict(written, given);
}
