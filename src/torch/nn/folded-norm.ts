/**
 * The pattern convolution, batch normalisation with running statistics, activation, the last optional, without gradients: the normalisation is a
 * factor and a term for each channel, which the convolution's weights take in, so that no pass over the image is left of it.
 */

import { isGradEnabled } from "../autograd.ts";
import { native } from "../native.ts";
import * as ops from "../ops.ts";
import { tidy } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { Conv1d, Conv2d, Conv3d } from "./conv.ts";
import { normParts, slopeOf } from "./fused-norm.ts";
import type { Layer } from "./module.ts";
import { BatchNorm1d, BatchNorm2d, BatchNorm3d } from "./norm.ts";
import { hasGradients } from "./recompute.ts";
import { isExactly, type Step } from "./step.ts";

/** With fewer voxels for each weight, making new weights would take as long as what is saved. */
const VOXELS_A_WEIGHT = 2;

const PAIRS = [
  [Conv1d, BatchNorm1d],
  [Conv2d, BatchNorm2d],
  [Conv3d, BatchNorm3d],
] as const;
type Conv = Conv1d | Conv2d | Conv3d;
type Norm = BatchNorm1d | BatchNorm2d | BatchNorm3d;

function pairOf(layers: readonly Layer[], at: number): readonly [conv: Conv, norm: Norm] | undefined {
  const [conv, norm] = [layers[at], layers[at + 1]];
  for (const [ConvClass, NormClass] of PAIRS)
    if (
      conv instanceof ConvClass &&
      norm instanceof NormClass &&
      isExactly(conv, ConvClass) &&
      isExactly(norm, NormClass)
    )
      return [conv, norm];
  return undefined;
}

/** A step that begins with a convolution whose normalisation it takes in. */
export function foldedStep(layers: readonly Layer[], at: number): Step | undefined {
  const pair = pairOf(layers, at);
  // with a pooling behind it, the normalisation is done in the pass of the pooling
  if (pair === undefined || normParts(layers, at + 1)?.pool === true) return undefined;
  const [conv, norm] = pair;
  const slope = slopeOf(layers[at + 2]);
  return {
    folds: true,
    length: slope === undefined ? 2 : 3,
    suits: (x) => suits(conv, norm, x),
    run: (x) => run(conv, norm, x, slope),
  };
}

function suits(conv: Conv, norm: Norm, x: Tensor): boolean {
  if (hasGradients(isGradEnabled()) || norm.training || norm.runningMean === null || norm.runningVar === null)
    return false;
  if (norm.numFeatures !== conv.outChannels || x.ndim !== conv.kernelSize.length + 2 || native.autocast(x.device)[0])
    return false;
  const all = [x, conv.weight, conv.bias, norm.weight, norm.bias, norm.runningMean, norm.runningVar];
  if (!all.every((t) => t === null || (t.dtype === x.dtype && t.device === x.device)) || !x.isFloatingPoint())
    return false;
  const voxels = (x.numel() / conv.inChannels / conv.stride.reduce((a, b) => a * b, 1)) * conv.outChannels;
  return voxels >= VOXELS_A_WEIGHT * conv.weight.numel();
}

function run(conv: Conv, norm: Norm, x: Tensor, slope: (() => number | Tensor) | undefined): Tensor {
  return tidy(() => {
    const { runningMean: mean, runningVar: variance } = norm;
    if (mean === null || variance === null) throw new Error("folded-norm: there are no running statistics.");
    const inverse = variance.add(norm.eps).rsqrt_();
    const scale = norm.weight === null ? inverse : inverse.mul(norm.weight);
    const shift = (conv.bias === null ? mean.neg() : conv.bias.sub(mean)).mul_(scale);
    const bias = norm.bias === null ? shift : shift.add_(norm.bias);
    const weight = conv.weight.mul(scale.reshape([-1, ...Array(conv.weight.ndim - 1).fill(1)]));
    const y = conv.convolveWith(x, { weight, bias });
    const below = slope?.();
    if (below === undefined) return y;
    if (typeof below !== "number") return ops.prelu(y, below);
    return below === 0 ? y.relu_() : ops.leakyRelu_(y, below);
  });
}
