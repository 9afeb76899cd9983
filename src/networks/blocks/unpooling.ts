import { z } from "zod";
import { nn } from "../../torch/index.ts";
import { convTranspose, type SpatialDims } from "./layers.ts";
import { namesOf, nameWithOptions } from "./named.ts";
import { at, convTransposeOutSize } from "./shapes.ts";

export type UnpoolingName = "convtranspose" | "upsample";

/** An unpooling layer: `["upsample", { scaleFactor: 2 }]`, `["convtranspose", { kernelSize: 2, stride: 2 }]`. */
export type UnpoolingParameters = readonly [UnpoolingName, Readonly<Record<string, unknown>>];

const perDim = <T extends z.ZodNumber>(number: T) => z.union([number, z.array(number).min(1).max(3)]);
const positive = perDim(z.int().positive());
const nonnegative = perDim(z.int().nonnegative());
const OPTIONS = {
  convtranspose: z.strictObject({
    kernelSize: z.union([z.int().positive(), z.array(z.int().positive()).min(1).max(3)], "'kernelSize' is required"),
    stride: positive.default(1),
    padding: nonnegative.default(0),
    outputPadding: nonnegative.default(0),
    groups: z.int().positive().default(1),
    bias: z.boolean().default(true),
    dilation: positive.default(1),
  }),
  upsample: z
    .strictObject({
      size: positive.nullable().default(null),
      scaleFactor: perDim(z.number().positive()).nullable().default(null),
      mode: z
        .enum(["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"])
        .default("nearest"),
      alignCorners: z.boolean().nullable().default(null),
      recomputeScaleFactor: z.boolean().nullable().default(null),
    })
    .refine(({ size, scaleFactor }) => (size === null) !== (scaleFactor === null), {
      message: "One of 'size' and 'scaleFactor' is required, and only one",
    }),
};

export const UNPOOLINGS = namesOf(OPTIONS);

/** Parses one {@link UnpoolingParameters}. */
export const unpoolingSchema: z.ZodType<UnpoolingParameters, UnpoolingParameters> = nameWithOptions(
  "unpooling",
  OPTIONS,
  '["upsample", { scaleFactor: 2 }]',
);

/** Builds an unpooling layer, which leaves the number of channels as it is. */
export function buildUnpooling(
  [name, options]: UnpoolingParameters,
  spatialDims: SpatialDims,
  channels: number,
): nn.Layer {
  switch (name) {
    case "upsample":
      return new nn.Upsample(OPTIONS.upsample.parse(options));
    case "convtranspose": {
      const { kernelSize, ...rest } = OPTIONS.convtranspose.parse(options);
      return new (convTranspose(spatialDims))(channels, channels, kernelSize, rest);
    }
  }
}

/** The spatial size after an unpooling layer. */
export function unpoolingOutSize([name, options]: UnpoolingParameters, inSize: readonly number[]): number[] {
  switch (name) {
    case "upsample": {
      const { size, scaleFactor } = OPTIONS.upsample.parse(options);
      return inSize.map((length, i) => (size === null ? Math.floor(length * at(scaleFactor ?? 1, i)) : at(size, i)));
    }
    case "convtranspose": {
      const parsed = OPTIONS.convtranspose.parse(options);
      const all = (value: number | readonly number[]) => inSize.map((_, i) => at(value, i));
      return convTransposeOutSize(
        inSize,
        all(parsed.kernelSize),
        all(parsed.stride),
        all(parsed.padding),
        all(parsed.outputPadding),
        all(parsed.dilation),
      );
    }
  }
}
