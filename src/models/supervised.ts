import type { Tensor } from "../torch/index.ts";
import { type JsonObject, show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import type { ModelBatch } from "./model.ts";
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

  override forwardStep(batch: ModelBatch): Tensor {
    const images = batch.getField("image", { dtype: "float32" });
    return this.lossOf(images, batch.getField(this.labelKey, { ensureChannelDim: true }));
  }

  override toDict(): JsonObject {
    return { ...super.toDict(), label_key: this.labelKey };
  }
  protected static override readonly readers: Readonly<Record<string, FieldReader>> = {
    ...VanillaModel.readers,
    label_key: (value) => value,
  };
}
