import type { Batch } from "../data/dataloader/index.ts";
import { acceptedTargets, nameOf } from "../losses/index.ts";
import type { Tensor } from "../torch/index.ts";
import { type JsonObject, show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { sourceOf, targetCounts } from "./loss-weight.ts";
import type { LossWeight, NeededField, Shares } from "./model.ts";
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
 * @example
 * ```ts
 * const regression = new SupervisedModel({
 *   network: new CNNConfig({ inShape: [1, 17, 20, 16], numOutputs: 1, convArgs: { channels: [4, 8] } }),
 *   loss: new L1LossConfig(),
 *   optimizer: new AdamConfig({ lr: 1e-3 }),
 *   labelKey: "age",
 * });
 * const trainer = new Trainer({ maps: "age", model: regression, optimization: { numEpochs: 1 } });
 * await trainer.train(split);
 * console.log(trainer.state.optimStep); // → 3
 * ```
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

  override forwardStep(batch: Batch, shares?: Shares): Tensor {
    const images = batch.getField("image", { dtype: "float32" });
    const target = batch.getField(this.labelKey, { ensureChannelDim: true });
    return this.lossOf(images, target, { source: sourceOf(batch, this.labelKey), shares });
  }

  /** Class indices count by the weights of their classes, and not where they are ignored. */
  override lossWeight(batch: Batch): LossWeight | null {
    return targetCounts(this.loss, batch, this.labelKey)?.[0] ?? null;
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
