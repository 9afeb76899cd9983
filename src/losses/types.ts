import type { nn, Tensor } from "../torch/index.ts";
import type { ToDict } from "../utils/config.ts";
import type { Accepted } from "./accepted.ts";

/** How the values of a loss are merged. */
export type Reduction = "none" | "mean" | "sum";

/** A loss that is a module: its weights are buffers of the model. */
export type LossModule = nn.Module<[output: Tensor, target: Tensor], Tensor> & { reduction: string };

/** A loss that says which targets it takes, so that others are refused before the training starts. */
export interface KnowsTargets {
  /** @param classes how many classes the network gives, if it is known. */
  acceptedTargets(classes: number | null): Accepted | null;
}

/** A loss whose mean does not count each element for 1. */
export interface WeighsTargets {
  /**
   * What each sample or element adds to what the mean divides by.
   * @param target as `prepareTarget` gives it, or as the batch holds it.
   * @returns float32, (N, …).
   */
  targetWeights(target: Tensor): Tensor;
}

/** A loss that compares samples with each other: no sample has a value without the others. */
export interface ComparesSamples {
  /** "all": a metric gives it all samples of a data set at once; "batch": those of each batch; null: with these options it compares none. */
  readonly comparesSamples: "all" | "batch" | null;
}

/** `(output, target) => loss`. A metric can follow it only if it also has a `reduction` that can be set to "none". */
export type LossFunction = LossModule | (((output: Tensor, target: Tensor) => Tensor) & { reduction?: string });

/** A config that builds a loss function. */
export interface LossConfig extends ToDict {
  readonly name_: string;
  getObject(): LossModule;
}
