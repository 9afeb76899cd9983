import { z } from "zod";
import { configClass, type Input } from "../../utils/config.ts";
import { pretrainedShape } from "../blocks/named-options.ts";
import { beginPretrained, putBackPretrained } from "../blocks/pretrained.ts";
import { ResNetBlock, ResNetBottleneck, ResNetStack } from "../blocks/resnet.ts";
import { RESNET_WEIGHTS } from "../blocks/resnet-weights.ts";
import type { NetworkConfig } from "../network-config.ts";
import { ResNetConfig } from "./resnet.ts";

const schema = z.strictObject(pretrainedShape);
const ours = { inChannels: 3 };
export type NamedResNetOptions = Input<typeof schema>;

interface Layers {
  readonly blockType: "basic" | "bottleneck";
  readonly nResBlocks: readonly number[];
  readonly file: string;
}

/** What the networks of this file share. */
abstract class NamedResNet extends ResNetStack {
  constructor(config: NetworkConfig & z.output<typeof schema>, { blockType, nResBlocks, file }: Layers) {
    const { numOutputs, outputAct, inChannels } = config;
    const nFeatures = blockType === "basic" ? [64, 128, 256, 512] : [256, 512, 1024, 2048];
    const options = new ResNetConfig({
      spatialDims: 2,
      inChannels,
      numOutputs,
      outputAct,
      blockType,
      nResBlocks,
      nFeatures,
    });
    super({ ...options.fields(), seReduction: null }, { basic: ResNetBlock, bottleneck: ResNetBottleneck });
    beginPretrained(this, config, { ...RESNET_WEIGHTS, file });
  }

  /** Draws the weights anew; those that were pretrained are put back. */
  override resetParameters(): void {
    super.resetParameters();
    putBackPretrained(this);
  }
}

/**
 * Config of {@link ResNet18}.
 * @example
 * ```ts
 * const config = new ResNet18Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class ResNet18Config extends configClass("ResNet18", schema, { ours }) implements NetworkConfig {
  getObject(): ResNet18 {
    return new ResNet18(this);
  }
}
/**
 * A ResNet of 18 layers (He et al., 2015), as torchvision has it: (N, 3, H, W) → (N, numOutputs). Options: `numOutputs`, `outputAct` (none), `inChannels`
 * (3), `pretrained` (false; torchvision's weights, but for the last layer: true, a path, `hf://…` or `{ url, sha256 }`. They are what a reset puts back).
 * @example
 * ```ts
 * using network = new ResNet18({ numOutputs: 2 });
 * // weights
 * console.log([...network.parameters()].reduce((sum, weights) => sum + weights.numel(), 0)); // → 11177538
 * ```
 */
export class ResNet18 extends NamedResNet {
  readonly config: ResNet18Config;

  constructor(options: NamedResNetOptions) {
    const config = ResNet18Config.of(options);
    super(config, { blockType: "basic", nResBlocks: [2, 2, 2, 2], file: "resnet18-f37072fd.pth" });
    this.config = config;
  }
}

/**
 * Config of {@link ResNet34}.
 * @example
 * ```ts
 * const config = new ResNet34Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class ResNet34Config extends configClass("ResNet34", schema, { ours }) implements NetworkConfig {
  getObject(): ResNet34 {
    return new ResNet34(this);
  }
}
/**
 * A ResNet of 34 layers, for images of 2 dimensions; options as in {@link ResNet18}.
 * @example
 * ```ts
 * using network = new ResNet34({ numOutputs: 2 });
 * // weights
 * console.log([...network.parameters()].reduce((sum, weights) => sum + weights.numel(), 0)); // → 21285698
 * ```
 */
export class ResNet34 extends NamedResNet {
  readonly config: ResNet34Config;

  constructor(options: NamedResNetOptions) {
    const config = ResNet34Config.of(options);
    super(config, { blockType: "basic", nResBlocks: [3, 4, 6, 3], file: "resnet34-b627a593.pth" });
    this.config = config;
  }
}

/**
 * Config of {@link ResNet50}.
 * @example
 * ```ts
 * const config = new ResNet50Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class ResNet50Config extends configClass("ResNet50", schema, { ours }) implements NetworkConfig {
  getObject(): ResNet50 {
    return new ResNet50(this);
  }
}
/**
 * A ResNet of 50 layers, for images of 2 dimensions; options as in {@link ResNet18}.
 * @example
 * ```ts
 * using network = new ResNet50({ numOutputs: 2 });
 * // weights
 * console.log([...network.parameters()].reduce((sum, weights) => sum + weights.numel(), 0)); // → 23512130
 * ```
 */
export class ResNet50 extends NamedResNet {
  readonly config: ResNet50Config;

  constructor(options: NamedResNetOptions) {
    const config = ResNet50Config.of(options);
    super(config, { blockType: "bottleneck", nResBlocks: [3, 4, 6, 3], file: "resnet50-11ad3fa6.pth" });
    this.config = config;
  }
}

/**
 * Config of {@link ResNet101}.
 * @example
 * ```ts
 * const config = new ResNet101Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class ResNet101Config extends configClass("ResNet101", schema, { ours }) implements NetworkConfig {
  getObject(): ResNet101 {
    return new ResNet101(this);
  }
}
/** A ResNet of 101 layers, for images of 2 dimensions; options as in {@link ResNet18}. */
export class ResNet101 extends NamedResNet {
  readonly config: ResNet101Config;

  constructor(options: NamedResNetOptions) {
    const config = ResNet101Config.of(options);
    super(config, { blockType: "bottleneck", nResBlocks: [3, 4, 23, 3], file: "resnet101-cd907fc2.pth" });
    this.config = config;
  }
}

/**
 * Config of {@link ResNet152}.
 * @example
 * ```ts
 * const config = new ResNet152Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class ResNet152Config extends configClass("ResNet152", schema, { ours }) implements NetworkConfig {
  getObject(): ResNet152 {
    return new ResNet152(this);
  }
}
/** A ResNet of 152 layers, for images of 2 dimensions; options as in {@link ResNet18}. */
export class ResNet152 extends NamedResNet {
  readonly config: ResNet152Config;

  constructor(options: NamedResNetOptions) {
    const config = ResNet152Config.of(options);
    super(config, { blockType: "bottleneck", nResBlocks: [3, 8, 36, 3], file: "resnet152-f82ba261.pth" });
    this.config = config;
  }
}
