/**
 * The pattern normalisation, activation, max-pooling of 2 voxels, each of the last two optional, as one pass over 2D and 3D images: `native/norm_act_pool.cc`.
 */

import { type ConvFirst, normActPool } from "../fused.ts";
import type { Tensor } from "../tensor.ts";
import { LeakyReLU, PReLU, ReLU } from "./activation.ts";
import { GroupNorm } from "./group-norm.ts";
import type { Layer } from "./module.ts";
import { BatchNorm2d, BatchNorm3d, InstanceNorm2d, InstanceNorm3d } from "./norm.ts";
import { MaxPool2d, MaxPool3d } from "./pooling.ts";
import { isRecomputing } from "./recompute.ts";
import { isExactly, type Step } from "./step.ts";

export type Norm = BatchNorm2d | BatchNorm3d | InstanceNorm2d | InstanceNorm3d | GroupNorm;

/** The normalisations that the kernel has, and the dimensions, with those of batch and channels, of the images that they take; null: it has 2D and 3D. */
const NORMS = [
  [BatchNorm2d, 4],
  [BatchNorm3d, 5],
  [InstanceNorm2d, 4],
  [InstanceNorm3d, 5],
  [GroupNorm, null],
] as const;

function normOf(layer: Layer | undefined): { readonly norm: Norm; readonly ndim: 4 | 5 | null } | undefined {
  for (const [Class, ndim] of NORMS)
    if (layer instanceof Class && isExactly(layer, Class)) return { norm: layer, ndim };
  return undefined;
}

/** The slope below 0 of an activation that is linear on both sides of it. */
export function slopeOf(layer: Layer | undefined): (() => number | Tensor) | undefined {
  if (layer instanceof ReLU && isExactly(layer, ReLU)) return () => 0;
  if (layer instanceof LeakyReLU && isExactly(layer, LeakyReLU)) return () => layer.negativeSlope;
  if (layer instanceof PReLU && isExactly(layer, PReLU)) return () => layer.weight;
  return undefined;
}

/** Dimensions of the images that a pooling of 2 voxels each way takes; undefined: it is none. */
function halves(layer: Layer | undefined): 4 | 5 | undefined {
  const ndim = layer instanceof MaxPool2d ? 4 : 5;
  const Class = ndim === 4 ? MaxPool2d : MaxPool3d;
  if (!(layer instanceof Class) || !isExactly(layer, Class) || layer.ceilMode) return undefined;
  const all = (value: number | readonly number[], wanted: number): boolean =>
    typeof value === "number" ? value === wanted : value.every((v) => v === wanted);
  const plain = all(layer.kernelSize, 2) && all(layer.stride, 2) && all(layer.padding, 0) && all(layer.dilation, 1);
  return plain ? ndim : undefined;
}

/** A normalisation, the activation and the pooling after it, of those that a chain has at a place. */
export interface NormParts {
  readonly norm: Norm;
  /** Dimensions of its images, with those of batch and channels; null: 4 or 5. */
  readonly ndim: 4 | 5 | null;
  readonly slope: (() => number | Tensor) | undefined;
  readonly pool: boolean;
  /** How many layers. */
  readonly length: number;
}

export function normParts(layers: readonly Layer[], at: number): NormParts | undefined {
  const found = normOf(layers[at]);
  if (found === undefined) return undefined;
  const slope = slopeOf(layers[at + 1]);
  const next = at + (slope === undefined ? 1 : 2);
  const pooled = halves(layers[next]);
  const pool = pooled !== undefined && (found.ndim ?? pooled) === pooled;
  return { norm: found.norm, ndim: pool ? pooled : found.ndim, slope, pool, length: next + (pool ? 1 : 0) - at };
}

/** A step that begins with a normalisation. */
export function normStep(layers: readonly Layer[], at: number): Step | undefined {
  const parts = normParts(layers, at);
  if (parts === undefined) return undefined;
  const { norm, ndim, slope, pool, length } = parts;
  return {
    length,
    suits: (x) => (ndim === null || x.ndim === ndim) && suits(x, pool) && statisticsSuit(norm, x.shape),
    run: (x) => runNorm(norm, x, { slope: slope?.() ?? 1, pool, add: null }),
    // another image can be added where nothing comes after the normalisation
    ...(slope === undefined && !pool
      ? { runAdding: (x, add, after) => runNorm(norm, x, { slope: after, pool, add }) }
      : {}),
  };
}

/** On the CPU; a 2D image only with pooling, without which nothing is gained, and where it is channels-last already: a copy would outweigh the gain. */
function suits(x: Tensor, pool: boolean): boolean {
  if ((x.dtype !== "float32" && x.dtype !== "bfloat16") || x.device !== "cpu") return false;
  return x.ndim === 5 || (x.ndim === 4 && pool && x.isContiguous("channels_last"));
}

/** Whether the statistics are ones that the kernel has, of an image of that shape. */
export function statisticsSuit(norm: Norm, shape: readonly number[]): boolean {
  if ([norm.weight, norm.bias].some((t) => t !== null && t.dtype !== "float32")) return false;
  if (norm instanceof GroupNorm) {
    const [, channels = 0, ...size] = shape;
    return channels === norm.numChannels && (channels / norm.numGroups) * size.reduce((a, b) => a * b, 1) > 1;
  }
  const batch = norm instanceof BatchNorm2d || norm instanceof BatchNorm3d;
  return norm.momentum !== null && (batch || !norm.trackRunningStats);
}

export interface After {
  readonly slope: number | Tensor;
  readonly pool: boolean;
  readonly add: Tensor | null;
  readonly conv?: ConvFirst | undefined;
}

export function runNorm(norm: Norm, x: Tensor, after: After): Tensor {
  const { weight, bias, eps } = norm;
  const none = { runningMean: null, runningVar: null, momentum: 0 };
  if (norm instanceof GroupNorm) {
    return normActPool(x, { ...after, ...none, weight, bias, eps, training: true, groups: norm.numGroups });
  }
  const { training, momentum } = norm;
  if (!(norm instanceof BatchNorm2d || norm instanceof BatchNorm3d)) {
    return normActPool(x, { ...after, ...none, weight, bias, eps, training, groups: norm.numFeatures });
  }
  const again = isRecomputing();
  if (training && !again) norm.numBatchesTracked?.add_(1);
  const unused = training && again;
  const running = unused ? none : { runningMean: norm.runningMean, runningVar: norm.runningVar };
  return normActPool(x, { ...after, ...running, momentum: momentum ?? 0, weight, bias, eps, training });
}
