import { nn } from "../../torch/index.ts";
import { configClass, type Input } from "../../utils/config.ts";
import { autoEncoderOptions, finishAutoEncoder } from "../blocks/autoencoder-options.ts";
import { child } from "../blocks/child.ts";
import { mirrored } from "../blocks/mirror.ts";
import type { NetworkConfig } from "../network-config.ts";
import { CNN } from "./cnn.ts";
import { Generator } from "./generator.ts";

export type AutoEncoderOptions = Input<typeof autoEncoderOptions>;

/**
 * Config of {@link AutoEncoder}.
 * @example
 * ```ts
 * const config = new AutoEncoderConfig({ inShape: [1, 64, 64, 64], latentSize: 32, convArgs: { channels: [8, 16] } });
 * console.log(config.unpoolingMode, config.outChannels); // → nearest 1
 * ```
 */
export class AutoEncoderConfig
  extends configClass("AutoEncoder", autoEncoderOptions, { finish: finishAutoEncoder })
  implements NetworkConfig
{
  getObject(): AutoEncoder {
    return new AutoEncoder(this);
  }
}

/**
 * Reduces images to vectors and makes images of the same size of them: a {@link CNN} (`encoder`), and its mirror, a
 * {@link Generator} (`decoder`), whose layers come in the other order: transposed convolutions for convolutions,
 * upsamplings or transposed convolutions for poolings. (N, ...inShape) → (N, outChannels, ...spatial size of inShape).
 *
 * Options: `inShape` ([channels, ...spatial size]), `latentSize`, `convArgs` (options of ConvEncoder; `channels` is
 * required), `mlpArgs` (options of MLP; without it, single linear layers), `outChannels` (those of the input),
 * `outputAct` (none; after the last layer), `unpoolingMode`: "nearest" (the default), "linear" (1D), "bilinear" or
 * "bicubic" (2D), "trilinear" (3D), or "convtranspose", a transposed convolution of the pooling's window.
 * @throws ConfigError when the images would vanish on their way, or the mode is for another number of dimensions.
 * @example
 * ```ts
 * using images = torch.rand([2, 1, 16, 16, 16]);
 * using network = new AutoEncoder({ inShape: [1, 16, 16, 16], latentSize: 32, convArgs: { channels: [4, 8] } });
 * using latent = network.encoder.call(images);
 * using again = network.call(images);
 * console.log(latent.shape, again.shape); // → [ 2, 32 ] [ 2, 1, 16, 16, 16 ]
 * ```
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
