/**
 * Which of libtorch's two convolutions a single 3D image gets. It leaves an image whose channels × depth × height are no more than 20,480 to a slow one of its
 * own (`ConvParams::use_mkldnn`), which takes five to ten times as long as oneDNN's: so it is for most layers when one image is predicted at a time.
 */
import { native } from "../native.ts";
import { Tensor } from "../tensor.ts";
import { arePlain, type ConvNd, type ConvWeights } from "./conv-base.ts";

const LEFT_TO_THE_SLOW_ONE = 20_480;

/**
 * oneDNN's convolution of one image (1, C, D, H, W), where libtorch would choose the slow one; else, and where there would be an error to be told, undefined.
 * Its gradients are oneDNN's as well, and have gradients themselves.
 */
export function convolveOne(
  layer: ConvNd,
  weights: ConvWeights,
  x: Tensor,
  padding: readonly number[] | "same" | "valid",
): Tensor | undefined {
  if (typeof padding === "string" || layer.groups !== 1 || process.arch !== "x64" || x.ndim !== 5) return undefined;
  const [batch = 0, channels = 0, depth = 0, height = 0] = x.shape;
  if (batch !== 1 || channels !== layer.inChannels || channels * depth * height > LEFT_TO_THE_SLOW_ONE)
    return undefined;
  const { kernelSize, stride, dilation } = layer;
  // of one voxel each way, the convolution is a product of matrices, at which libtorch's own is as fast
  if (kernelSize.every((length) => length === 1)) return undefined;
  const fits = kernelSize.every((length, i) => {
    const reach = (dilation[i] ?? 1) * (length - 1) + 1;
    return (x.shape[i + 2] ?? 0) > 0 && (x.shape[i + 2] ?? 0) + 2 * (padding[i] ?? 0) >= reach;
  });
  const { weight, bias } = weights;
  const plain = arePlain(weights) && x.dtype === "float32" && x.device === "cpu";
  if (!fits || !plain || native.autocast("cpu")[0]) return undefined;
  return new Tensor(
    native.convolveOne(
      x.handleFor("conv3d"),
      weight.handleFor("conv3d"),
      bias?.handleFor("conv3d") ?? null,
      padding,
      stride,
      dilation,
    ),
  );
}
