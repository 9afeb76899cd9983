import type { InferableBatch } from "../infer/index.ts";
import type { LossFunction } from "../losses/index.ts";
import type { EvaluatedBatch } from "../metrics/index.ts";
import type { Optimizer } from "../optim/index.ts";
import { nn, type Tensor } from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { resetWeights } from "./reset.ts";

/** A batch of samples, before and after evaluation; `Batch` (src/data/dataloader) is one. */
export type ModelBatch = EvaluatedBatch & InferableBatch;

/** What a loader gives: a batch, or several that belong together. A model says which it takes. */
export type ModelInput = ModelBatch | readonly ModelBatch[] | Readonly<Record<string, ModelBatch>>;

/** One loss, or several by name; each a tensor of one element. */
export type Losses = Tensor | Readonly<Record<string, Tensor>>;

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
 * Two networks that learn against each other:
 *
 * ```ts
 * class GAN extends Model {
 *   generator = new MLP({ numInputs: 8, numOutputs: 16, hiddenDims: [32], norm: null });
 *   discriminator = new MLP({ numInputs: 16, numOutputs: 1, hiddenDims: [32], norm: null });
 *   loss = new torch.nn.BCEWithLogitsLoss();
 *
 *   override forwardStep(batch: ModelBatch) {
 *     const images = batch.getField("image", { dtype: "float32" }).flatten(1);
 *     const made = this.generator.call(torch.randnLike(images.narrow(1, 0, 8)));
 *     const scored = (x: Tensor, isReal: number) => {
 *       const score = this.discriminator.call(x);
 *       return this.loss.call(score, torch.fullLike(score, isReal));
 *     };
 *     this.discriminator.requiresGrad_(false); // it does not learn from the generator's loss
 *     const generator = scored(made, 1);
 *     this.discriminator.requiresGrad_(true);
 *     return { generator, discriminator: scored(images, 1).add(scored(made.detach(), 0)) };
 *   }
 *   override backwardStep(losses: Record<string, Tensor>, gradScaler: Scaler) {
 *     for (const loss of Object.values(losses)) gradScaler.scale(loss).backward();
 *   }
 *   override optimizationStep(optimizers: Record<string, Optimizer>, gradScaler: Scaler) {
 *     for (const optimizer of Object.values(optimizers)) gradScaler.step(optimizer);
 *   }
 *   override evaluationStep(batch: ModelBatch) {
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
 * ```
 */
export abstract class Model extends nn.Module {
  /** The field of a batch with which the Trainer's default metrics compare the output. */
  readonly labelKey: string = "label";

  /** The loss of a training batch, or several by name: those of `getLossFunctions`. */
  abstract forwardStep(batch: ModelInput): Losses;
  /** Computes the gradients of what `forwardStep` gave. They are added to those of earlier batches. */
  abstract backwardStep(loss: Losses, gradScaler: Scaler): void;
  /** Moves the weights. @param optimizers those of `buildOptimizers`. */
  abstract optimizationStep(optimizers: Readonly<Record<string, Optimizer>>, gradScaler: Scaler): void;
  /** Passes a validation or test batch through the networks. Metrics look at each sample of the batch it returns. */
  abstract evaluationStep(batch: ModelInput): ModelBatch;
  /** New optimizers, by name; called once for each training, so that none begins with what another left. */
  abstract buildOptimizers(): Record<string, Optimizer>;
  /**
   * The losses used in training, by name; at least one. If `forwardStep` returns several, these are their names. A loss
   * that is to be a metric (`LossMetricConfig`) has a `reduction`, "mean" or "sum".
   */
  abstract getLossFunctions(): Record<string, LossFunction>;

  /** Passes a batch through the networks when there is nothing to compare to. Default: `evaluationStep`. */
  predictionStep(batch: ModelInput): ModelBatch {
    return this.evaluationStep(batch);
  }

  /**
   * What a batch counts for in a window of several (`accumulationSteps`), whose gradient is that of the window as one
   * batch: what the mean of its losses was divided by. Default: null, the number of its samples.
   */
  lossWeight(_batch: ModelInput): number | null {
    return null;
  }

  /** Describes the networks, for `nn_summary.txt`. Default: null, and there is no such file. */
  getSummary(_batch: ModelInput): string | null {
    return null;
  }

  /**
   * Draws the trainable weights anew and forgets gradients: each layer that has trainable weights of its own draws them
   * as its constructor did (`resetParameters`), in the order of `modules()`; then those that initialise the layers they
   * hold, the innermost first. Statistics of layers without weights are cleared. Frozen weights stay.
   * @throws ConfigError naming a layer that has trainable weights and no `resetParameters()`: it would keep what it
   * learnt from another split.
   */
  reset(): void {
    this.zeroGrad();
    resetWeights(this);
  }

  /**
   * What `model.json` holds. A model that does not override this is recorded by its text (`toString`), and must be
   * passed again: `Trainer.fromMaps(path, { model })`.
   */
  toDict(): JsonObject | string {
    return this.toString();
  }
}
