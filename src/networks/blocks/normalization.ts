import { z } from "zod";
import { nn } from "../../torch/index.ts";
import { norm, type SpatialDims } from "./layers.ts";
import { nameMaybeOptions, splitName } from "./named.ts";

export const CONV_NORMS = ["group", "syncbatch", "batch", "instance"] as const;
export const NORMS = ["group", "layer", "syncbatch", "batch", "instance"] as const;
export type ConvNormName = (typeof CONV_NORMS)[number];
export type NormName = (typeof NORMS)[number];

/** A normalisation by its name, or its name and options: `"batch"`, `["group", { numGroups: 2 }]`. */
export type NormParameters<N extends NormName = NormName> = N | readonly [N, Readonly<Record<string, unknown>>];

const eps = z.number().nonnegative().default(1e-5);
const momentum = z.number().nullable().default(0.1);
const OPTIONS = {
  batch: z.strictObject({
    eps,
    momentum,
    affine: z.boolean().default(true),
    trackRunningStats: z.boolean().default(true),
  }),
  syncbatch: z.strictObject({
    eps,
    momentum,
    affine: z.boolean().default(true),
    trackRunningStats: z.boolean().default(true),
  }),
  instance: z.strictObject({
    eps,
    momentum,
    affine: z.boolean().default(false),
    trackRunningStats: z.boolean().default(false),
  }),
  group: z.strictObject({
    numGroups: z.int("'numGroups' is required by the group normalisation: [\"group\", { numGroups: 2 }]").positive(),
    eps,
    affine: z.boolean().default(true),
  }),
  layer: z.strictObject({ eps, elementwiseAffine: z.boolean().default(true), bias: z.boolean().default(true) }),
};

/** Parses {@link NormParameters} whose name is one of `names`. */
export function normSchema<const N extends NormName>(
  names: readonly N[],
): z.ZodType<NormParameters<N>, NormParameters<N>> {
  return nameMaybeOptions("a normalisation", OPTIONS, names);
}

/** Builds a normalisation layer over `channels` channels (features, for vectors). */
export function buildNorm(parameters: NormParameters, spatialDims: SpatialDims, channels: number): nn.Layer {
  const [name, options] = splitName(parameters);
  switch (name) {
    case "batch":
      return new (norm("batch", spatialDims))(channels, OPTIONS.batch.parse(options));
    case "syncbatch":
      return new (norm("syncbatch", spatialDims))(channels, OPTIONS.syncbatch.parse(options));
    case "instance":
      return new (norm("instance", spatialDims))(channels, OPTIONS.instance.parse(options));
    case "group": {
      const { numGroups, ...rest } = OPTIONS.group.parse(options);
      return new nn.GroupNorm(numGroups, channels, rest);
    }
    case "layer":
      return new nn.LayerNorm([channels], OPTIONS.layer.parse(options));
  }
}
