import type { DType, Tensor } from "../torch/index.ts";

/** What a metric needs of an evaluated batch; `Batch` (src/data/dataloader) is one. */
export interface EvaluatedBatch {
  readonly length: number;
  readonly participants: readonly { readonly participantId: string; readonly sessionId: string }[];
  /** A field of all samples, stacked: (N, …). */
  getField(name: string, options?: { readonly dtype?: DType; readonly ensureChannelDim?: boolean }): Tensor;
}
