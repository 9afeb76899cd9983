import { z } from "zod";
import { nn } from "../../torch/index.ts";
import { nameAmong } from "./activation.ts";
import { at, convTransposeOutSize } from "./shapes.ts";

export const UNPOOLINGS = ["convtranspose", "upsample"] as const;
export type UnpoolingName = (typeof UNPOOLINGS)[number];

/** An unpooling layer: `["upsample", { scaleFactor: 2 }]`, `["convtranspose", { kernelSize: 2, stride: 2 }]`. */
export type UnpoolingParameters = readonly [UnpoolingName, Readonly<Record<string, unknown>>];

const perDim = <T extends z.ZodNumber>(number: T) => z.union([number, z.array(number).min(1).max(3)]);
const positive = perDim(z.int().positive());
const nonnegative = perDim(z.int().nonnegative());
const OPTIONS = {
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
  convtranspose: z.strictObject({
    kernelSize: z.union([z.int().positive(), z.array(z.int().positive()).min(1).max(3)], "'kernelSize' is required"),
    stride: positive.default(1),
    padding: nonnegative.default(0),
    outputPadding: nonnegative.default(0),
    groups: z.int().positive().default(1),
    bias: z.boolean().default(true),
    dilation: positive.default(1),
  }),
};

/** Parses one {@link UnpoolingParameters}. */
export const unpoolingSchema: z.ZodType<UnpoolingParameters, UnpoolingParameters> = z
  .tuple([nameAmong(UNPOOLINGS), z.record(z.string(), z.unknown())], {
    error: `Expected [name, options], e.g. ["upsample", { scaleFactor: 2 }]; names: ${UNPOOLINGS.join(", ")}`,
  })
  .superRefine(([name, options], ctx) => {
    const result = OPTIONS[name].safeParse(options);
    if (!result.success)
      ctx.addIssue({ code: "custom", message: `Options of the '${name}' unpooling: ${z.prettifyError(result.error)}` });
  }) as unknown as z.ZodType<UnpoolingParameters, UnpoolingParameters>;

const CONV_TRANSPOSE = { 1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d } as const;

/** Builds an unpooling layer, which leaves the number of channels as it is. */
export function buildUnpooling(
  [name, options]: UnpoolingParameters,
  spatialDims: 1 | 2 | 3,
  channels: number,
): nn.Upsample | nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d {
  switch (name) {
    case "upsample":
      return new nn.Upsample(OPTIONS.upsample.parse(options));
    case "convtranspose": {
      const { kernelSize, ...rest } = OPTIONS.convtranspose.parse(options);
      return new CONV_TRANSPOSE[spatialDims](channels, channels, kernelSize, rest);
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
