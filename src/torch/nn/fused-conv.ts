/**
 * The pattern convolution of few channels, normalisation, activation, max-pooling of 2 voxels, the last two optional, as one pass over 3D
 * images: the first layer of most networks, whose output is the largest tensor of all, and then never in memory.
 */

import { isGradEnabled } from "../autograd.ts";
import { native } from "../native.ts";
import type { Tensor } from "../tensor.ts";
import type { DType } from "../types.ts";
import { Conv3d } from "./conv.ts";
import { allAre, arePlain } from "./conv-base.ts";
import { normParts, runNorm, statisticsSuit } from "./fused-norm.ts";
import type { Layer } from "./module.ts";
import { needsGradient } from "./recompute.ts";
import { isExactly, type Step } from "./step.ts";

/** With more input channels oneDNN's convolutions are faster than two of the kernel's, which computes what it makes once more in the backward pass. */
const FEW_CHANNELS = 4;
/** Sums of the weights' gradient are kept for each slice. */
const MOST_OUTPUTS = 64;

/** A step that begins with a convolution of few channels. */
export function convNormStep(layers: readonly Layer[], at: number): Step | undefined {
  const conv = layers[at];
  const parts = normParts(layers, at + 1);
  if (!(conv instanceof Conv3d) || !isExactly(conv, Conv3d) || parts === undefined) return undefined;
  const padding = paddingOf(conv);
  if (padding === undefined || (parts.ndim !== null && parts.ndim !== 5)) return undefined;
  const { norm, slope, pool, length } = parts;
  return {
    length: length + 1,
    suits: (x) => {
      const shape = outputShape(conv, x, padding);
      return shape !== undefined && outputType() !== undefined && statisticsSuit(norm, shape);
    },
    run: (x) =>
      runNorm(norm, x, {
        slope: slope?.() ?? 1,
        pool,
        add: null,
        conv: { weight: conv.weight, bias: conv.bias, stride: conv.stride, padding, dtype: outputType() ?? "float32" },
      }),
  };
}

/** The zeros on each side, of a convolution that the kernel has. */
function paddingOf(conv: Conv3d): readonly number[] | undefined {
  const has =
    allAre(conv.kernelSize, 3) &&
    allAre(conv.dilation, 1) &&
    conv.groups === 1 &&
    conv.paddingMode === "zeros" &&
    conv.inChannels <= FEW_CHANNELS &&
    conv.outChannels <= MOST_OUTPUTS;
  if (!has) return undefined;
  if (typeof conv.padding !== "string") return conv.padding;
  return conv.padding === "same" ? [1, 1, 1] : [0, 0, 0];
}

/** Of what the convolution makes; undefined where the kernel does not take the image, or there is an error to be told. */
function outputShape(conv: Conv3d, x: Tensor, padding: readonly number[]): readonly number[] | undefined {
  const { stride } = conv;
  if (!arePlain(conv) || x.device !== "cpu" || x.dtype !== "float32" || x.ndim !== 5) return undefined;
  if (x.shape[1] !== conv.inChannels || needsGradient(x, isGradEnabled())) return undefined;
  const size = x.shape.slice(2).map((n, i) => Math.floor((n + 2 * (padding[i] ?? 0) - 3) / (stride[i] ?? 1)) + 1);
  if (size.some((n) => n < 1) || x.shape[0] === 0) return undefined;
  return [x.shape[0] ?? 0, conv.outChannels, ...size];
}

/** Float32, or under autocast bfloat16, as the convolution's would be; undefined: a type that the kernel does not write. */
function outputType(): DType | undefined {
  const [enabled, dtype] = native.autocast("cpu");
  if (!enabled) return "float32";
  return dtype === "bfloat16" ? dtype : undefined;
}
