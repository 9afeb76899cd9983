import { z } from "zod";
import { configClass, type Input } from "../../utils/config.ts";
import { beginPretrained, pretrainedSchema, putBackPretrained } from "../blocks/pretrained.ts";
import { ResNetBlock, ResNetBottleneck, ResNetStack } from "../blocks/resnet.ts";
import { finishResNet, resnetShape } from "../blocks/resnet-options.ts";
import { RESNET_WEIGHTS } from "../blocks/resnet-weights.ts";
import type { NetworkConfig } from "../network-config.ts";

const schema = z.strictObject({
  ...resnetShape,

  /**
   * The weights to begin with, but for those of the last layer: MedicalNet's in 3 dimensions, or torchvision's in 2, from the path of a file, from the web
   * (`{ url, sha256 }`) or from the Hugging Face hub (`hf://owner/name/file`). For other channels than theirs the first convolution is adapted. Default
   * false: drawn.
   */
  pretrained: pretrainedSchema.default(false),
});
export type ResNetOptions = Input<typeof schema>;

/**
 * Config of {@link ResNet}.
 * @example
 * ```ts
 * // the ResNet of 10 layers of MedicalNet (Chen et al., 2019), trained on 23 data sets of 3D images, with the strides of MONAI
 * const pretrained = "hf://TencentMedicalNet/MedicalNet-Resnet10/resnet_10_23dataset.pth";
 * const config = new ResNetConfig({ spatialDims: 3, inChannels: 1, numOutputs: 2, nResBlocks: [1, 1, 1, 1], initConvStride: 1, pretrained });
 * console.log(config.blockType, config.nFeatures); // → basic [ 64, 128, 256, 512 ]
 * ```
 */
export class ResNetConfig
  extends configClass("ResNet", schema, { finish: finishResNet, ours: { pretrained: false } })
  implements NetworkConfig
{
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
 * bottleneck), `act` (["relu", { inplace: true }]), `outputAct` (none), `pretrained` (false).
 * @example
 * ```ts
 * using images = torch.rand([2, 1, 16, 16, 16]);
 * using network = new ResNet({ spatialDims: 3, inChannels: 1, numOutputs: 2, nResBlocks: [1, 1], nFeatures: [8, 16] });
 * using scores = network.call(images);
 * console.log(scores.shape); // → [ 2, 2 ]
 * ```
 */
export class ResNet extends ResNetStack {
  readonly config: ResNetConfig;

  constructor(options: ResNetOptions) {
    const config = ResNetConfig.of(options);
    super({ ...config.fields(), seReduction: null }, { basic: ResNetBlock, bottleneck: ResNetBottleneck });
    this.config = config;
    beginPretrained(this, config, { ...RESNET_WEIGHTS, file: null });
  }

  /** Draws the weights anew; those that were pretrained are put back. */
  override resetParameters(): void {
    super.resetParameters();
    putBackPretrained(this);
  }
}
