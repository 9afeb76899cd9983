import { z } from "zod";
import { show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { activationSchema } from "./layers/activation.ts";
import { CONV_NORMS, normSchema } from "./layers/normalization.ts";
import { type PoolingParameters, poolingSchema } from "./layers/pooling.ts";
import { adnOrdering, dropout } from "./network-config.ts";

/** One number for all, one per dimension, or one such value per layer. */
function convParameter(minimum: 0 | 1) {
  const int = z.int().min(minimum);
  return z.union([int, z.array(z.union([int, z.array(int)]))], {
    error: "Expected an integer, a list with one integer per dimension, or a list with one such value per layer",
  });
}
type ConvParameter = number | readonly (number | readonly number[])[];

const poolings = z.union([poolingSchema, z.array(poolingSchema)], {
  error: 'Expected [name, options], e.g. ["max", { kernelSize: 2 }], or a list of them, one per pooling index',
});

/** What a ConvEncoder takes besides its dimension and input channels; `convArgs` of the networks that begin with one. */
export const convEncoderOptionsShape = {
  dropout: dropout.default(null),
  channels: z.array(z.int().positive()),
  kernelSize: convParameter(1).default(3),
  stride: convParameter(1).default(1),
  padding: convParameter(0).default(0),
  dilation: convParameter(1).default(1),
  norm: normSchema(CONV_NORMS).nullable().default("instance"),
  adnOrdering: adnOrdering.default("NDA"),
  pooling: poolings.nullable().default(["max", { kernelSize: 2 }]),
  poolingIndices: z
    .array(z.int())
    .nullable()
    .default([])
    .transform((indices) => indices ?? []),
  act: activationSchema.nullable().default("prelu"),
  outputAct: activationSchema.nullable().default(null),
  bias: z.boolean().default(true),
};
const convEncoderOptions = z.strictObject(convEncoderOptionsShape);
export type ConvEncoderOptions = z.output<typeof convEncoderOptions>;

/** A per-layer, per-dimension parameter. */
export type PerLayer = readonly (readonly number[])[];

/** {@link ConvEncoderOptions} with everything spelt out per layer and per dimension. */
export interface ExpandedConvOptions
  extends Omit<ConvEncoderOptions, "kernelSize" | "stride" | "padding" | "dilation" | "pooling"> {
  readonly kernelSize: number[][];
  readonly stride: number[][];
  readonly padding: number[][];
  readonly dilation: number[][];
  readonly pooling: PoolingParameters[] | null;
}

/**
 * Spells out the options of the convolutional part, as they are recorded, and checks that they agree.
 * @throws ConfigError when lengths, dimensions or pooling indices do not.
 */
export function expandConvOptions<T extends ConvEncoderOptions>(
  options: T,
  spatialDims: number,
  what: string,
): Omit<T, keyof ConvEncoderOptions> & ExpandedConvOptions {
  const layers = options.channels.length;
  const expand = (name: "kernelSize" | "stride" | "padding" | "dilation") =>
    expandConvParameter(options[name], spatialDims, layers, `${what}: '${name}'`);
  checkPoolingIndices(options.poolingIndices, layers, what);
  return {
    ...options,
    kernelSize: expand("kernelSize"),
    stride: expand("stride"),
    padding: expand("padding"),
    dilation: expand("dilation"),
    pooling: expandPooling(options.pooling, options.poolingIndices, what),
  };
}

function expandConvParameter(value: ConvParameter, dims: number, layers: number, what: string): number[][] {
  const forAllDims = (n: number) => Array<number>(dims).fill(n);
  const forAllLayers = (tuple: readonly number[]) => Array.from({ length: layers }, () => [...tuple]);
  if (typeof value === "number") return forAllLayers(forAllDims(value));
  const flat = value.every((v) => typeof v === "number");
  if (flat && value.length === dims) {
    // the same array could be one value per layer: only refuse it where that would be another network
    if (layers === dims && new Set(value).size > 1) {
      throw new ConfigError(
        `${what} got ${show(value)}, which could be one value per dimension or one per layer (there are ${dims} of both). ` +
          `Write ${show(forAllLayers(value))} or ${show(value.map(forAllDims))}.`,
      );
    }
    return forAllLayers(value);
  }
  if (value.length !== layers) {
    throw new ConfigError(
      `${what} got ${show(value)}: a list must have ${flat ? `one integer per dimension (${dims}) or ` : ""}as many elements as there are layers (${layers}).`,
    );
  }
  return value.map((v) => {
    if (typeof v === "number") return forAllDims(v);
    if (v.length !== dims)
      throw new ConfigError(`${what} got ${show(v)} for a layer: it must have one integer per dimension (${dims}).`);
    return [...v];
  });
}

function checkPoolingIndices(indices: readonly number[], layers: number, what: string): void {
  if (new Set(indices).size !== indices.length) {
    throw new ConfigError(`${what}: 'poolingIndices' got ${show(indices)}: the same index is there twice.`);
  }
  for (const index of indices) {
    if (index < -1 || index > layers - 1) {
      throw new ConfigError(
        `${what}: 'poolingIndices' got ${show(indices)}: indices go from -1 (before the first convolution) to channels.length - 1 = ${layers - 1}.`,
      );
    }
  }
}

function expandPooling(
  pooling: PoolingParameters | readonly PoolingParameters[] | null,
  indices: readonly number[],
  what: string,
): PoolingParameters[] | null {
  if (pooling === null) return null;
  if (isSinglePooling(pooling)) return indices.map(() => pooling);
  if (pooling.length !== indices.length) {
    throw new ConfigError(
      `${what}: 'pooling' is a list of ${pooling.length} layer(s) but 'poolingIndices' ${show(indices)} asks for ${indices.length}. Give one layer per index, or a single one for all.`,
    );
  }
  return [...pooling];
}

function isSinglePooling(pooling: PoolingParameters | readonly PoolingParameters[]): pooling is PoolingParameters {
  return typeof pooling[0] === "string";
}
