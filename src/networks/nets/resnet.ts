import { z } from "zod";
import { configClass, type Input } from "../../utils/config.ts";
import { ResNetBlock, ResNetBottleneck, ResNetStack } from "../blocks/resnet.ts";
import { finishResNet, resnetShape } from "../blocks/resnet-options.ts";
import type { NetworkConfig } from "../network-config.ts";

const schema = z.strictObject(resnetShape);
export type ResNetOptions = Input<typeof schema>;

/** Config of {@link ResNet}. */
export class ResNetConfig extends configClass("ResNet", schema, { finish: finishResNet }) implements NetworkConfig {
  getObject(): ResNet {
    return new ResNet(this);
  }
}

/**
 * A residual network for images of any size (He et al., 2015): a convolution and a pooling, layers of residual blocks, each
 * but the first halving the size, and a linear layer on the mean over the image.
 * (N, inChannels, …) → (N, numOutputs), or the images of the last layer when `numOutputs` is null.
 *
 * Options: `spatialDims`, `inChannels`, `numOutputs`, `blockType` ("basic": two convolutions; or "bottleneck": three),
 * `nResBlocks` (blocks of each layer; [2, 2, 2, 2]) and `nFeatures` (its channels; [64, 128, 256, 512]), `initConvSize` (7)
 * and `initConvStride` (2) of the first convolution, `bottleneckReduction` (4; how many times fewer channels inside a
 * bottleneck), `act` (["relu", { inplace: true }]), `outputAct` (none).
 */
export class ResNet extends ResNetStack {
  readonly config: ResNetConfig;

  constructor(options: ResNetOptions) {
    const config = ResNetConfig.of(options);
    super({ ...config.fields(), seReduction: null }, { basic: ResNetBlock, bottleneck: ResNetBottleneck });
    this.config = config;
  }
}
