import { type Given, knownOptions, requireNumbers } from "../arguments.ts";
import { dropout as drop } from "../dropout.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { constant_, xavierNormal_, xavierUniform_ } from "./init.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

export interface MultiheadAttentionOptions {
  /** Probability that an attention weight is dropped in training; default 0. */
  readonly dropout?: number | undefined;
  /** Default true. */
  readonly bias?: boolean | undefined;
  /** Whether a learned key and value are added to every sequence; default false. */
  readonly addBiasKv?: boolean | undefined;
  /** Whether a key and value of zeros are added to every sequence; default false. */
  readonly addZeroAttn?: boolean | undefined;
  /** Features of the keys; default `embedDim`. */
  readonly kdim?: number | null | undefined;
  /** Features of the values; default `embedDim`. */
  readonly vdim?: number | null | undefined;
  /** Whether the batch comes before the sequence, (N, L, E), rather than after, (L, N, E); default false. */
  readonly batchFirst?: boolean | undefined;
}

export interface AttentionCallOptions {
  /** Keys to ignore (bool, true = ignore) or a number to add to each: (N, S) or (S). */
  readonly keyPaddingMask?: Tensor | null | undefined;
  /** Whether the weights are returned too; without them it is faster. Default true. */
  readonly needWeights?: boolean | undefined;
  /** Pairs to ignore (bool, true = ignore) or a number to add to each: (L, S) or (N · heads, L, S). */
  readonly attnMask?: Tensor | null | undefined;
  /** Whether the weights are averaged over heads; default true. */
  readonly averageAttnWeights?: boolean | undefined;
}

/** PyTorch prints the output projection under this name. */
export class NonDynamicallyQuantizableLinear extends Linear {}

/**
 * Attention in several heads (Vaswani et al., 2017). Query (L, N, E), key (S, N, kdim), value (S, N, vdim), or without
 * N, or with `batchFirst` (N, L, E); the output is as the query, the weights are (N, L, S), or (N, heads, L, S).
 * @example
 * ```ts
 * using attention = new torch.nn.MultiheadAttention(8, 2, { batchFirst: true });
 * using x = torch.ones([3, 5, 8]); // 3 sequences of 5
 * const [output, weights] = attention.call(x, x, x);
 * console.log(output.shape, weights?.shape); // → [ 3, 5, 8 ] [ 3, 5, 5 ]
 * ```
 */
export class MultiheadAttention extends Module<
  [query: Tensor, key: Tensor, value: Tensor, options?: AttentionCallOptions],
  [output: Tensor, weights: Tensor | null]
> {
  readonly embedDim: number;
  readonly kdim: number;
  readonly vdim: number;
  readonly numHeads: number;
  readonly dropout: number;
  readonly batchFirst: boolean;
  readonly addZeroAttn: boolean;
  inProjWeight: Parameter | null = null;
  qProjWeight: Parameter | null = null;
  kProjWeight: Parameter | null = null;
  vProjWeight: Parameter | null = null;
  inProjBias: Parameter | null;
  biasK: Parameter | null;
  biasV: Parameter | null;
  outProj: NonDynamicallyQuantizableLinear;

  constructor(embedDim: number, numHeads: number, ...options: Given<MultiheadAttentionOptions>) {
    super();
    const {
      dropout = 0,
      bias = true,
      addBiasKv = false,
      addZeroAttn = false,
      kdim,
      vdim,
      batchFirst = false,
    } = knownOptions("MultiheadAttention", options, [
      "dropout",
      "bias",
      "addBiasKv",
      "addZeroAttn",
      "kdim",
      "vdim",
      "batchFirst",
    ]);
    requireNumbers("MultiheadAttention", { embedDim, numHeads });
    if (embedDim <= 0 || numHeads <= 0) {
      throw new RangeError(
        `embed_dim and num_heads must be greater than 0, got embed_dim=${embedDim} and num_heads=${numHeads} instead`,
      );
    }
    if (embedDim % numHeads !== 0)
      throw new RangeError(`embed_dim must be divisible by num_heads, got ${embedDim} and ${numHeads}`);
    this.embedDim = embedDim;
    this.kdim = kdim ?? embedDim;
    this.vdim = vdim ?? embedDim;
    this.numHeads = numHeads;
    this.dropout = dropout;
    this.batchFirst = batchFirst;
    this.addZeroAttn = addZeroAttn;
    if (this.kdim === embedDim && this.vdim === embedDim) {
      this.inProjWeight = new Parameter(ops.empty([3 * embedDim, embedDim]));
    } else {
      this.qProjWeight = new Parameter(ops.empty([embedDim, embedDim]));
      this.kProjWeight = new Parameter(ops.empty([embedDim, this.kdim]));
      this.vProjWeight = new Parameter(ops.empty([embedDim, this.vdim]));
    }
    this.inProjBias = bias ? new Parameter(ops.empty([3 * embedDim])) : null;
    this.outProj = new NonDynamicallyQuantizableLinear(embedDim, embedDim, { bias });
    this.biasK = addBiasKv ? new Parameter(ops.empty([1, 1, embedDim])) : null;
    this.biasV = addBiasKv ? new Parameter(ops.empty([1, 1, embedDim])) : null;
    this.#draw();
  }

  // As in PyTorch, the weight of the output projection has been drawn before, by its own constructor.
  #draw(): void {
    for (const weight of [this.inProjWeight, this.qProjWeight, this.kProjWeight, this.vProjWeight]) {
      if (weight !== null) xavierUniform_(weight);
    }
    if (this.inProjBias !== null) constant_(this.inProjBias, 0);
    if (this.outProj.bias !== null) constant_(this.outProj.bias, 0);
    if (this.biasK !== null) xavierNormal_(this.biasK);
    if (this.biasV !== null) xavierNormal_(this.biasV);
  }
  /** Draws all parameters anew, as the constructor did. */
  resetParameters(): void {
    this.outProj.resetParameters();
    this.#draw();
  }

  override forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    ...options: Given<AttentionCallOptions>
  ): [Tensor, Tensor | null] {
    const {
      keyPaddingMask = null,
      needWeights = true,
      attnMask = null,
      averageAttnWeights = true,
    } = knownOptions("MultiheadAttention.forward", options, [
      "keyPaddingMask",
      "needWeights",
      "attnMask",
      "averageAttnWeights",
    ]);
    using owned = new DisposableStack();
    const own = <T extends Tensor>(tensor: T): T => owned.use(tensor);
    const batched = query.ndim === 3;
    // (L, N, E) from whatever was given; one tensor given thrice stays one, for one projection instead of three
    const sequenceFirst = (x: Tensor): Tensor =>
      !batched ? own(ops.unsqueeze(x, 1)) : this.batchFirst ? own(ops.transpose(x, 0, 1)) : x;
    const q0 = sequenceFirst(query);
    const k0 = key === query ? q0 : sequenceFirst(key);
    const v0 = value === key ? k0 : value === query ? q0 : sequenceFirst(value);
    const [length = 0, batch = 0] = q0.shape;
    const headDim = this.embedDim / this.numHeads;

    let [q, k, v] = this.#project(q0, k0, v0, own);
    let extra = 0;
    if (this.biasK !== null && this.biasV !== null) {
      k = own(ops.cat([k, own(ops.repeat(this.biasK, [1, batch, 1]))]));
      v = own(ops.cat([v, own(ops.repeat(this.biasV, [1, batch, 1]))]));
      extra += 1;
    }
    if (this.addZeroAttn) {
      const zeros = own(ops.zeros([1, batch, this.embedDim], { dtype: k.dtype, device: k.device }));
      k = own(ops.cat([k, zeros]));
      v = own(ops.cat([v, zeros]));
      extra += 1;
    }
    // (N, heads, length, E / heads)
    const heads = (x: Tensor): Tensor =>
      own(ops.permute(own(ops.reshape(x, [x.size(0), batch, this.numHeads, headDim])), [1, 2, 0, 3]));
    const [qh, kh, vh] = [heads(q), heads(k), heads(v)];
    const mask = this.#mask(keyPaddingMask, attnMask, { batch, length, extra, dtype: q.dtype, own });
    const dropout = this.training ? this.dropout : 0;

    let weights: Tensor | null = null;
    let mixed: Tensor;
    // libtorch's one operator for all of it has a dropout of its own, whose draws are not those of PyTorch 2.6
    if (needWeights || (dropout > 0 && q.device === "cpu")) {
      const scaled = own(ops.mul(qh, Math.sqrt(1 / headDim)));
      const scores = own(ops.matmul(scaled, own(ops.transpose(kh, -2, -1))));
      const masked = mask === null ? scores : own(ops.add(scores, mask));
      // where every key is masked, that operator gives zeros
      const attention = own(needWeights ? ops.softmax(masked, -1) : ops._safeSoftmax(masked, -1));
      const kept = own(dropout === 0 ? attention : drop(attention, dropout, true));
      if (needWeights) weights = kept;
      mixed = own(ops.matmul(kept, vh));
    } else mixed = own(ops.scaledDotProductAttention(qh, kh, vh, mask, dropout, false));

    const joined = own(ops.reshape(own(ops.permute(mixed, [2, 0, 1, 3])), [length, batch, this.embedDim]));
    // PyTorch takes its weights, and runs no hooks of it
    const projected = this.outProj.forward(joined);
    return [
      this.#asGiven(projected, batched),
      weights === null ? null : this.#weights(weights, averageAttnWeights, batched),
    ];
  }

  #project(q: Tensor, k: Tensor, v: Tensor, own: (t: Tensor) => Tensor): [Tensor, Tensor, Tensor] {
    const ownAll = ([a, b, c]: readonly Tensor[]): [Tensor, Tensor, Tensor] => {
      if (a === undefined || b === undefined || c === undefined)
        throw new RangeError("MultiheadAttention: expected three projections.");
      return [own(a), own(b), own(c)];
    };
    if (this.inProjWeight !== null && q === k && k === v) {
      return ownAll(ops.chunk(own(ops.linear(q, this.inProjWeight, this.inProjBias)), 3, -1));
    }
    const [bq, bk, bv] = this.inProjBias === null ? [null, null, null] : ownAll(ops.chunk(this.inProjBias, 3));
    const separate = [this.qProjWeight, this.kProjWeight, this.vProjWeight].filter((w) => w !== null);
    const [wq, wk, wv] = this.inProjWeight === null ? separate : ownAll(ops.chunk(this.inProjWeight, 3));
    if (wq === undefined || wk === undefined || wv === undefined)
      throw new TypeError("MultiheadAttention: a projection weight is missing.");
    return [own(ops.linear(q, wq, bq)), own(ops.linear(k, wk, bk)), own(ops.linear(v, wv, bv))];
  }

  /** Both masks as numbers to add to (N, heads, L, S), or null. */
  #mask(
    keyPadding: Tensor | null,
    attention: Tensor | null,
    {
      batch,
      length,
      extra,
      dtype,
      own,
    }: { batch: number; length: number; extra: number; dtype: Tensor["dtype"]; own: (t: Tensor) => Tensor },
  ): Tensor | null {
    const additive = (mask: Tensor): Tensor => {
      let numbers = mask;
      if (mask.dtype === "bool") {
        const zeros = own(ops.zeros([...mask.shape], { dtype, device: mask.device }));
        numbers = own(ops.maskedFill(zeros, mask, Number.NEGATIVE_INFINITY));
      }
      return extra === 0 ? numbers : own(ops.pad(numbers, [0, extra]));
    };
    let out: Tensor | null = null;
    if (attention !== null) {
      const numbers = additive(attention);
      const sources = numbers.size(-1);
      if (numbers.ndim === 2) out = own(ops.reshape(numbers, [1, 1, length, sources]));
      else out = own(ops.reshape(numbers, [batch, this.numHeads, length, sources]));
    }
    if (keyPadding !== null) {
      const numbers = additive(keyPadding);
      const keys = own(ops.reshape(numbers, [batch, 1, 1, numbers.size(-1)]));
      out = out === null ? keys : own(ops.add(out, keys));
    }
    return out;
  }

  /** (L, N, E) in the form of the query. */
  #asGiven(x: Tensor, batched: boolean): Tensor {
    if (batched && !this.batchFirst) return x;
    using own = x;
    return batched ? ops.transpose(own, 0, 1) : ops.squeeze(own, 1);
  }

  /** A new tensor: `weights` is disposed by the caller. */
  #weights(weights: Tensor, average: boolean, batched: boolean): Tensor {
    using kept = average ? ops.mean(weights, [1]) : ops.alias(weights);
    return batched ? ops.alias(kept) : ops.squeeze(kept, 0);
  }
}
