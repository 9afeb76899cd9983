import { z } from "zod";
import { show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { spatialDims } from "../network-config.ts";
import { activationSchema } from "./activation.ts";
import { nameAmong } from "./named.ts";

const positives = z.array(z.int().positive());
const perDim = z.union([z.int().positive(), positives]);

/** The options of ResNet, and of SEResNet besides its own. */
export const resnetShape = {
  /** How many dimensions images have: 1, 2 or 3. */
  spatialDims,

  /** The channels of the images. */
  inChannels: z.int().positive(),

  /** How many values come out per image; null: the images of the last layer. */
  numOutputs: z.int().positive().nullable(),

  /** Whether blocks have two convolutions ("basic", default) or three ("bottleneck"). */
  blockType: nameAmong(["basic", "bottleneck"]).default("basic"),

  /** How many blocks each layer has; default [2, 2, 2, 2]. */
  nResBlocks: positives.min(1).default([2, 2, 2, 2]),

  /** How many channels each layer has; default [64, 128, 256, 512]. */
  nFeatures: positives.min(1).default([64, 128, 256, 512]),

  /** The kernel of the first convolution: one number, or one per dimension; default 7. */
  initConvSize: perDim.default(7),

  /** The stride of the first convolution: one number, or one per dimension; default 2. */
  initConvStride: perDim.default(2),

  /** How many times fewer channels there are inside a bottleneck; default 4. */
  bottleneckReduction: z.int().positive().default(4),

  /** The activation in blocks: a name, or [name, options]; default ["relu", { inplace: true }]. */
  act: activationSchema.default(["relu", { inplace: true }]),

  /** The activation after the last layer: a name, or [name, options]; default null: none. */
  outputAct: activationSchema.nullable().default(null),
};
const schema = z.strictObject(resnetShape);
type Parsed = z.output<typeof schema>;

/** What the options are once they are checked against each other, and spelt out per dimension. */
export type ResNetOptions = Omit<Parsed, "initConvSize" | "initConvStride"> & {
  initConvSize: number[];
  initConvStride: number[];
};

/** @throws ConfigError when the options do not fit each other. */
export function finishResNet<T extends Parsed>(options: T, what: string): Omit<T, keyof Parsed> & ResNetOptions {
  const { nFeatures, nResBlocks, blockType, bottleneckReduction } = options;
  if (nFeatures.length !== nResBlocks.length) {
    throw new ConfigError(
      `${what}: 'nFeatures' got ${show(nFeatures)} and 'nResBlocks' ${show(nResBlocks)}. Give one of each per layer.`,
    );
  }
  const odd = nFeatures.find((n) => n % bottleneckReduction !== 0);
  if (blockType === "bottleneck" && odd !== undefined) {
    throw new ConfigError(
      `${what}: 'nFeatures' got ${show(nFeatures)}: ${odd} is not a multiple of 'bottleneckReduction' (${bottleneckReduction}).`,
    );
  }
  const spell = (name: "initConvSize" | "initConvStride") => {
    const value = options[name];
    const each = typeof value === "number" ? Array.from({ length: options.spatialDims }, () => value) : value;
    if (each.length === options.spatialDims) return each;
    throw new ConfigError(`${what}: '${name}' got ${show(value)}. Give one number, or ${options.spatialDims}.`);
  };
  return { ...options, initConvSize: spell("initConvSize"), initConvStride: spell("initConvStride") };
}
