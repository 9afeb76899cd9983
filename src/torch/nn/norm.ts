/** Normalisation by statistics of the batch, or of each sample. */
import type { Given } from "../arguments.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { pySize } from "./format.ts";
import { checkDims, type NormOptions, RunningNorm } from "./norm-base.ts";
import { isRecomputing } from "./recompute.ts";

/** Batch normalisation (Ioffe and Szegedy, 2015) of (N, C, …), with statistics over all dimensions but C. */
export abstract class BatchNorm extends RunningNorm {
  readonly #dims: readonly number[];

  constructor(layer: string, numFeatures: number, options: Given<NormOptions>, dims: readonly number[]) {
    super(layer, numFeatures, options, { affine: true, trackRunningStats: true });
    this.#dims = dims;
  }

  override forward(x: Tensor): Tensor {
    this.checkInput(x);
    let average = this.momentum ?? 0;
    const again = isRecomputing();
    if (this.training && this.numBatchesTracked !== null && !again) {
      ops.add_(this.numBatchesTracked, 1);
      if (this.momentum === null) average = 1 / this.numBatchesTracked.item();
    }
    const useBatch = this.training || this.runningMean === null || this.runningVar === null;
    if (useBatch) refuseSingleValues(x);
    // the batch's own statistics are used, and these would only be updated
    const unused = useBatch && again;
    return ops.batchNorm(
      x,
      this.weight,
      this.bias,
      unused ? null : this.runningMean,
      unused ? null : this.runningVar,
      useBatch,
      average,
      this.eps,
      true,
    );
  }
  protected checkInput(x: Tensor): void {
    checkDims(x, this.#dims);
  }
}

function refuseSingleValues(x: Tensor): void {
  const [samples = 1, , ...spatial] = x.shape;
  if (samples * spatial.reduce((a, b) => a * b, 1) === 1) {
    throw new RangeError(
      `Expected more than 1 value per channel when training, got input size ${pySize(x.shape)}. Use a larger batch (or dropLast), or eval().`,
    );
  }
}

/**
 * Of (N, C) or (N, C, L).
 * @example
 * ```ts
 * using layer = new torch.nn.BatchNorm1d(1, { eps: 0 });
 * using x = torch.tensor([[1], [3]]);
 * using y = layer.call(x);
 * console.log(y.toArray(), layer.runningMean?.toNumbers().map((v) => v.toFixed(1))); // → [ [ -1 ], [ 1 ] ] [ '0.2' ]
 * ```
 */
export class BatchNorm1d extends BatchNorm {
  constructor(numFeatures: number, ...options: Given<NormOptions>) {
    super("BatchNorm1d", numFeatures, options, [2, 3]);
  }
}
/**
 * Of (N, C, H, W).
 * @example
 * ```ts
 * using scope = torch.scope();
 * const layer = new torch.nn.BatchNorm2d(3);
 * const x = torch.randn([4, 3, 8, 8]);
 * const y = layer.call(x);
 * console.log(y.shape, y.mean().abs().item() < 1e-5); // → [ 4, 3, 8, 8 ] true
 * ```
 */
export class BatchNorm2d extends BatchNorm {
  constructor(numFeatures: number, ...options: Given<NormOptions>) {
    super("BatchNorm2d", numFeatures, options, [4]);
  }
}
/**
 * Of (N, C, D, H, W).
 * @example
 * ```ts
 * using scope = torch.scope();
 * const layer = new torch.nn.BatchNorm3d(3);
 * layer.eval(); // with the running statistics, which begin as 0 and 1
 * const x = torch.ones([1, 3, 4, 4, 4]);
 * const y = layer.call(x);
 * console.log(y.mean().item().toFixed(4)); // → 1.0000
 * ```
 */
export class BatchNorm3d extends BatchNorm {
  constructor(numFeatures: number, ...options: Given<NormOptions>) {
    super("BatchNorm3d", numFeatures, options, [5]);
  }
}
/** Instance normalisation (Ulyanov et al., 2016): statistics for each sample and channel; a batch dimension is optional. */
abstract class InstanceNorm extends RunningNorm {
  readonly #batched: number;

  constructor(layer: string, numFeatures: number, options: Given<NormOptions>, batched: number) {
    super(layer, numFeatures, options, { affine: false, trackRunningStats: false });
    this.#batched = batched;
  }

  override forward(x: Tensor): Tensor {
    checkDims(x, [this.#batched - 1, this.#batched]);
    const channels = x.shape[x.ndim - this.#batched + 1];
    if (this.affine && channels !== this.numFeatures) {
      throw new RangeError(
        `expected input's size at dim=${x.ndim - this.#batched + 1} to match num_features (${this.numFeatures}), but got: ${channels}.`,
      );
    }
    if (x.ndim === this.#batched) return this.#normalise(x);
    using batch = ops.unsqueeze(x, 0);
    using out = this.#normalise(batch);
    return ops.squeeze(out, 0);
  }

  #normalise(x: Tensor): Tensor {
    const useInput = this.training || !this.trackRunningStats;
    if (useInput && x.shape.slice(2).reduce((a, b) => a * b, 1) === 1) {
      throw new RangeError(`Expected more than 1 spatial element when training, got input size ${pySize(x.shape)}`);
    }
    const unused = useInput && isRecomputing();
    return ops.instanceNorm(
      x,
      this.weight,
      this.bias,
      unused ? null : this.runningMean,
      unused ? null : this.runningVar,
      useInput,
      this.momentum ?? 0,
      this.eps,
      true,
    );
  }
}

/**
 * Of (N, C, L) or (C, L).
 * @example
 * ```ts
 * using layer = new torch.nn.InstanceNorm1d(1, { eps: 0 });
 * using x = torch.tensor([[[1, 3]], [[10, 50]]]);
 * using y = layer.call(x);
 * console.log(y.toArray()); // → [ [ [ -1, 1 ] ], [ [ -1, 1 ] ] ]
 * ```
 */
export class InstanceNorm1d extends InstanceNorm {
  constructor(numFeatures: number, ...options: Given<NormOptions>) {
    super("InstanceNorm1d", numFeatures, options, 3);
  }
}
/**
 * Of (N, C, H, W) or (C, H, W).
 * @example
 * ```ts
 * using scope = torch.scope();
 * const layer = new torch.nn.InstanceNorm2d(3);
 * const x = torch.randn([4, 3, 8, 8]);
 * const y = layer.call(x);
 * console.log(y.shape, y.mean([2, 3]).abs().max().item() < 1e-5); // → [ 4, 3, 8, 8 ] true
 * ```
 */
export class InstanceNorm2d extends InstanceNorm {
  constructor(numFeatures: number, ...options: Given<NormOptions>) {
    super("InstanceNorm2d", numFeatures, options, 4);
  }
}
/**
 * Of (N, C, D, H, W) or (C, D, H, W).
 * @example
 * ```ts
 * using layer = new torch.nn.InstanceNorm3d(3, { affine: true });
 * using x = torch.randn([1, 3, 4, 4, 4]);
 * using y = layer.call(x);
 * console.log(y.shape, layer.weight?.shape); // → [ 1, 3, 4, 4, 4 ] [ 3 ]
 * ```
 */
export class InstanceNorm3d extends InstanceNorm {
  constructor(numFeatures: number, ...options: Given<NormOptions>) {
    super("InstanceNorm3d", numFeatures, options, 5);
  }
}
