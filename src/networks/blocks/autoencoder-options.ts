import { z } from "zod";
import { ConfigError } from "../../utils/exceptions.ts";
import { inShape } from "../network-config.ts";
import { activationSchema } from "./activation.ts";
import { convEncoderOptionsShape, expandConvOptions } from "./conv-options.ts";
import { UNPOOLING_MODES, type UnpoolingMode } from "./mirror.ts";
import { mlpArgs } from "./mlp-options.ts";
import { nameAmong } from "./named.ts";

/** The options of AutoEncoder and VAE. */
export const autoEncoderOptions = z.strictObject({
  /** [channels, ...spatial size] of the images. */
  inShape,

  /** How many values an image is reduced to. */
  latentSize: z.int().positive(),

  /** The options of its ConvEncoder; `channels` is required. */
  convArgs: z.strictObject(convEncoderOptionsShape),

  /** The options of its MLP; default null: a single linear layer. */
  mlpArgs,

  /** The channels of what comes out; default null: those of the images. */
  outChannels: z.int().positive().nullable().default(null),

  /** The activation after the last layer: a name, or [name, options]; default null: none. */
  outputAct: activationSchema.nullable().default(null),

  /** What undoes poolings: "nearest" (default), "linear" (1D), "bilinear" or "bicubic" (2D), "trilinear" (3D), or "convtranspose". */
  unpoolingMode: nameAmong(UNPOOLING_MODES).default("nearest"),
});

/** The spatial dimensions for which an unpooling mode is made; others are for any. */
const MODE_DIMS: Partial<Record<UnpoolingMode, number>> = { linear: 1, bilinear: 2, bicubic: 2, trilinear: 3 };

/** Checks the options against each other, and spells them out. */
export function finishAutoEncoder(parsed: z.output<typeof autoEncoderOptions>, what: string) {
  const { inShape, unpoolingMode } = parsed;
  const [inChannels = 1, ...size] = inShape;
  const convArgs = expandConvOptions(parsed.convArgs, size.length, `${what}.convArgs`);
  const dims = MODE_DIMS[unpoolingMode] ?? size.length;
  if (dims !== size.length) {
    throw new ConfigError(
      `${what}: 'unpoolingMode' got '${unpoolingMode}', which is for ${dims}D images, and 'inShape' has ${size.length} spatial dimension(s).`,
    );
  }
  const outChannels = parsed.outChannels ?? inChannels;
  if (convArgs.channels.length === 0 && outChannels !== inChannels) {
    throw new ConfigError(
      `${what}: 'outChannels' got ${outChannels}, but without convolutions the output has the ${inChannels} channel(s) of the input. Add 'channels' to 'convArgs'.`,
    );
  }
  return { ...parsed, convArgs, outChannels };
}
