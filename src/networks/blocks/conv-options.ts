import { z } from "zod";
import { show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { adnOrdering, dropout } from "../network-config.ts";
import { activationSchema } from "./activation.ts";
import { CONV_NORMS, normSchema } from "./normalization.ts";
import { POOLINGS, type PoolingParameters, poolingSchema } from "./pooling.ts";
import { UNPOOLINGS, type UnpoolingParameters, unpoolingSchema } from "./unpooling.ts";

/** One number for all, one per dimension, or one such value per layer. */
function convParameter(minimum: 0 | 1) {
  const int = z.int().min(minimum);
  return z.union([int, z.array(z.union([int, z.array(int)]))], {
    error: "Expected an integer, a list with one integer per dimension, or a list with one such value per layer",
  });
}
type ConvParameter = number | readonly (number | readonly number[])[];

const poolings = z.union([poolingSchema, z.array(poolingSchema)], {
  error: `Expected [name, options], e.g. ["max", { kernelSize: 2 }], or a list of them, one per pooling index; names: ${POOLINGS.join(", ")}`,
});

const unpoolings = z.union([unpoolingSchema, z.array(unpoolingSchema)], {
  error: `Expected [name, options], e.g. ["upsample", { scaleFactor: 2 }], or a list of them, one per unpooling index; names: ${UNPOOLINGS.join(", ")}`,
});

const convolutions = {
  /** The probability with which a value is dropped, from 0 to 1; default null: no dropout. */
  dropout: dropout.default(null),

  /** The output channels of each convolution. */
  channels: z.array(z.int().positive()),

  /** The size of the kernels:one number, one per dimension, or one such value per layer; default 3. */
  kernelSize: convParameter(1).default(3),

  /** The stride, likewise; default 1. */
  stride: convParameter(1).default(1),

  /** How many zeros on each side, likewise; default 0. */
  padding: convParameter(0).default(0),

  /** The distance of a kernel's points, likewise; default 1. */
  dilation: convParameter(1).default(1),

  /** The normalisation after each convolution but the last: a name, or [name, options]; null for none. Default "instance". */
  norm: normSchema(CONV_NORMS).nullable().default("instance"),

  /** The order of activation (A), dropout (D) and normalisation (N) after each layer; default "NDA". */
  adnOrdering: adnOrdering.default("NDA"),
};
const activations = {
  /** The activation after each layer but the last: a name, or [name, options]; null for none. Default "prelu". */
  act: activationSchema.nullable().default("prelu"),

  /** The activation after the last layer: a name, or [name, options]; default null: none. */
  outputAct: activationSchema.nullable().default(null),

  /** Whether layers add a bias; default true. */
  bias: z.boolean().default(true),
};

/** What a ConvEncoder takes besides its dimension and input channels; `convArgs` of the networks that begin with one. */
export const convEncoderOptionsShape = {
  ...convolutions,

  /** The poolings, [name, options]: one for all, or one per pooling index; default ["max", { kernelSize: 2 }]. */
  pooling: poolings.nullable().default(["max", { kernelSize: 2 }]),

  /** After which convolutions there is a pooling, from 0; -1 is before the first. Default: none. */
  poolingIndices: z
    .array(z.int())
    .nullable()
    .default([])
    .transform((indices) => indices ?? []),
  ...activations,
};
const convEncoderOptions = z.strictObject(convEncoderOptionsShape);
export type ConvEncoderOptions = z.output<typeof convEncoderOptions>;

/** What a ConvDecoder takes besides its dimension and input channels; `convArgs` of the networks that end with one. */
export const convDecoderOptionsShape = {
  ...convolutions,

  /** How much is added to one side of the output:one number, one per dimension, or one such value per layer; default 0. */
  outputPadding: convParameter(0).default(0),

  /** The unpoolings, [name, options]: one for all, or one per unpooling index; default ["upsample", { scaleFactor: 2 }]. */
  unpooling: unpoolings.nullable().default(["upsample", { scaleFactor: 2 }]),

  /** After which convolutions there is an unpooling, from 0; -1 is before the first. Default: none. */
  unpoolingIndices: z.array(z.int()).nullable().default(null),
  ...activations,
};
const convDecoderOptions = z.strictObject(convDecoderOptionsShape);
export type ConvDecoderOptions = z.output<typeof convDecoderOptions>;

/** A per-layer, per-dimension parameter. */
export type PerLayer = readonly (readonly number[])[];

/** The value for layer i. */
export function ofLayer(parameter: PerLayer, i: number): readonly number[] {
  const value = parameter[i];
  if (value === undefined) throw new RangeError(`no parameter for layer ${i}`);
  return value;
}

type Geometry = "kernelSize" | "stride" | "padding" | "dilation";

type Convolutions = keyof typeof convolutions | keyof typeof activations;

/** What an encoder and a decoder share, spelt out per layer and per dimension. */
export type ConvStackOptions = Omit<Pick<ConvEncoderOptions, Convolutions>, Geometry> & Record<Geometry, number[][]>;

/** {@link ConvEncoderOptions} with everything spelt out per layer and per dimension. */
export type ExpandedConvOptions = ConvStackOptions &
  Pick<ConvEncoderOptions, "poolingIndices"> & { pooling: PoolingParameters[] | null };

/** {@link ConvDecoderOptions} with everything spelt out per layer and per dimension. */
export type ExpandedDecoderOptions = ConvStackOptions &
  Pick<ConvDecoderOptions, "unpoolingIndices"> & {
    outputPadding: number[][];
    unpooling: UnpoolingParameters[] | null;
  };

/**
 * Spells out the options of a convolutional part, as they are recorded, and checks that they agree.
 * @throws ConfigError when lengths, dimensions or pooling indices do not.
 */
export function expandConvOptions<T extends ConvEncoderOptions>(
  options: T,
  spatialDims: number,
  what: string,
): Omit<T, keyof ConvEncoderOptions> & ExpandedConvOptions {
  const { pooling, poolingIndices } = options;
  checkIndices("poolingIndices", poolingIndices, options.channels.length, what);
  return {
    ...options,
    ...expandGeometry(options, spatialDims, what),
    pooling: onePerIndex("pooling", pooling, poolingIndices, what),
  };
}

/** {@link expandConvOptions} of a decoder. */
export function expandDecoderOptions<T extends ConvDecoderOptions>(
  options: T,
  spatialDims: number,
  what: string,
): Omit<T, keyof ConvDecoderOptions> & ExpandedDecoderOptions {
  const { outputPadding, unpooling } = options;
  const unpoolingIndices = options.unpoolingIndices ?? [];
  const layers = options.channels.length;
  checkIndices("unpoolingIndices", unpoolingIndices, layers, what);
  return {
    ...options,
    ...expandGeometry(options, spatialDims, what),
    outputPadding: expandConvParameter(outputPadding, spatialDims, layers, `${what}: 'outputPadding'`),
    unpooling: onePerIndex("unpooling", unpooling, unpoolingIndices, what),
  };
}

function expandGeometry(
  options: Pick<ConvEncoderOptions, "channels" | Geometry>,
  spatialDims: number,
  what: string,
): Record<Geometry, number[][]> {
  const expand = (name: Geometry) =>
    expandConvParameter(options[name], spatialDims, options.channels.length, `${what}: '${name}'`);
  return {
    kernelSize: expand("kernelSize"),
    stride: expand("stride"),
    padding: expand("padding"),
    dilation: expand("dilation"),
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

function checkIndices(name: string, indices: readonly number[], layers: number, what: string): void {
  if (new Set(indices).size !== indices.length) {
    throw new ConfigError(`${what}: '${name}' got ${show(indices)}: the same index is there twice.`);
  }
  for (const index of indices) {
    if (index < -1 || index > layers - 1) {
      throw new ConfigError(
        `${what}: '${name}' got ${show(indices)}: indices go from -1 (before the first convolution) to channels.length - 1 = ${layers - 1}.`,
      );
    }
  }
}

/** A layer for each index, where one was given for all. */
function onePerIndex<L extends PoolingParameters | UnpoolingParameters>(
  name: "pooling" | "unpooling",
  layers: L | readonly L[] | null,
  indices: readonly number[],
  what: string,
): L[] | null {
  if (layers === null) return null;
  if (isOne(layers)) return indices.map(() => layers);
  if (layers.length !== indices.length) {
    throw new ConfigError(
      `${what}: '${name}' is a list of ${layers.length} layer(s) but '${name}Indices' ${show(indices)} asks for ${indices.length}. Give one layer per index, or a single one for all.`,
    );
  }
  return [...layers];
}

function isOne<L extends PoolingParameters | UnpoolingParameters>(layers: L | readonly L[]): layers is L {
  return typeof layers[0] === "string";
}
