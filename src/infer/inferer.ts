import type { DType, nn, Tensor } from "../torch/index.ts";
import type { ToDict } from "../utils/config.ts";

/** What an inferer needs of a batch; `Batch` (src/data/dataloader) is one. */
export interface InferableBatch {
  getField(
    name: string,
    options?: { readonly dtype?: DType; readonly ensureChannelDim?: boolean; readonly device?: null },
  ): Tensor;
  /** Gives each sample its row of a tensor (N, …). */
  addField(name: string, values: Tensor): void;
  addImages(name: string, values: Tensor): void;
  addMasks(name: string, values: Tensor): void;
  to(options: { readonly device: "cpu" }): unknown;
}

/** How images go through a network outside training. */
export interface Inferer extends ToDict {
  readonly name_: string;
  /**
   * Passes the images of `batch` through `network` and adds the output to the batch.
   * @returns the batch.
   */
  call<B extends InferableBatch>(batch: B, network: nn.Module, options?: { readonly inputDtype?: DType }): B;
}
