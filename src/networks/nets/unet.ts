import { configClass, type Input } from "../../utils/config.ts";
import { UNetStack, UpBlock } from "../blocks/unet.ts";
import { unetOptions } from "../blocks/unet-options.ts";
import type { NetworkConfig } from "../network-config.ts";

export type UNetOptions = Input<typeof unetOptions>;

/**
 * Config of {@link UNet}.
 * @example
 * ```ts
 * const config = new UNetConfig({ spatialDims: 3, inChannels: 1, outChannels: 2 });
 * console.log(config.channels, config.act); // → [ 64, 128, 256, 512, 1024 ] relu
 * ```
 */
export class UNetConfig extends configClass("UNet", unetOptions) implements NetworkConfig {
  getObject(): UNet {
    return new UNet(this);
  }
}

/**
 * From images to images of the same size, such as a segmentation: convolutions and halvings, then doublings and convolutions
 * that also see the images of the way down (Ronneberger et al., 2015). Convolutions are padded and batch-normalised, and
 * a doubling repeats voxels. (N, inChannels, …) → (N, outChannels, …); each spatial size is a multiple of 2 to the power
 * of `channels.length - 1`.
 *
 * Options: `spatialDims`, `inChannels`, `outChannels`, `channels` (at each size; [64, 128, 256, 512, 1024]), `act` ("relu"),
 * `outputAct` (none), `dropout` (none).
 * @throws ConfigError when called with images that cannot be halved so often.
 * @example
 * ```ts
 * using images = torch.rand([2, 1, 16, 16, 16]);
 * using network = new UNet({ spatialDims: 3, inChannels: 1, outChannels: 2, channels: [4, 8, 16] });
 * using logits = network.call(images);
 * console.log(logits.shape); // → [ 2, 2, 16, 16, 16 ]
 * ```
 */
export class UNet extends UNetStack {
  readonly config: UNetConfig;

  constructor(options: UNetOptions) {
    const config = UNetConfig.of(options);
    super(config, UpBlock);
    this.config = config;
  }
}
