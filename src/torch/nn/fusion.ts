/**
 * Runs a chain of layers, with normalisation, activation and max-pooling of 3D images done at once where that gives the
 * same numbers (up to rounding): see `native/norm_act_pool.cc`. A layer with a hook on it is run by itself.
 */

import { normActPool } from "../fused.ts";
import { native } from "../native.ts";
import type { Tensor } from "../tensor.ts";
import { LeakyReLU, PReLU, ReLU } from "./activation.ts";
import type { Layer } from "./module.ts";
import { BatchNorm3d, InstanceNorm3d } from "./norm.ts";
import { MaxPool3d } from "./pooling.ts";
import { isRecomputing } from "./recompute.ts";

/** How many of `layers`, from `at` on, `run` takes at once. */
interface Fused {
  readonly length: number;
  run(x: Tensor): Tensor;
}

/**
 * A subclass may compute something else, and so may a `forward` of the object's own (with parametrised weights); a hook
 * wants to see what goes in and out.
 */
function isExactly(layer: Layer, type: unknown): boolean {
  return layer.constructor === type && !layer.hooked && !Object.hasOwn(layer, "forward");
}

function slopeOf(layer: Layer | undefined): number | Tensor | undefined {
  if (layer instanceof ReLU && isExactly(layer, ReLU)) return 0;
  if (layer instanceof LeakyReLU && isExactly(layer, LeakyReLU)) return layer.negativeSlope;
  if (layer instanceof PReLU && isExactly(layer, PReLU)) return layer.weight;
  return undefined;
}

function halves(layer: Layer | undefined): boolean {
  if (!(layer instanceof MaxPool3d) || !isExactly(layer, MaxPool3d) || layer.ceilMode) return false;
  const all = (value: number | readonly number[], wanted: number): boolean =>
    typeof value === "number" ? value === wanted : value.every((v) => v === wanted);
  return all(layer.kernelSize, 2) && all(layer.stride, 2) && all(layer.padding, 0) && all(layer.dilation, 1);
}

function fuse(layers: readonly Layer[], at: number): Fused | undefined {
  const norm = layers[at];
  const batch = norm instanceof BatchNorm3d;
  if (!batch && !(norm instanceof InstanceNorm3d)) return undefined;
  if (
    !isExactly(norm, batch ? BatchNorm3d : InstanceNorm3d) ||
    norm.momentum === null ||
    (!batch && norm.trackRunningStats)
  )
    return undefined;
  const { momentum } = norm;
  const slope = slopeOf(layers[at + 1]);
  const next = at + (slope === undefined ? 1 : 2);
  const pool = halves(layers[next]);
  return {
    length: next + (pool ? 1 : 0) - at,
    run(x) {
      const again = isRecomputing();
      if (batch && norm.training && !again) norm.numBatchesTracked?.add_(1);
      const unused = norm.training && again;
      return normActPool(x, {
        weight: norm.weight,
        bias: norm.bias,
        runningMean: unused ? null : norm.runningMean,
        runningVar: unused ? null : norm.runningVar,
        training: norm.training,
        instance: !batch,
        slope: slope ?? 1,
        pool,
        momentum,
        eps: norm.eps,
      });
    },
  };
}

/** Whether the fused kernel takes this image: 5 dimensions, float32, CPU, nothing cast. */
function suits(x: Tensor): boolean {
  return x.ndim === 5 && x.dtype === "float32" && x.device === "cpu" && !native.autocast("cpu")[0];
}

/** Each intermediate is disposed as soon as the next layer has run, unless it is the input, the output, or kept. */
export function runChain(layers: readonly Layer[], x: Tensor): Tensor {
  let current = x;
  for (let i = 0; i < layers.length; ) {
    const fused = fuse(layers, i);
    const usable = fused !== undefined && suits(current) ? fused : undefined;
    const next = usable === undefined ? (layers[i] as Layer).call(current) : usable.run(current);
    i += usable?.length ?? 1;
    if (current !== x && current !== next && !current.kept) current.dispose();
    current = next;
  }
  return current;
}
