import { z } from "zod";
import { nn } from "../../torch/index.ts";
import { nameAmong } from "./activation.ts";

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
  const name = nameAmong(names);
  return z
    .union([name, z.tuple([name, z.record(z.string(), z.unknown())])], {
      error: `Expected a normalisation, by name or [name, options]; names: ${names.join(", ")}`,
    })
    .superRefine((value, ctx) => {
      const [type, options] = typeof value === "string" ? [value, {}] : value;
      const result = OPTIONS[type].safeParse(options);
      if (!result.success)
        ctx.addIssue({ code: "custom", message: `Options of '${type}': ${z.prettifyError(result.error)}` });
    }) as unknown as z.ZodType<NormParameters<N>, NormParameters<N>>;
}

const BATCH = { 1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d } as const;
const INSTANCE = { 1: nn.InstanceNorm1d, 2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d } as const;

/** Builds a normalisation layer over `channels` channels (features, for vectors). */
export function buildNorm(parameters: NormParameters, spatialDims: 1 | 2 | 3, channels: number): nn.Module {
  const [name, options] = typeof parameters === "string" ? [parameters, {}] : parameters;
  switch (name) {
    case "batch":
      return new BATCH[spatialDims](channels, OPTIONS.batch.parse(options));
    case "syncbatch":
      return new nn.SyncBatchNorm(channels, OPTIONS.syncbatch.parse(options));
    case "instance":
      return new INSTANCE[spatialDims](channels, OPTIONS.instance.parse(options));
    case "group": {
      const { numGroups, ...rest } = OPTIONS.group.parse(options);
      return new nn.GroupNorm(numGroups, channels, rest);
    }
    case "layer":
      return new nn.LayerNorm([channels], OPTIONS.layer.parse(options));
  }
}
