import type { InferableBatch } from "../infer/index.ts";
import type { LossFunction } from "../losses/index.ts";
import type { EvaluatedBatch } from "../metrics/index.ts";
import type { Optimizer } from "../optim/index.ts";
import { nn, type Tensor } from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";

/** A batch of samples, before and after evaluation; `Batch` (src/data/dataloader) is one. */
export type ModelBatch = EvaluatedBatch & InferableBatch;

/** One loss, or several by name. */
export type Losses = Tensor | Readonly<Record<string, Tensor>>;

/** What a model needs of a gradient scaler; `torch.amp.GradScaler` is one. */
export interface Scaler {
  scale(loss: Tensor): Tensor;
  step(optimizer: Optimizer): unknown;
}

/**
 * A network, or several, and how they learn: the parent of all that a Trainer trains. As a `torch.nn.Module` it holds
 * its networks and losses in properties.
 */
export abstract class Model extends nn.Module {
  /** The loss of a training batch. Device, precision and gradients are the Trainer's business. */
  abstract forwardStep(batch: ModelBatch): Losses;
  /** Computes the gradients. */
  abstract backwardStep(loss: Losses, gradScaler: Scaler): void;
  /** Moves the weights. The Trainer zeroes the gradients afterwards. */
  abstract optimizationStep(optimizers: Readonly<Record<string, Optimizer>>, gradScaler: Scaler): void;
  /** Passes a validation or test batch through the networks. Metrics look at the batch it returns. */
  abstract evaluationStep(batch: ModelBatch): ModelBatch;
  /** New optimizers, by name. */
  abstract buildOptimizers(): Record<string, Optimizer>;
  /** The losses used in training, by name; with the keys of what `forwardStep` returns if it returns several. */
  abstract getLossFunctions(): Record<string, LossFunction>;

  /** Passes a batch through the networks when there is nothing to compare to. Default: `evaluationStep`. */
  predictionStep(batch: ModelBatch): ModelBatch {
    return this.evaluationStep(batch);
  }

  /** Describes the networks, for `nn_summary.txt`; null: there will be no such file. */
  getSummary(_batch: ModelBatch): string | null {
    return null;
  }

  /**
   * Draws the trainable weights anew and forgets gradients: each layer that has trainable weights of its own draws them
   * as its constructor did, in the order of `modules()`. Statistics of layers without weights are cleared.
   */
  reset(): void {
    this.zeroGrad();
    for (const module of this.modules()) resetModule(module);
  }

  /** What `model.json` holds. A model that does not override this is recorded by its name alone, and must be passed again. */
  toDict(): JsonObject | string {
    return `<${this.constructor.name} object>`;
  }
}

interface Resettable {
  resetParameters?: () => void;
  resetRunningStats?: () => void;
}

function resetModule(module: nn.AnyModule & Resettable): void {
  const own = [...module.parameters({ recurse: false })];
  if (own.some((parameter) => parameter.requiresGrad)) module.resetParameters?.();
  // a layer with no weights at all still remembers the data it saw
  else if (own.length === 0) module.resetRunningStats?.();
}
