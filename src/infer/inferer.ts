import type { Batch } from "../data/dataloader/index.ts";
import type { nn } from "../torch/index.ts";
import type { ToDict } from "../utils/config.ts";
import type { InferOptions } from "./output.ts";

/** How images go through a network outside training. */
export interface Inferer extends ToDict {
  readonly name_: string;
  /**
   * Passes the images of `batch` through `network` and adds the output to the batch.
   * @returns the batch.
   */
  call(batch: Batch, network: nn.Module, options?: InferOptions): Batch;
}
