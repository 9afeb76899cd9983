import { type Given, knownOptions, requireNumbers } from "../arguments.ts";
import { noGrad } from "../autograd.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { pyFloat } from "./format.ts";
import { normal_ } from "./init.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

export interface EmbeddingOptions {
  /** The row that begins as zeros and gets no gradient; a negative number counts from the end. Default none. */
  readonly paddingIdx?: number | null | undefined;
  /** Rows with a greater norm are scaled down to it, in the weight itself, when they are looked up. Default none. */
  readonly maxNorm?: number | null | undefined;
  /** The p of that norm; default 2. */
  readonly normType?: number | undefined;
  /** Whether gradients are divided by how often a row is used in the batch; default false. */
  readonly scaleGradByFreq?: boolean | undefined;
}

/**
 * Rows of a learned table: indices of any shape, int64 or int32, → (…, embeddingDim). Drawn from N(0, 1).
 * @example
 * ```ts
 * using scope = torch.scope();
 * const table = new torch.nn.Embedding(10, 3, { paddingIdx: 0 });
 * const indices = torch.tensor([[4, 2, 0]], { dtype: "int64" });
 * const rows = table.call(indices);
 * console.log(rows.shape, rows.select(1, 2).toArray()); // → [ 1, 3, 3 ] [ [ 0, 0, 0 ] ]
 * ```
 */
export class Embedding extends Module {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly paddingIdx: number | null;
  readonly maxNorm: number | null;
  readonly normType: number;
  readonly scaleGradByFreq: boolean;
  weight: Parameter;

  constructor(numEmbeddings: number, embeddingDim: number, ...options: Given<EmbeddingOptions>) {
    super();
    const {
      paddingIdx = null,
      maxNorm = null,
      normType = 2,
      scaleGradByFreq = false,
    } = knownOptions("Embedding", options, ["paddingIdx", "maxNorm", "normType", "scaleGradByFreq"]);
    requireNumbers("Embedding", { numEmbeddings, embeddingDim });
    if (paddingIdx !== null && !(paddingIdx >= -numEmbeddings && paddingIdx < numEmbeddings)) {
      throw new RangeError(`Embedding: paddingIdx got ${paddingIdx}. Expected one of ${numEmbeddings} rows.`);
    }
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.paddingIdx = paddingIdx !== null && paddingIdx < 0 ? numEmbeddings + paddingIdx : paddingIdx;
    this.maxNorm = maxNorm;
    this.normType = normType;
    this.scaleGradByFreq = scaleGradByFreq;
    this.weight = new Parameter(ops.empty([numEmbeddings, embeddingDim]));
    this.resetParameters();
  }
  resetParameters(): void {
    normal_(this.weight);
    if (this.paddingIdx === null) return;
    using _ = noGrad();
    using row = ops.select(this.weight, 0, this.paddingIdx);
    ops.zero_(row);
  }
  override forward(indices: Tensor): Tensor {
    if (this.maxNorm !== null) {
      using _ = noGrad();
      using contiguous = ops.contiguous(indices);
      ops.embeddingRenorm_(this.weight, contiguous, this.maxNorm, this.normType);
    }
    return ops.embedding(this.weight, indices, this.paddingIdx ?? -1, this.scaleGradByFreq);
  }
  override extraRepr(): string {
    let out = `${this.numEmbeddings}, ${this.embeddingDim}`;
    if (this.paddingIdx !== null) out += `, padding_idx=${this.paddingIdx}`;
    if (this.maxNorm !== null) out += `, max_norm=${pyFloat(this.maxNorm)}`;
    if (this.normType !== 2) out += `, norm_type=${pyFloat(this.normType)}`;
    if (this.scaleGradByFreq) out += ", scale_grad_by_freq=True";
    return out;
  }
}
