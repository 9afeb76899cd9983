/**
 * Which 3D convolutions get the gradient of their image from a kernel of our own: those of up to 8 channels, half of whose vectors oneDNN leaves
 * empty. In float32: in bfloat16 it is as fast.
 */
import { isGradEnabled } from "../autograd.ts";
import { conv3dFew } from "../fused.ts";
import { native } from "../native.ts";
import type { Tensor } from "../tensor.ts";
import { allAre, arePlain, type ConvNd, type ConvWeights } from "./conv-base.ts";

const FEW = 8;
/** With more, the packed weights do not stay in the first cache. */
const MOST_OUTPUTS = 32;

/** Undefined where libtorch's convolution is no slower, and where there would be an error to be told. */
export function convolveFew(
  layer: ConvNd,
  weights: ConvWeights,
  x: Tensor,
  padding: readonly number[] | "same" | "valid",
): Tensor | undefined {
  if (typeof padding === "string" || !x.requiresGrad || !isGradEnabled() || !suits(layer)) return undefined;
  if (x.ndim !== 5 || x.device !== "cpu" || x.dtype !== "float32" || native.autocast("cpu")[0]) return undefined;
  const fits = padding.every((zeros, i) => zeros <= 2 && (x.shape[i + 2] ?? 0) + 2 * zeros >= 3);
  if (!fits || x.shape[1] !== layer.inChannels || x.shape[0] === 0) return undefined;
  return arePlain(weights) ? conv3dFew(x, weights.weight, weights.bias, padding) : undefined;
}

function suits({ kernelSize, stride, dilation, groups, inChannels, outChannels }: ConvNd): boolean {
  const shape = allAre(kernelSize, 3) && allAre(stride, 1) && allAre(dilation, 1) && groups === 1;
  return shape && inChannels <= FEW && outChannels <= MOST_OUTPUTS;
}
