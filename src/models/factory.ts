import { type JsonValue, show } from "../utils/config.ts";
import { CannotReadFieldError, MissingFieldsError } from "../utils/exceptions.ts";
import { ReconstructionModel } from "./reconstruction.ts";
import { SupervisedModel, type SupervisedModelOptions } from "./supervised.ts";
import type { VanillaModel } from "./vanilla.ts";

/**
 * Rebuilds a model from what `toDict` wrote.
 * @param given options to take instead of the fields written, such as a network of one's own.
 * @throws CannotReadFieldError when the model, or what it is made of, is a class of one's own: JSON only has its name.
 */
export function modelFromDict(dict: JsonValue, given: Partial<SupervisedModelOptions> = {}): VanillaModel {
  if (typeof dict !== "object" || dict === null || Array.isArray(dict)) {
    throw new CannotReadFieldError(
      `The model was written as ${show(dict)}, which cannot be read back. Pass the model itself.`,
      ["model"],
    );
  }
  switch (dict.name_) {
    case "SupervisedModel":
      return SupervisedModel.fromDict(dict, given);
    case "ReconstructionModel":
      return ReconstructionModel.fromDict(dict, given);
    case undefined:
      throw new MissingFieldsError("The model has no 'name_'.");
    default:
      throw new CannotReadFieldError(
        `The model is a ${show(dict.name_)}, a class that is not of this package, which cannot be read back. Pass the model itself.`,
        ["name_"],
      );
  }
}
