import * as torch from "../../torch/index.ts";
import { nn, type Tensor } from "../../torch/index.ts";
import { configClass, type Input } from "../../utils/config.ts";
import { autoEncoderOptions, finishAutoEncoder } from "../blocks/autoencoder-options.ts";
import type { NetworkConfig } from "../network-config.ts";
import { AutoEncoder } from "./autoencoder.ts";
import type { CNN } from "./cnn.ts";
import type { Generator } from "./generator.ts";
import { mlpOutput } from "./mlp.ts";

export type VAEOptions = Input<typeof autoEncoderOptions>;

/**
 * Config of {@link VAE}.
 * @example
 * ```ts
 * const config = new VAEConfig({ inShape: [1, 64, 64, 64], latentSize: 32, convArgs: { channels: [8, 16] } });
 * console.log(config.unpoolingMode, config.latentSize); // → nearest 32
 * ```
 */
export class VAEConfig
  extends configClass("VAE", autoEncoderOptions, { finish: finishAutoEncoder })
  implements NetworkConfig<VAE>
{
  getObject(): VAE {
    return new VAE(this);
  }
}

/**
 * A variational autoencoder (Kingma and Welling, 2014): an {@link AutoEncoder} whose `encoder` has two last layers, `mu` and
 * `log_var`: the mean and the logarithm of the variance of a normal distribution for each latent value. The `decoder` gets a value drawn from
 * it in training, and the mean in evaluation. (N, ...inShape) → [reconstruction (N, outChannels, ...spatial size of
 * inShape), mu (N, latentSize), logVar (N, latentSize)].
 *
 * Options and errors are those of {@link AutoEncoder}; the `outputAct` of `mlpArgs` comes after `mu` and after `log_var`.
 * @example
 * ```ts
 * using images = torch.rand([2, 1, 16, 16, 16]);
 * using network = new VAE({ inShape: [1, 16, 16, 16], latentSize: 32, convArgs: { channels: [4, 8] } });
 * using scope = torch.scope();
 * const [reconstruction, mu, logVar] = network.call(images);
 * console.log(reconstruction.shape, mu.shape, logVar.shape); // → [ 2, 1, 16, 16, 16 ] [ 2, 32 ] [ 2, 32 ]
 * ```
 */
export class VAE extends nn.Module<[Tensor], [reconstruction: Tensor, mu: Tensor, logVar: Tensor]> {
  readonly config: VAEConfig;
  /** Images to what the two last layers get. */
  readonly encoder: CNN;
  readonly mu: nn.Sequential;
  readonly logVar: nn.Sequential;
  /** Latent values to images. */
  readonly decoder: Generator;

  constructor(options: VAEOptions) {
    super();
    this.config = VAEConfig.of(options);
    const { encoder, decoder } = new AutoEncoder(this.config.fields());
    this.encoder = encoder;
    this.mu = encoder.mlp.takeOutput();
    this.logVar = mlpOutput(encoder.mlp.outputFeatures, encoder.mlp.config);
    this.decoder = decoder;
  }

  override forward(x: Tensor): [reconstruction: Tensor, mu: Tensor, logVar: Tensor] {
    using features = this.encoder.call(x);
    const mu = this.mu.call(features);
    const logVar = this.logVar.call(features);
    const z = this.reparameterize(mu, logVar);
    const reconstruction = this.decoder.call(z);
    if (z !== mu) z.dispose();
    return [reconstruction, mu, logVar];
  }

  /** Values drawn from the distribution, in training: mu + ε · exp(logVar / 2). In evaluation, `mu` itself. */
  reparameterize(mu: Tensor, logVar: Tensor): Tensor {
    if (!this.training) return mu;
    using half = logVar.mul(0.5);
    using std = half.exp();
    using noise = torch.randnLike(std);
    using drawn = noise.mul(std);
    return drawn.add(mu);
  }
}
