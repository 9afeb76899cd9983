import { z } from "zod";
import { configClass, type Input } from "../../utils/config.ts";
import { namedShape } from "../blocks/named-options.ts";
import { ResNetStack, SEResNetBlock, SEResNetBottleneck } from "../blocks/resnet.ts";
import type { NetworkConfig } from "../network-config.ts";
import { SEResNetConfig } from "./se-resnet.ts";

const schema = z.strictObject(namedShape);
const ours = { inChannels: 3 };
export type NamedSEResNetOptions = Input<typeof schema>;

/** What the networks of this file share. */
abstract class NamedSEResNet extends ResNetStack {
  constructor({ numOutputs, outputAct, inChannels }: z.output<typeof schema>, nResBlocks: readonly number[]) {
    const nFeatures = [256, 512, 1024, 2048];
    const named = { numOutputs, outputAct, nResBlocks, nFeatures };
    const options = new SEResNetConfig({ spatialDims: 2, inChannels, blockType: "bottleneck", ...named });
    super(options, { basic: SEResNetBlock, bottleneck: SEResNetBottleneck });
  }
}

/**
 * Config of {@link SEResNet50}.
 * @example
 * ```ts
 * const config = new SEResNet50Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class SEResNet50Config extends configClass("SEResNet50", schema, { ours }) implements NetworkConfig {
  getObject(): SEResNet50 {
    return new SEResNet50(this);
  }
}
/**
 * A ResNet of 50 layers with squeeze-and-excitation (Hu et al., 2018): (N, 3, H, W) → (N, numOutputs). ClinicaDL's of this name
 * has none, so its checkpoints lack the weights of `se_layer`. Options: `numOutputs`, `outputAct` (none), `inChannels` (3).
 * @example
 * ```ts
 * using network = new SEResNet50({ numOutputs: 2 });
 * // weights
 * console.log([...network.parameters()].reduce((sum, weights) => sum + weights.numel(), 0)); // → 26043122
 * ```
 */
export class SEResNet50 extends NamedSEResNet {
  readonly config: SEResNet50Config;

  constructor(options: NamedSEResNetOptions) {
    const config = SEResNet50Config.of(options);
    super(config, [3, 4, 6, 3]);
    this.config = config;
  }
}

/**
 * Config of {@link SEResNet101}.
 * @example
 * ```ts
 * const config = new SEResNet101Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class SEResNet101Config extends configClass("SEResNet101", schema, { ours }) implements NetworkConfig {
  getObject(): SEResNet101 {
    return new SEResNet101(this);
  }
}
/** As {@link SEResNet50}, of 101 layers. */
export class SEResNet101 extends NamedSEResNet {
  readonly config: SEResNet101Config;

  constructor(options: NamedSEResNetOptions) {
    const config = SEResNet101Config.of(options);
    super(config, [3, 4, 23, 3]);
    this.config = config;
  }
}

/**
 * Config of {@link SEResNet152}.
 * @example
 * ```ts
 * const config = new SEResNet152Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class SEResNet152Config extends configClass("SEResNet152", schema, { ours }) implements NetworkConfig {
  getObject(): SEResNet152 {
    return new SEResNet152(this);
  }
}
/** As {@link SEResNet50}, of 152 layers. */
export class SEResNet152 extends NamedSEResNet {
  readonly config: SEResNet152Config;

  constructor(options: NamedSEResNetOptions) {
    const config = SEResNet152Config.of(options);
    super(config, [3, 8, 36, 3]);
    this.config = config;
  }
}
