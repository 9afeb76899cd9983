import type { Batch } from "../data/dataloader/index.ts";
import { callLoss, hasTargetWeights, prepareTarget } from "../losses/index.ts";
import { type nn, scope, Tensor } from "../torch/index.ts";
import { type JsonObject, show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { labelAt, supervisionWeights } from "./deep-supervision.ts";
import { FirstOutput, type NetworkOption, ofAnyOutput } from "./first-output.ts";
import { meanInWindow, targetCounts } from "./loss-weight.ts";
import type { LossWeight, Shares } from "./model.ts";
import { OutputSizes } from "./output-sizes.ts";
import { SupervisedModel, type SupervisedModelOptions } from "./supervised.ts";
import type { FieldReader, LossContext } from "./vanilla.ts";
import { yesAbove } from "./yes-above.ts";

const ACTIVATIONS = ["softmax", "sigmoid"] as const;

/** The smallest type that holds the indices of so many classes. */
const indexType = (classes: number): "uint8" | "int16" | "int32" =>
  classes <= 2 ** 8 ? "uint8" : classes <= 2 ** 15 ? "int16" : "int32";

/** The name of the mean over an output: that of the loss for the finest. */
const meanOf = (output: number): string => (output === 0 ? "loss" : `output ${output + 1}`);

export interface SegmentationModelOptions extends Omit<SupervisedModelOptions, "network"> {
  readonly network: NetworkOption;
  /**
   * What makes probabilities of the network's logits: "softmax" (default) over classes of which each voxel has one, "sigmoid" for
   * classes that may overlap, one a channel, and for one class alone.
   */
  readonly activation?: (typeof ACTIVATIONS)[number];
}

/**
 * A network that learns to give each voxel its class, or its classes. It gives logits (N, C, …), and the mask `labelKey` ("label") is
 * (N, 1, …) with indices of classes, or (N, C, …) with 0 and 1, as the loss takes it.
 *
 * Evaluation and prediction add, besides the logits (`output`), the decided segmentation as the mask `segmentation`: with "softmax", the
 * index of the likeliest class, (N, 1, …); with "sigmoid", 0 or 1 for each class, (N, C, …): from a probability of more than 0.5 on, whether the
 * inferer's `postprocessing` makes probabilities of the logits or not. Metrics compare it.
 *
 * Deep supervision: a network that gives a list of logits, the finest first, learns from all of them. Each is compared with the mask
 * at its size (of the nearest voxel), and the losses count 1, 1/2, 1/4, … and 0 for the coarsest of several, divided by the sum of these,
 * as in nnU-Net (Isensee et al., 2021). Evaluation uses the finest alone. In a window of several batches (`accumulationSteps`) each output
 * of a batch counts for what the mask counts for at its size, where a loss has weights of classes.
 *
 * Not in ClinicaDL 2.0.0, which cannot read it.
 * @example
 * ```ts
 * const segmentation = new SegmentationModel({
 *   network: new UNetConfig({ spatialDims: 3, inChannels: 1, outChannels: 4, channels: [4, 8] }),
 *   loss: new DiceCELossConfig({ softmax: true, toOnehotY: true }),
 *   optimizer: new AdamConfig({ lr: 1e-3 }),
 *   labelKey: "tissues",
 *   inferer: new PatchesToImageInferer({ patchSize: 16 }),
 * });
 * const metrics = { dice: new DiceMetricConfig({ predKey: "segmentation", labelKey: "tissues", numClasses: 4 }) };
 * using batch = new Batch([await sampleWith({})]);
 * using decided = segmentation.evaluationStep(batch).getField("segmentation");
 * console.log(decided.shape); // → [ 1, 1, 17, 20, 16 ]
 * ```
 */
export class SegmentationModel extends SupervisedModel {
  static override readonly name_: string = "SegmentationModel";
  readonly activation: (typeof ACTIVATIONS)[number];
  readonly #sizes = new OutputSizes();

  constructor({ activation = "softmax", network, ...options }: SegmentationModelOptions) {
    if (!ACTIVATIONS.includes(activation)) {
      throw new ConfigError(
        `${new.target.name}: 'activation' got ${show(activation)}. Expected ${ACTIVATIONS.map((name) => `"${name}"`).join(" or ")}.`,
        { fieldNames: ["activation"] },
      );
    }
    const built = ofAnyOutput(network);
    super({ ...options, network: built });
    this.activation = activation;
    const { numClasses } = this;
    if (numClasses === null) return;
    try {
      this.#checkChannels(this.network.constructor.name, numClasses);
    } catch (error) {
      if (built !== network) this.network.dispose();
      throw error;
    }
  }

  /** @throws ConfigError where one class is to be the likeliest of one. */
  #checkChannels(who: string, channels: number): void {
    if (this.activation !== "softmax" || channels > 1) return;
    throw new ConfigError(
      `${this.constructor.name}: ${who} gives one channel, and with the activation "softmax" the likeliest of one class is always class 0. Take activation: "sigmoid", or give the network a channel for each class, the background too.`,
      { fieldNames: ["activation"] },
    );
  }

  /** The loss between all outputs, and the mask at their sizes. */
  protected override lossOf(images: Tensor, target: Tensor, { source, shares }: LossContext = {}): Tensor {
    const outputs = this.#outputs(images);
    this.#sizes.note(images, outputs);
    const weights = supervisionWeights(outputs.length);
    const losses = outputs.flatMap((output, k) => {
      const weight = weights[k] ?? 0;
      if (weight === 0) return [];
      // the values of the mask itself are looked at once, with the finest
      const label = k === 0 ? target : labelAt(target, output.shape.slice(2));
      const from =
        source === undefined || k === 0 ? source : { field: source.field, participants: source.participants };
      const prepared = prepareTarget(this.loss, output, label, from);
      const share = shares?.[meanOf(k)];
      const mean = meanInWindow(share, output, () => callLoss(this.loss, output, prepared));
      return mean.mul(weight * this.#besideFinest(share, shares));
    });
    const [first, ...others] = losses;
    if (first === undefined) throw new ConfigError(`${this.network.constructor.name} gives an empty list of outputs.`);
    return others.reduce((sum, loss) => sum.add(loss), first);
  }

  #outputs(images: Tensor): Tensor[] {
    const outputs: unknown = this.network.call(images);
    return (Array.isArray(outputs) ? outputs : [outputs]).map((output, k) => {
      if (output instanceof Tensor && output.ndim >= 3) {
        this.#checkChannels(this.network.constructor.name, output.shape[1] ?? 0);
        return output;
      }
      throw new ConfigError(
        `${this.constructor.name} needs a network that gives logits (N, C, …), or a list of them, the finest first; output ${k + 1} of ${this.network.constructor.name} is ${output instanceof Tensor ? `of shape (${output.shape.join(", ")})` : show(output)}.`,
      );
    });
  }

  /** The Trainer multiplies all of the loss by the share of the finest output, and what the mask counts for differs at each size. */
  #besideFinest(share: number | undefined, shares: Shares | undefined): number {
    const finest = shares?.[meanOf(0)];
    if (share === undefined || finest === undefined || finest === 0 || this.loss.reduction === "sum") return 1;
    return share / finest;
  }

  /** The mask counts at the size of each output by itself. */
  override lossWeight(batch: Batch): LossWeight | null {
    if (!hasTargetWeights(this.loss)) return null;
    using _scope = scope();
    const sizes = this.#sizes.of(this.network, batch.getField("image", { dtype: "float32" }));
    const labels = sizes.map((size, k) => (label: Tensor) => (k === 0 ? label : labelAt(label, size)));
    const counts = targetCounts(this.loss, batch, this.labelKey, labels);
    return counts === null ? null : Object.fromEntries(counts.map((count, k) => [meanOf(k), count]));
  }

  protected override get inferred(): nn.Module {
    return new FirstOutput(this.network);
  }

  /** Adds the logits and the decided segmentation to the batch. */
  override evaluationStep(batch: Batch): Batch {
    const evaluated = super.evaluationStep(batch);
    const { inferer } = this;
    const name = "outputName" in inferer && typeof inferer.outputName === "string" ? inferer.outputName : "output";
    const logits = evaluated.getField(name);
    this.#checkChannels(inferer.name_, logits.shape[1] ?? 0);
    const decided = this.activation === "softmax" ? logits.argmax(1, true) : logits.gt(yesAbove(inferer));
    evaluated.addMasks("segmentation", decided.to({ dtype: indexType(logits.shape[1] ?? 1) }));
    return evaluated;
  }

  override get addedFields(): readonly string[] | null {
    if (this.evaluationStep !== SegmentationModel.prototype.evaluationStep) return null;
    const logits = this.addedByInferer();
    return logits === null ? null : [...logits, "segmentation"];
  }

  /** The channels of the network's output, if its config says so: masks are checked against them before a training. */
  protected override get numClasses(): number | null {
    const config: unknown = "config" in this.network ? this.network.config : null;
    if (typeof config !== "object" || config === null || !("outChannels" in config)) return super.numClasses;
    return typeof config.outChannels === "number" ? config.outChannels : null;
  }

  override toDict(): JsonObject {
    return { ...super.toDict(), activation: this.activation };
  }
  protected static override readonly readers: Readonly<Record<string, FieldReader>> = {
    ...SupervisedModel.readers,
    activation: (value) => value,
  };
}
