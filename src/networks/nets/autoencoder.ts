import { z } from "zod";
import { nn } from "../../torch/index.ts";
import { configClass, type Input } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { activationSchema } from "../blocks/activation.ts";
import { child } from "../blocks/child.ts";
import { convEncoderOptionsShape, expandConvOptions } from "../blocks/conv-options.ts";
import { mirrored, UNPOOLING_MODES, type UnpoolingMode } from "../blocks/mirror.ts";
import { mlpArgs } from "../blocks/mlp-options.ts";
import { nameAmong } from "../blocks/named.ts";
import { inShape, type NetworkConfig } from "../network-config.ts";
import { CNN } from "./cnn.ts";
import { Generator } from "./generator.ts";

const schema = z.strictObject({
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
export type AutoEncoderOptions = Input<typeof schema>;

/** The spatial dimensions for which an unpooling mode is made; others are for any. */
const MODE_DIMS: Partial<Record<UnpoolingMode, number>> = { linear: 1, bilinear: 2, bicubic: 2, trilinear: 3 };

/** Checks the options against each other, and spells them out. */
function finish(parsed: z.output<typeof schema>, what: string) {
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

/** Config of {@link AutoEncoder}. */
export class AutoEncoderConfig extends configClass("AutoEncoder", schema, { finish }) implements NetworkConfig {
  getObject(): AutoEncoder {
    return new AutoEncoder(this);
  }
}

/**
 * Reduces images to vectors and makes images of the same size of them: a {@link CNN} (`encoder`), and its mirror, a
 * {@link Generator} (`decoder`), whose layers come in the other order: transposed convolutions for convolutions,
 * upsamplings or transposed convolutions for poolings. (N, ...inShape) → (N, outChannels, ...spatial size of inShape).
 *
 * ```ts
 * const network = new AutoEncoder({ inShape: [1, 64, 64, 64], latentSize: 32, convArgs: { channels: [8, 16] } });
 * const latent = network.encoder.call(images); // (N, 32)
 * ```
 *
 * Options: `inShape` ([channels, ...spatial size]), `latentSize`, `convArgs` (options of ConvEncoder; `channels` is
 * required), `mlpArgs` (options of MLP; without it, single linear layers), `outChannels` (those of the input),
 * `outputAct` (none; after the last layer), `unpoolingMode`: "nearest" (the default), "linear" (1D), "bilinear" or
 * "bicubic" (2D), "trilinear" (3D), or "convtranspose", a transposed convolution of the pooling's window.
 * @throws ConfigError when the images would vanish on their way, or the mode is for another number of dimensions.
 */
export class AutoEncoder extends nn.Sequential {
  readonly config: AutoEncoderConfig;
  /** Images to vectors: (N, ...inShape) → (N, latentSize). */
  readonly encoder: CNN;
  /** Vectors to images. */
  readonly decoder: Generator;

  constructor(options: AutoEncoderOptions) {
    super();
    this.config = AutoEncoderConfig.of(options);
    const { inShape, latentSize, convArgs, mlpArgs, outChannels, outputAct, unpoolingMode } = this.config;
    const [inChannels = 1] = inShape;
    this.encoder = child(this, "encoder", new CNN({ inShape, numOutputs: latentSize, convArgs, mlpArgs }));
    const { convolutions } = this.encoder;
    const decoder = new Generator({
      latentSize,
      startShape: [convArgs.channels.at(-1) ?? inChannels, ...(convolutions.finalSize ?? [])],
      convArgs: mirrored(convolutions, { outChannels, outputAct, unpoolingMode }),
      mlpArgs: { ...mlpArgs, hiddenDims: mlpArgs.hiddenDims.toReversed() },
    });
    this.decoder = child(this, "decoder", decoder);
  }
}
