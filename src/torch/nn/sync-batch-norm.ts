/** Batch normalisation by the statistics of a batch that several processes have parts of. */
import type { Given } from "../arguments.ts";
import { processGroup } from "../distributed/index.ts";
import type { ProcessGroup } from "../distributed/process-group.ts";
import { defineFunction } from "../function.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import type { AnyModule } from "./module.ts";
import { BatchNorm } from "./norm.ts";
import type { NormOptions } from "./norm-base.ts";
import { isRecomputing } from "./recompute.ts";
import { structureChanged } from "./structure.ts";

/**
 * Batch normalisation of (N, C, …) of any number of dimensions. Where `torch.distributed` has a process group, the statistics
 * are those of the samples of all processes together: outputs, gradients and running statistics are those of one process with
 * the whole batch, whose parts need not be of one size. All processes call it equally often; it waits for the others, once
 * forwards and once backwards, in JavaScript's thread. Alone, and in evaluation, it is `BatchNorm1d`, `2d` or `3d`.
 * @example
 * ```ts
 * const layers = new torch.nn.Sequential(new torch.nn.BatchNorm3d(8));
 * const synchronised = torch.nn.SyncBatchNorm.convertSyncBatchnorm(layers);
 * console.log([...synchronised.children()][0] instanceof torch.nn.SyncBatchNorm); // → true
 * ```
 */
export class SyncBatchNorm extends BatchNorm {
  constructor(numFeatures: number, ...options: Given<NormOptions>) {
    super("SyncBatchNorm", numFeatures, options, []);
  }

  /** Makes all batch normalisations of a module, and itself where it is one, of this kind. They stay the same objects, with their weights. */
  static convertSyncBatchnorm<M extends AnyModule>(module: M): M {
    for (const layer of batchNormsOf(module)) become(layer, SyncBatchNorm);
    return module;
  }

  /** Does that until what it returns is disposed; then each layer is what it was. */
  static temporarily(module: AnyModule): Disposable {
    const layers = batchNormsOf(module).map((layer) => [layer, layer.constructor] as const);
    SyncBatchNorm.convertSyncBatchnorm(module);
    return {
      [Symbol.dispose]() {
        for (const [layer, type] of layers) become(layer, type);
      },
    };
  }

  protected override checkInput(x: Tensor): void {
    if (x.ndim < 2) throw new RangeError(`expected at least 2D input (got ${x.ndim}D input)`);
  }
  // no private members: objects of the other classes become of this one
  override forward(x: Tensor): Tensor {
    const group = processGroup();
    if (!this.training || group === null || group.size === 1) return super.forward(x);
    this.checkInput(x);
    return normalise(this, x, group);
  }
}

function batchNormsOf(module: AnyModule): BatchNorm[] {
  return [...module.modules()].flatMap((layer) =>
    layer instanceof BatchNorm && !(layer instanceof SyncBatchNorm) ? [layer] : [],
  );
}

/** A layer of another class with the same fields, wherever it is held: nothing that refers to it needs to be found. */
function become(layer: BatchNorm, type: { readonly prototype: object } | typeof layer.constructor): void {
  Object.setPrototypeOf(layer, type.prototype);
  structureChanged();
}

/** What the processes have of a batch, together. */
interface Statistics {
  /** Samples times voxels. */
  readonly count: number;
  /** (C,), as `variance`; of the type of the weights. */
  readonly mean: Tensor;
  readonly variance: Tensor;
}

function normalise(layer: BatchNorm, x: Tensor, group: ProcessGroup): Tensor {
  const { weight, bias, eps } = layer;
  const given = [x, ...(weight === null ? [] : [weight]), ...(bias === null ? [] : [bias])];
  const run = defineFunction<readonly Tensor[], Tensor>({
    name: "SyncBatchNorm",
    forward(ctx) {
      const statistics = statisticsOf(x, group);
      const { mean, variance, count } = statistics;
      if (!isRecomputing()) update(layer, statistics);
      ctx.saveForBackward(x, mean, variance, ...(weight === null ? [] : [weight]));
      ctx.data = count;
      return ops.batchNorm(x, weight, bias, mean, variance, false, 0, eps, true);
    },
    backward(ctx, gradient) {
      const [input, mean, variance, scale = null] = ctx.savedTensors;
      if (input === undefined || mean === undefined || variance === undefined) return given.map(() => null);
      const dy = gradient === null || gradient === undefined ? ops.zerosLike(input) : gradient;
      const saved = { x: input, mean, variance, scale, count: Number(ctx.data), eps };
      const { dx, dWeight, dBias } = gradientsOf(dy, saved, group);
      return [dx, ...(weight === null ? [] : [dWeight]), ...(bias === null ? [] : [dBias])];
    },
  });
  return run(...given);
}

/** Types with fewer bits are summed as float32. */
function wide(x: Tensor): Tensor {
  return x.dtype === "float64" || x.dtype === "float32" ? x : x.to({ dtype: "float32" });
}
/** All dimensions but that of the channels. */
function others(x: Tensor): number[] {
  return x.shape.map((_, dim) => dim).filter((dim) => dim !== 1);
}
const channelwise = (values: Tensor, x: Tensor): Tensor => values.view([1, -1, ...x.shape.slice(2).map(() => 1)]);

/** One message: of the parts' means and variances, and how much each counts. */
function statisticsOf(x: Tensor, group: ProcessGroup): Statistics {
  const [, channels = 0] = x.shape;
  const part = wide(x);
  const size = x.numel() / channels;
  const [variance, mean] = ops.varMean(part, others(x), { correction: 0 });
  const [v, m] = [variance.to({ dtype: "float64" }), mean.to({ dtype: "float64" })];
  const sums = ops.cat([
    m.mul(size),
    m.mul(m).add(v).mul(size),
    ops.full([1], size, { dtype: "float64", device: x.device }),
  ]);
  group.allReduceNow(sums);
  const count = sums.narrow(0, 2 * channels, 1).item();
  const all = sums.narrow(0, 0, channels).div(count);
  const spread = sums.narrow(0, channels, channels).div(count).sub(all.mul(all)).clampMin(0);
  return { count, mean: all.to({ dtype: part.dtype }), variance: spread.to({ dtype: part.dtype }) };
}

function update(layer: BatchNorm, { mean, variance, count }: Statistics): void {
  const { runningMean, runningVar, numBatchesTracked } = layer;
  if (numBatchesTracked !== null) ops.add_(numBatchesTracked, 1);
  const weight = layer.momentum ?? (numBatchesTracked === null ? 0 : 1 / numBatchesTracked.item());
  runningMean?.mul_(1 - weight).add_(mean, { alpha: weight });
  // unbiased, as that of other layers
  runningVar?.mul_(1 - weight).add_(variance, { alpha: (weight * count) / Math.max(count - 1, 1) });
}

interface Saved extends Statistics {
  readonly x: Tensor;
  readonly scale: Tensor | null;
  readonly eps: number;
}

/** Of what a batch normalisation gives by its own batch's statistics (Ioffe and Szegedy 2015), the sums over all processes. */
function gradientsOf(dy: Tensor, { x, mean, variance, scale, count, eps }: Saved, group: ProcessGroup) {
  const [gradient, input] = [wide(dy), wide(x)];
  const [channels = 0] = mean.shape;
  // as if the statistics were constants: the local sums come with it
  const [constant, dWeight, dBias] = ops.nativeBatchNormBackward(
    gradient,
    input,
    scale ?? ops.onesLike(mean),
    mean,
    variance,
    null,
    null,
    false,
    eps,
    [true, true, true],
  );
  const sums = ops.cat([dBias, dWeight]).to({ dtype: "float64" }).div(count);
  group.allReduceNow(sums);
  const all = sums.to({ dtype: mean.dtype });
  const [ofBias, ofWeight] = [all.narrow(0, 0, channels), all.narrow(0, channels, channels)] as const;
  const inverse = variance.add(eps).rsqrt();
  const factor = scale === null ? inverse : inverse.mul(scale);
  const centred = input.sub(channelwise(mean, x));
  constant.sub_(channelwise(ofBias.mul(factor), x));
  constant.addcmul_(centred, channelwise(ofWeight.mul(factor).mul(inverse), x), { value: -1 });
  return { dx: constant.to({ dtype: x.dtype }), dWeight, dBias };
}
