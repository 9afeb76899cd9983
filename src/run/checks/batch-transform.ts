import { acceptedTargets, type LossFunction, nameOf } from "../../losses/index.ts";
import { type Model, MultiTaskModel, SupervisedModel } from "../../models/index.ts";
import type { Split } from "../../split/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";

/**
 * Checks that what a model learns is mixed with the images (`MixUp`, `CutMix`), and that its loss takes what comes of it.
 * @throws ConfigError that says what to do.
 */
export function checkBatchTransform(model: Model, split: Split): void {
  const { batchTransform } = split.trainLoader.config;
  if (batchTransform === null) return;
  const { name_, targets, numClasses, cutsMasks } = batchTransform;
  for (const { field, loss } of learntBy(model)) {
    const isColumn = split.trainDataset.df.some((row) => field in row);
    if (field === "image" || (cutsMasks && !isColumn)) continue;
    if (!targets.includes(field)) {
      throw new ConfigError(
        `${name_}: images are mixed, and '${field}', which the model learns, is not. Name it: targets: ["${field}"].`,
      );
    }
    const taken = acceptedTargets(loss, null, isColumn && numClasses !== null);
    if (taken?.integer !== true) continue;
    const remedy =
      isColumn && acceptedTargets(loss, null, true)?.integer === false
        ? `Say how many classes there are, so that it gets probabilities: numClasses.`
        : `Use a loss of probabilities (CrossEntropyLossConfig with numClasses; for masks, CutMix, which keeps labels), or leave ${name_} out.`;
    throw new ConfigError(`${name_} mixes '${field}', and ${nameOf(loss)} takes ${taken.expected}. ${remedy}`);
  }
}

/** The fields that a model learns, and with which loss. */
function learntBy(model: Model): { readonly field: string; readonly loss: LossFunction }[] {
  // one with a forwardStep of its own says that it needs nothing
  const needed = model.neededFields();
  if (model instanceof SupervisedModel) return needed.map(({ field }) => ({ field, loss: model.loss }));
  if (!(model instanceof MultiTaskModel) || needed.length === 0) return [];
  return model.tasks.map(({ labelKey, loss }) => ({ field: labelKey, loss }));
}
