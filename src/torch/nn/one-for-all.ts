/**
 * Where only the shapes of what a network makes are wanted, layers that take each image by itself need no more than one of them: what
 * comes of it stands for all, in memory once.
 */

import { Tensor } from "../tensor.ts";
import { ELU, GELU, LeakyReLU, PReLU, ReLU, Sigmoid, SiLU, Tanh } from "./activation.ts";
import {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveAvgPool3d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  AdaptiveMaxPool3d,
} from "./adaptive-pooling.ts";
import { Conv1d, Conv2d, Conv3d } from "./conv.ts";
import { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from "./conv-transpose.ts";
import { Dropout } from "./dropout.ts";
import { GroupNorm } from "./group-norm.ts";
import { Linear } from "./linear.ts";
import type { AnyModule } from "./module.ts";
import { BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d } from "./norm.ts";
import { AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d } from "./pooling.ts";

/** How a layer is run for one image in the place of all. */
export interface Shortcut {
  /** The first image, a batch of one. */
  readonly input: Tensor;
  /** What the layer made of it, for all images; `output` and the input are disposed. */
  finish(output: unknown): Tensor;
}

/** Layers that take each image by itself in evaluation mode, and how many dimensions a batch has at least. Subclasses may do anything. */
const BATCHES: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ...[Linear, GroupNorm, BatchNorm1d, Dropout].map((layer) => [layer, 2] as const),
  ...[ReLU, LeakyReLU, PReLU, ELU, GELU, SiLU, Sigmoid, Tanh].map((layer) => [layer, 2] as const),
  ...[Conv1d, ConvTranspose1d, InstanceNorm1d, MaxPool1d, AvgPool1d].map((layer) => [layer, 3] as const),
  ...[AdaptiveAvgPool1d, AdaptiveMaxPool1d].map((layer) => [layer, 3] as const),
  ...[Conv2d, ConvTranspose2d, BatchNorm2d, InstanceNorm2d, MaxPool2d, AvgPool2d].map((layer) => [layer, 4] as const),
  ...[AdaptiveAvgPool2d, AdaptiveMaxPool2d].map((layer) => [layer, 4] as const),
  ...[Conv3d, ConvTranspose3d, BatchNorm3d, InstanceNorm3d, MaxPool3d, AvgPool3d].map((layer) => [layer, 5] as const),
  ...[AdaptiveAvgPool3d, AdaptiveMaxPool3d].map((layer) => [layer, 5] as const),
]);

/** @returns null where all images must go through the layer, or there is one only. */
export function oneForAll(module: AnyModule, inputs: readonly unknown[]): Shortcut | null {
  const [batch] = inputs;
  const dimensions = BATCHES.get(module.constructor);
  if (dimensions === undefined || inputs.length !== 1 || !Tensor.isTensor(batch)) return null;
  const [count = 1, ...rest] = batch.shape;
  if (count <= 1 || rest.length + 1 < dimensions) return null;
  const input = batch.narrow(0, 0, 1);
  const finish = (output: unknown): Tensor => {
    if (!Tensor.isTensor(output)) throw new TypeError(`${module.constructor.name} made more than one tensor.`);
    const all = output.expand([count, ...output.shape.slice(1)]);
    output.dispose();
    input.dispose();
    return all;
  };
  return { input, finish };
}
