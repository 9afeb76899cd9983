import type { Accepted } from "../losses/index.ts";
import type { DType, Tensor } from "../torch/index.ts";

/** A field of the samples that a model or a metric needs, and which of its values it takes; null: any number. */
export interface NeededField {
  readonly field: string;
  /** The loss or metric. */
  readonly by: string;
  readonly accepted: Accepted | null;
}

/** What a metric needs of an evaluated batch; `Batch` (src/data/dataloader) is one. */
export interface EvaluatedBatch {
  readonly length: number;
  readonly participants: readonly { readonly participantId: string; readonly sessionId: string }[];
  /** A field of all samples, stacked: (N, …). `device` null: where it is held. */
  getField(
    name: string,
    options?: { readonly dtype?: DType; readonly ensureChannelDim?: boolean; readonly device?: null },
  ): Tensor;
}
