import { configClass, type Input } from "../../utils/config.ts";
import { UNetStack, UpBlock } from "../blocks/unet.ts";
import { unetOptions } from "../blocks/unet-options.ts";
import type { NetworkConfig } from "../network-config.ts";

export type UNetOptions = Input<typeof unetOptions>;

/** Config of {@link UNet}. */
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
 * ```ts
 * const network = new UNet({ spatialDims: 3, inChannels: 1, outChannels: 2, channels: [8, 16, 32] });
 * const logits = network.call(images); // (N, 1, 64, 64, 64) → (N, 2, 64, 64, 64)
 * ```
 *
 * Options: `spatialDims`, `inChannels`, `outChannels`, `channels` (at each size; [64, 128, 256, 512, 1024]), `act` ("relu"),
 * `outputAct` (none), `dropout` (none).
 * @throws ConfigError when called with images that cannot be halved so often.
 */
export class UNet extends UNetStack {
  readonly config: UNetConfig;

  constructor(options: UNetOptions) {
    const config = UNetConfig.of(options);
    super(config, UpBlock);
    this.config = config;
  }
}
