import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { pyInts } from "./format.ts";
import { resetWeightAndBias } from "./linear.ts";
import { Module } from "./module.ts";
import { type PerDim, perDim } from "./options.ts";
import { Parameter } from "./parameter.ts";

export type PaddingMode = "zeros" | "reflect" | "replicate" | "circular";

/** Geometry of a convolution, one number a dimension. */
export interface ConvGeometry {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[] | "same" | "valid";
  readonly dilation: readonly number[];
  readonly outputPadding: readonly number[];
  readonly groups: number;
  readonly paddingMode: PaddingMode;
}

export interface ConvWeights {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
}

/** Whether weights are such as the kernels of our own take. */
export function arePlain({ weight, bias }: ConvWeights): boolean {
  return [weight, bias].every((t) => t === null || (t.dtype === "float32" && t.device === "cpu"));
}

/** Whether a window has the same length, stride or dilation each way. */
export function allAre(values: readonly number[], wanted: number): boolean {
  return values.every((value) => value === wanted);
}

/** What convolutions and transposed ones share: geometry, weight, bias, initial values, printing. */
export abstract class ConvNd extends Module<[x: Tensor, outputSize?: readonly number[]], Tensor> {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[] | "same" | "valid";
  readonly dilation: readonly number[];
  readonly outputPadding: readonly number[];
  readonly groups: number;
  readonly paddingMode: PaddingMode;
  weight: Parameter;
  bias: Parameter | null;

  constructor(inChannels: number, outChannels: number, geometry: ConvGeometry, bias: boolean, transposed: boolean) {
    super();
    const { groups } = geometry;
    if (!(Number.isInteger(groups) && groups > 0))
      throw new RangeError(`groups must be a positive integer, got ${groups}`);
    if (inChannels % groups !== 0)
      throw new RangeError(`in_channels must be divisible by groups, got ${inChannels} and ${groups}`);
    if (outChannels % groups !== 0)
      throw new RangeError(`out_channels must be divisible by groups, got ${outChannels} and ${groups}`);
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = geometry.kernelSize;
    this.stride = geometry.stride;
    this.padding = geometry.padding;
    this.dilation = geometry.dilation;
    this.outputPadding = geometry.outputPadding;
    this.groups = groups;
    this.paddingMode = geometry.paddingMode;
    const channels = transposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups];
    this.weight = new Parameter(ops.empty([...channels, ...this.kernelSize]));
    this.bias = bias ? new Parameter(ops.empty([outChannels])) : null;
    this.resetParameters();
  }

  /** Draws weight and bias anew, as the constructor did. */
  resetParameters(): void {
    resetWeightAndBias(this.weight, this.bias);
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding, dilation, outputPadding, groups, paddingMode } = this;
    let out = `${this.inChannels}, ${this.outChannels}, kernel_size=${pyInts(kernelSize)}, stride=${pyInts(stride)}`;
    if (typeof padding === "string") out += `, padding=${padding}`;
    else if (padding.some((n) => n !== 0)) out += `, padding=${pyInts(padding)}`;
    if (dilation.some((n) => n !== 1)) out += `, dilation=${pyInts(dilation)}`;
    if (outputPadding.some((n) => n !== 0)) out += `, output_padding=${pyInts(outputPadding)}`;
    if (groups !== 1) out += `, groups=${groups}`;
    if (this.bias === null) out += ", bias=False";
    if (paddingMode !== "zeros") out += `, padding_mode=${paddingMode}`;
    return out;
  }
}

export interface GeometryOptions {
  /** Default 1. */
  readonly stride?: PerDim | undefined;
  /** Default 0. */
  readonly padding?: PerDim | "same" | "valid" | undefined;
  /** Default 1. */
  readonly dilation?: PerDim | undefined;
  /** Added to one side of the output of a transposed convolution; default 0. */
  readonly outputPadding?: PerDim | undefined;
  /** Default 1. */
  readonly groups?: number | undefined;
  /** Default "zeros". */
  readonly paddingMode?: PaddingMode | undefined;
}

/** Fills defaults in and checks lengths. */
export function convGeometry(layer: string, dims: number, kernelSize: PerDim, options: GeometryOptions): ConvGeometry {
  const { stride = 1, padding = 0, dilation = 1, outputPadding = 0, groups = 1, paddingMode = "zeros" } = options;
  const strides = perDim(layer, "stride", stride, dims);
  if (typeof padding === "string" && padding !== "same" && padding !== "valid") {
    throw new TypeError(`${layer}: invalid padding string '${String(padding)}', should be 'same' or 'valid'`);
  }
  if (padding === "same" && strides.some((n) => n !== 1)) {
    throw new RangeError("padding='same' is not supported for strided convolutions");
  }
  if (!["zeros", "reflect", "replicate", "circular"].includes(paddingMode)) {
    throw new TypeError(
      `${layer}: padding_mode must be one of zeros, reflect, replicate, circular, got '${paddingMode}'`,
    );
  }
  return {
    kernelSize: perDim(layer, "kernelSize", kernelSize, dims),
    stride: strides,
    padding: typeof padding === "string" ? padding : perDim(layer, "padding", padding, dims),
    dilation: perDim(layer, "dilation", dilation, dims),
    outputPadding: perDim(layer, "outputPadding", outputPadding, dims),
    groups,
    paddingMode,
  };
}
