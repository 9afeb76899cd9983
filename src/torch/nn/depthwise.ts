/** Which 3D convolutions get gradients of our own: those in which each channel has a kernel of its own. oneDNN takes many times as long for them as for the convolution. */
import { isGradEnabled } from "../autograd.ts";
import { conv3dDepthwise } from "../fused.ts";
import { native } from "../native.ts";
import type { Tensor } from "../tensor.ts";
import { allAre, type ConvNd, type ConvWeights } from "./conv-base.ts";

/** Undefined where libtorch's convolution is no slower, and where there would be an error to be told. */
export function convolveDepthwise(
  layer: ConvNd,
  weights: ConvWeights,
  x: Tensor,
  padding: readonly number[] | "same" | "valid",
): Tensor | undefined {
  const { inChannels, outChannels, groups, stride, kernelSize, dilation } = layer;
  if (groups === 1 || groups !== inChannels || groups !== outChannels || !allAre(stride, 1)) return undefined;
  if (typeof padding === "string" || x.ndim !== 5 || x.shape[1] !== inChannels || x.shape[0] === 0) return undefined;
  if (!isGradEnabled() || !(x.requiresGrad || weights.weight.requiresGrad)) return undefined;
  const fits = kernelSize.every((length, i) => {
    const reach = (dilation[i] ?? 1) * (length - 1);
    const zeros = padding[i] ?? 0;
    return zeros <= reach && (x.shape[i + 2] ?? 0) > 0 && (x.shape[i + 2] ?? 0) + 2 * zeros > reach;
  });
  return fits && suits(weights, x) ? conv3dDepthwise(x, weights.weight, weights.bias, padding, dilation) : undefined;
}

/** Whether all are computed in the same of the types that the kernel takes. */
function suits({ weight, bias }: ConvWeights, x: Tensor): boolean {
  const all = [x, weight, ...(bias === null ? [] : [bias])];
  const [autocast, dtype] = native.autocast("cpu");
  const computed = autocast ? dtype : x.dtype;
  if (computed !== "float32" && computed !== "bfloat16") return false;
  const taken = autocast ? ["float32", "bfloat16"] : [computed];
  return all.every((t) => t.device === "cpu" && taken.includes(t.dtype));
}
