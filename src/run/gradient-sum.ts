/** How the gradients of processes that train together become those of the whole batch. */
import type { Losses } from "../models/index.ts";
import type * as torch from "../torch/index.ts";

/** As what gradients go to the other processes; null: as they are. */
export type Compression = torch.distributed.GradientCompression | null;

/**
 * Puts into every process the sum of the gradients, which are those of its share of the batch, weighted so that the sum is
 * the gradient of the whole. A parameter that only some of them used has no gradient in the others, which counts as 0.
 */
export interface GradientSum extends Disposable {
  /** Before the backward pass of the last batch of a window. */
  prepare(losses: Losses): void;
  /** After it: waits until all have the sums. */
  finish(): Promise<void>;
  /** What is to be said of an error: which process is gone, or has failed, where it is that. */
  explain(error: unknown): Promise<unknown>;
}

/** Where there is nobody else. */
export const alone: GradientSum = {
  prepare() {},
  async finish() {},
  explain: async (error) => error,
  [Symbol.dispose]() {},
};
