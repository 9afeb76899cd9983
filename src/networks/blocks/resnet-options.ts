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
  spatialDims,
  inChannels: z.int().positive(),
  numOutputs: z.int().positive().nullable(),
  blockType: nameAmong(["basic", "bottleneck"]).default("basic"),
  nResBlocks: positives.min(1).default([2, 2, 2, 2]),
  nFeatures: positives.min(1).default([64, 128, 256, 512]),
  initConvSize: perDim.default(7),
  initConvStride: perDim.default(2),
  bottleneckReduction: z.int().positive().default(4),
  act: activationSchema.default(["relu", { inplace: true }]),
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
