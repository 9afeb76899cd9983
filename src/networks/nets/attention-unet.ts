import type { z } from "zod";
import { configClass, type Input, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { AttentionUpBlock, UNetStack } from "../blocks/unet.ts";
import { unetOptions } from "../blocks/unet-options.ts";
import type { NetworkConfig } from "../network-config.ts";

export type AttentionUNetOptions = Input<typeof unetOptions>;

/** Half of a gate's channels are those it computes with. */
function finish(options: z.output<typeof unetOptions>, what: string) {
  if (options.channels.slice(0, -1).includes(1)) {
    throw new ConfigError(
      `${what}: 'channels' got ${show(options.channels)}: an attention gate needs 2 channels at least, so only the last may be 1.`,
    );
  }
  return options;
}

/**
 * Config of {@link AttentionUNet}.
 * @example
 * ```ts
 * const config = new AttentionUNetConfig({ spatialDims: 3, inChannels: 1, outChannels: 2 });
 * console.log(config.channels, config.act); // → [ 64, 128, 256, 512, 1024 ] relu
 * ```
 */
export class AttentionUNetConfig
  extends configClass("AttentionUNet", unetOptions, { finish })
  implements NetworkConfig
{
  getObject(): AttentionUNet {
    return new AttentionUNet(this);
  }
}

/**
 * A `UNet` with attention gates, `up{i}.attention` (Oktay et al., 2018). As in ClinicaDL, a gate weighs the voxels that come from below by
 * what comes over the skip connection, and the convolutions get both: those voxels, weighed and not. Options, shapes and
 * errors are those of `UNet`; `channels` but the last are at least 2.
 * @example
 * ```ts
 * using images = torch.rand([2, 1, 16, 16, 16]);
 * using network = new AttentionUNet({ spatialDims: 3, inChannels: 1, outChannels: 2, channels: [4, 8, 16] });
 * using logits = network.call(images);
 * console.log(logits.shape); // → [ 2, 2, 16, 16, 16 ]
 * ```
 */
export class AttentionUNet extends UNetStack {
  readonly config: AttentionUNetConfig;

  constructor(options: AttentionUNetOptions) {
    const config = AttentionUNetConfig.of(options);
    super(config, AttentionUpBlock);
    this.config = config;
  }
}
