import { z } from "zod";
import type { nn } from "../../torch/index.ts";
import { type PoolingName, pool, type SpatialDims } from "./layers.ts";
import { namesOf, nameWithOptions } from "./named.ts";
import { at } from "./shapes.ts";

/** A pooling layer: `["max", { kernelSize: 2 }]`, `["adaptiveavg", { outputSize: 1 }]`. */
export type PoolingParameters = readonly [PoolingName, Readonly<Record<string, unknown>>];

const size = z.union([z.int().positive(), z.array(z.int().positive()).min(1).max(3)]);
const padding = z.union([z.int().nonnegative(), z.array(z.int().nonnegative()).min(1).max(3)]).default(0);
const required = (name: string) =>
  z.union([z.int().positive(), z.array(z.int().positive()).min(1).max(3)], `'${name}' is required`);
const OPTIONS = {
  max: z.strictObject({
    kernelSize: required("kernelSize"),
    stride: size.optional(),
    padding,
    dilation: size.default(1),
    ceilMode: z.boolean().default(false),
  }),
  avg: z.strictObject({
    kernelSize: required("kernelSize"),
    stride: size.optional(),
    padding,
    ceilMode: z.boolean().default(false),
    countIncludePad: z.boolean().default(true),
  }),
  adaptiveavg: z.strictObject({ outputSize: required("outputSize") }),
  adaptivemax: z.strictObject({ outputSize: required("outputSize") }),
};

export const POOLINGS = namesOf(OPTIONS);

/** Parses one {@link PoolingParameters}. */
export const poolingSchema: z.ZodType<PoolingParameters, PoolingParameters> = nameWithOptions(
  "pooling",
  OPTIONS,
  '["max", { kernelSize: 2 }]',
);

/** Builds a pooling layer. */
export function buildPooling([name, options]: PoolingParameters, spatialDims: SpatialDims): nn.Layer {
  switch (name) {
    case "max": {
      const { kernelSize, stride, ...rest } = OPTIONS.max.parse(options);
      return new (pool("max", spatialDims))(kernelSize, stride === undefined ? rest : { stride, ...rest });
    }
    case "avg": {
      const { kernelSize, stride, ...rest } = OPTIONS.avg.parse(options);
      return new (pool("avg", spatialDims))(kernelSize, stride === undefined ? rest : { stride, ...rest });
    }
    case "adaptiveavg":
      return new (pool("adaptiveavg", spatialDims))(OPTIONS.adaptiveavg.parse(options).outputSize);
    case "adaptivemax":
      return new (pool("adaptivemax", spatialDims))(OPTIONS.adaptivemax.parse(options).outputSize);
  }
}

/** The window that a pooling slides over the image, with the defaults filled in; null for adaptive ones, which have none. */
export function poolingWindow([name, options]: PoolingParameters) {
  if (name === "adaptiveavg" || name === "adaptivemax") return null;
  const parsed = OPTIONS[name].parse(options);
  const { kernelSize, stride = kernelSize, padding, ceilMode } = parsed;
  return { kernelSize, stride, padding, ceilMode, dilation: "dilation" in parsed ? parsed.dilation : 1 };
}

/** The spatial size after a pooling layer, as PyTorch computes it. */
export function poolingOutSize(pooling: PoolingParameters, inSize: readonly number[]): number[] {
  const window = poolingWindow(pooling);
  if (window === null) return adaptiveOutSize(pooling, inSize);
  return inSize.map((length, i) => {
    const stride = at(window.stride, i);
    const pad = at(window.padding, i);
    const exact = (length + 2 * pad - at(window.dilation, i) * (at(window.kernelSize, i) - 1) - 1) / stride + 1;
    if (!window.ceilMode) return Math.floor(exact);
    const out = Math.ceil(exact);
    // the last window must start inside the image or its left padding
    return (out - 1) * stride >= length + pad ? out - 1 : out;
  });
}

function adaptiveOutSize([, { outputSize }]: PoolingParameters, inSize: readonly number[]): number[] {
  return inSize.map((_, i) => at(OPTIONS.adaptiveavg.parse({ outputSize }).outputSize, i));
}
