import { z } from "zod";
import { configClass, type Input, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { ResNetStack, SEResNetBlock, SEResNetBottleneck } from "../blocks/resnet.ts";
import { finishResNet, resnetShape } from "../blocks/resnet-options.ts";
import type { NetworkConfig } from "../network-config.ts";

const schema = z.strictObject({
  ...resnetShape,
  /** How many times fewer numbers than channels decide the weights of channels; default 16. */
  seReduction: z.int().positive().default(16),
});
export type SEResNetOptions = Input<typeof schema>;

function finish(options: z.output<typeof schema>, what: string) {
  const { nFeatures, seReduction } = options;
  const few = nFeatures.find((n) => n < seReduction);
  if (few !== undefined) {
    throw new ConfigError(
      `${what}: 'nFeatures' got ${show(nFeatures)}: ${few} is less than 'seReduction' (${seReduction}), and no channel would be left.`,
    );
  }
  return finishResNet(options, what);
}

/**
 * Config of {@link SEResNet}.
 * @example
 * ```ts
 * const config = new SEResNetConfig({ spatialDims: 3, inChannels: 1, numOutputs: 2 });
 * console.log(config.seReduction, config.blockType); // → 16 basic
 * ```
 */
export class SEResNetConfig extends configClass("SEResNet", schema, { finish }) implements NetworkConfig {
  getObject(): SEResNet {
    return new SEResNet(this);
  }
}

/**
 * A `ResNet` whose blocks weigh their channels by what these are in the mean, before the sum: squeeze-and-excitation
 * (Hu et al., 2018), `layer{i}.{j}.se_layer`.
 *
 * Options: those of `ResNet`, and `seReduction` (16; how many times fewer numbers than channels decide the weights).
 * @example
 * ```ts
 * using images = torch.rand([2, 1, 16, 16, 16]);
 * using network = new SEResNet({ spatialDims: 3, inChannels: 1, numOutputs: 2, nResBlocks: [1, 1], nFeatures: [16, 32] });
 * using scores = network.call(images);
 * console.log(scores.shape); // → [ 2, 2 ]
 * ```
 */
export class SEResNet extends ResNetStack {
  readonly config: SEResNetConfig;

  constructor(options: SEResNetOptions) {
    const config = SEResNetConfig.of(options);
    super(config, { basic: SEResNetBlock, bottleneck: SEResNetBottleneck });
    this.config = config;
  }
}
