import type { Batch } from "../data/dataloader/index.ts";
import {
  acceptedTargets,
  checkTarget,
  hasTargetWeights,
  nameOf,
  type TargetSource,
  targetWeights,
} from "../losses/index.ts";
import * as torch from "../torch/index.ts";
import { type JsonObject, show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import type { NeededField } from "./model.ts";
import { type FieldReader, VanillaModel, type VanillaModelOptions } from "./vanilla.ts";

export interface SupervisedModelOptions extends VanillaModelOptions {
  /** The field of the samples that the network must predict: a column, or a mask. Default "label". */
  readonly labelKey?: string;
}

/**
 * A network that learns to predict a label from an image.
 *
 * Labels of `CrossEntropyLoss`, `NLLLoss` and `MultiMarginLoss` are class indices (for the cross-entropy, class
 * probabilities too); those of other losses have the shape of the output.
 */
export class SupervisedModel extends VanillaModel {
  static readonly name_: string = "SupervisedModel";
  override readonly labelKey: string;

  constructor({ labelKey = "label", ...options }: SupervisedModelOptions) {
    super(options);
    if (typeof labelKey !== "string") {
      throw new ConfigError(`${new.target.name}: 'labelKey' got ${show(labelKey)}. Expected the name of a field.`, {
        fieldNames: ["labelKey"],
      });
    }
    this.labelKey = labelKey;
  }

  override forwardStep(batch: Batch): torch.Tensor {
    const images = batch.getField("image", { dtype: "float32" });
    return this.lossOf(images, batch.getField(this.labelKey, { ensureChannelDim: true }), this.#source(batch));
  }
  #source(batch: Batch): TargetSource {
    const values = batch.getField(this.labelKey, { ensureChannelDim: true, device: null });
    return { field: this.labelKey, participants: batch.participants, values };
  }

  /** Class indices count by the weights of their classes, and not where they are ignored. */
  override lossWeight(batch: Batch): number | null {
    if (!hasTargetWeights(this.loss)) return null;
    using _scope = torch.scope();
    using _grad = torch.noGrad();
    const target = batch.getField(this.labelKey, { ensureChannelDim: true });
    // several channels are probabilities
    if (target.ndim > 1 && target.shape[1] !== 1) return null;
    checkTarget(this.loss, target, { classes: null, probabilities: false, source: this.#source(batch) });
    return (
      targetWeights(this.loss, target.to({ dtype: "int64" }))
        ?.sum()
        .item() ?? null
    );
  }

  /** The labels, unless `forwardStep` is one's own. */
  override neededFields(): readonly NeededField[] {
    if (this.forwardStep !== SupervisedModel.prototype.forwardStep) return [];
    const accepted = acceptedTargets(this.loss, this.numClasses);
    return [{ field: this.labelKey, by: nameOf(this.loss), accepted }];
  }

  override toDict(): JsonObject {
    return { ...super.toDict(), label_key: this.labelKey };
  }
  protected static override readonly readers: Readonly<Record<string, FieldReader>> = {
    ...VanillaModel.readers,
    label_key: (value) => value,
  };
}
