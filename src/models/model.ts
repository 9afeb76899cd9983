import { resolve } from "node:path";
import type { Batch, BatchType } from "../data/dataloader/index.ts";
import type { Maps } from "../io/maps/index.ts";
import { readCheckpoint, readWeights } from "../io/weights/index.ts";
import type { LossFunction } from "../losses/index.ts";
import type { NeededField } from "../metrics/index.ts";
import type { Optimizer } from "../optim/index.ts";
import { nn, scope, type Tensor } from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { refuseUnknown } from "../utils/options.ts";
import { KeptWeights } from "./kept-weights.ts";
import { applyCopies, type LoadedWeights, type LoadWeightsOptions, planLoading } from "./load-weights.ts";
import { resetWeights } from "./reset.ts";

/** One loss, or several by name; each a tensor of one element. */
export type Losses = Tensor | Readonly<Record<string, Tensor>>;

/**
 * What a batch counts for in a window of several: one number, or one for each of several means, by their names. The means that are
 * losses of the model have the names of these.
 */
export type LossWeight = number | Readonly<Record<string, number>>;
/** Of each of these means, the part of a batch in its window, of 1. */
export type Shares = Readonly<Record<string, number>>;

export type { NeededField } from "../metrics/index.ts";

/** What a model needs of a gradient scaler; `torch.amp.GradScaler` is one. */
export interface Scaler {
  scale(loss: Tensor): Tensor;
  step(optimizer: Optimizer): unknown;
}

/**
 * One network or several, and how they learn: the parent of all that a Trainer trains. As a `torch.nn.Module` it holds
 * its networks and losses in properties. The Trainer calls, in this order,
 *
 * - `buildOptimizers`, then `reset` unless weights are kept,
 * - `forwardStep` and `backwardStep` for each batch, `optimizationStep` after the last of those that are accumulated,
 * - `evaluationStep` for each batch of a validation or test, `predictionStep` where there are no labels.
 *
 * Device, precision, scopes of memory, switching gradients off and zeroing them are its business too. Most models need
 * only one or two methods of their own: extend `SupervisedModel` or `ReconstructionModel`.
 *
 * `Model<Batch>` takes a batch of samples, `Model<readonly [Batch, Batch]>` those of a dataset of pairs, and so on.
 *
 * The example has two networks that learn against each other.
 * @example
 * ```ts
 * import type { Scaler } from "clinicadl/models";
 *
 * class GAN extends Model<Batch> {
 *   generator = new MLP({ numInputs: 8, numOutputs: 16, hiddenDims: [32], norm: null });
 *   discriminator = new MLP({ numInputs: 16, numOutputs: 1, hiddenDims: [32], norm: null });
 *   loss = new torch.nn.BCEWithLogitsLoss();
 *
 *   override forwardStep(batch: Batch) {
 *     const images = batch.getField("image", { dtype: "float32" }).flatten(1);
 *     const made = this.generator.call(torch.randnLike(images.narrow(1, 0, 8)));
 *     const scored = (x: torch.Tensor, isReal: number) => {
 *       const score = this.discriminator.call(x);
 *       return this.loss.call(score, torch.fullLike(score, isReal));
 *     };
 *     this.discriminator.requiresGrad_(false); // it does not learn from the generator's loss
 *     const generator = scored(made, 1);
 *     this.discriminator.requiresGrad_(true);
 *     return { generator, discriminator: scored(images, 1).add(scored(made.detach(), 0)) };
 *   }
 *   override backwardStep(losses: Record<string, torch.Tensor>, gradScaler: Scaler) {
 *     for (const loss of Object.values(losses)) gradScaler.scale(loss).backward();
 *   }
 *   override optimizationStep(optimizers: Record<string, torch.optim.Optimizer>, gradScaler: Scaler) {
 *     for (const optimizer of Object.values(optimizers)) gradScaler.step(optimizer);
 *   }
 *   override evaluationStep(batch: Batch) {
 *     const images = batch.getField("image", { dtype: "float32" }).flatten(1);
 *     batch.addField("output", this.discriminator.call(images).sigmoid());
 *     return batch;
 *   }
 *   override buildOptimizers() {
 *     const adam = new AdamConfig({ lr: 1e-3, betas: [0.5, 0.999] });
 *     return { generator: adam.getObject(this.generator), discriminator: adam.getObject(this.discriminator) };
 *   }
 *   override getLossFunctions() {
 *     return { generator: this.loss, discriminator: this.loss };
 *   }
 * }
 * const image = () => new ScalarImage(torch.rand([1, 4, 4, 1]));
 * using batch = new Batch([1, 2].map((i) => new DataPoint({ image: image(), participantId: `sub-${i}`, sessionId: "ses-M000" })));
 * console.log(Object.keys(new GAN().forwardStep(batch))); // → [ 'generator', 'discriminator' ]
 * ```
 */
export abstract class Model<B extends BatchType = BatchType> extends nn.Module {
  /** The field of a batch with which the Trainer's default metrics compare the output. */
  readonly labelKey: string = "label";
  readonly #kept = new KeptWeights();

  /**
   * The loss of a training batch, or several by name: those of `getLossFunctions`.
   * @param shares where the batch is one of a window, the parts in it of what {@link lossWeight} counts. The Trainer multiplies means by
   * those that have their names; the others are for who counts by them.
   */
  abstract forwardStep(batch: B, shares?: Shares): Losses;
  /** Computes the gradients of what `forwardStep` gave. They are added to those of earlier batches. */
  abstract backwardStep(loss: Losses, gradScaler: Scaler): void;
  /** Moves the weights. @param optimizers those of `buildOptimizers`. */
  abstract optimizationStep(optimizers: Readonly<Record<string, Optimizer>>, gradScaler: Scaler): void;
  /** Passes a validation or test batch through the networks. Metrics look at each sample of the batch it returns. */
  abstract evaluationStep(batch: B): Batch;
  /** New optimizers, by name; called once for each training, so that none begins with what another left. */
  abstract buildOptimizers(): Record<string, Optimizer>;
  /**
   * The losses used in training, by name; at least one. If `forwardStep` returns several, these are their names. A loss
   * that is to be a metric (`LossMetricConfig`) has a `reduction`, "mean" or "sum".
   */
  abstract getLossFunctions(): Record<string, LossFunction>;

  /** Passes a batch through the networks when there is nothing to compare to. Default: `evaluationStep`. */
  predictionStep(batch: B): Batch {
    return this.evaluationStep(batch);
  }

  /**
   * What a batch counts for in a window of several (`accumulationSteps`), whose gradient is that of the window as one
   * batch: what the mean of its losses was divided by. Default: null, the number of its samples.
   */
  lossWeight(_batch: B): LossWeight | null {
    return null;
  }

  /** Describes the networks, for `nn_summary.txt`. Default: null, and there is no such file. */
  getSummary(_batch: B): string | null {
    return null;
  }

  /**
   * The fields of the samples that `forwardStep` takes, and the values that it accepts: checked for the whole data set
   * before a training begins. Default: nothing is known of them.
   */
  neededFields(): readonly NeededField[] {
    return [];
  }

  /**
   * Draws the trainable weights anew and forgets gradients: each layer that has trainable weights and holds no others draws them
   * as its constructor did (`resetParameters`), in the order of `modules()`; then those that hold layers, and may initialise
   * them, the innermost first. Statistics of layers without weights are cleared. Frozen weights stay; what
   * {@link loadWeights} loaded is put back.
   * @throws ConfigError naming a layer that has trainable weights and no `resetParameters()`: it would keep what it
   * learnt from another split.
   */
  reset(): void {
    this.zeroGrad();
    resetWeights(this);
    this.#kept.putBack(this);
  }

  /**
   * Loads trained weights, with which each training begins from now on, whatever `optimization.resetModel` says: other weights
   * are drawn anew, as ever. From a checkpoint of a MAPS, of this package or of ClinicaDL in Python, or from a file (`.pt`,
   * `.pth`, `.safetensors`).
   *
   * @returns the names of what was loaded, and of what was not.
   * @throws WeightsError listing what does not fit (unless `strict` is false), or when nothing fits; TensorFileError for a
   * file that cannot be read; ConfigError for paths that do not exist. Then nothing has changed.
   * @example
   * ```ts
   * const other = SupervisedModel.fromDict(model.toDict());
   * console.log(other.loadWeights("maps", "split-0_final").missing); // → []
   * // only a part, which does not learn any more
   * other.loadWeights("maps", "split-0_final", { prefix: "network.convolutions", freeze: true });
   * // from a file, with what fits
   * torch.saveSafetensors(other.network.stateDict(), "network.safetensors");
   * const { missing } = other.loadWeights("network.safetensors", { prefix: { "": "network" }, strict: false });
   * console.log(missing.length); // → 0
   * ```
   */
  loadWeights(file: string, options?: LoadWeightsOptions): LoadedWeights;
  loadWeights(maps: string | Maps, checkpoint: string, options?: LoadWeightsOptions): LoadedWeights;
  loadWeights(
    from: string | Maps,
    second?: string | LoadWeightsOptions,
    third: LoadWeightsOptions = {},
  ): LoadedWeights {
    using _scope = scope();
    const options = typeof second === "object" ? second : third;
    const { strict, prefix, freeze, ...rest } = options;
    refuseUnknown("loadWeights", rest);
    const saved =
      typeof second === "string"
        ? readCheckpoint(from, second)
        : readWeights(typeof from === "string" ? resolve(from) : from.path);
    const plan = planLoading(this, saved, options, this.#pathsOfLosses());
    applyCopies(plan.copies);
    const parameters = new Map(this.namedParameters());
    for (const name of plan.frozen) {
      const parameter = parameters.get(name);
      if (parameter !== undefined) parameter.requiresGrad = false;
    }
    this.#kept.add(saved.path, plan);
    this.train(this.training);
    return plan.result;
  }

  /** Those without parameters: their buffers follow from their options. */
  #pathsOfLosses(): string[] {
    const losses = new Set<unknown>(Object.values(this.getLossFunctions()));
    return [...this.namedModules()].flatMap(([path, module]) =>
      losses.has(module) && [...module.parameters()].length === 0 ? [path] : [],
    );
  }

  /** For the Trainer: what was loaded and frozen. */
  get keptWeights(): KeptWeights {
    return this.#kept;
  }

  /** Training mode, but for layers that keep the statistics that were loaded. */
  override train(mode = true): this {
    super.train(mode);
    if (mode) this.#kept.fixStatistics(this);
    return this;
  }

  override dispose(): void {
    super.dispose();
    this.#kept[Symbol.dispose]();
  }

  /**
   * What `model.json` holds. A model that does not override this is recorded by its text (`toString`), and must be
   * passed again: `Trainer.fromMaps(path, { model })`.
   */
  toDict(): JsonObject | string {
    return this.toString();
  }
}
