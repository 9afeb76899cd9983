import { nn, type Tensor } from "../../torch/index.ts";
import { type ActivationParameters, buildActivation } from "./activation.ts";
import { child } from "./child.ts";
import { conv, norm, pool, type SpatialDims } from "./layers.ts";
import type { ResNetOptions } from "./resnet-options.ts";

interface BlockOptions {
  readonly spatialDims: SpatialDims;
  readonly inChannels: number;
  /** Channels of the convolutions of 3 voxels. */
  readonly planes: number;
  readonly outChannels: number;
  readonly stride: number;
  readonly act: ActivationParameters;
  /** Of the squeeze-and-excitation before the sum; null: there is none. */
  readonly seReduction: number | null;
}

interface Conv {
  readonly from: number;
  readonly to: number;
  readonly kernelSize: 1 | 3;
  readonly stride: number;
}

/**
 * The sum of an image and of what convolutions make of it: `conv{i}`, `norm{i}`, `act{i}`, then `se_layer`, and for the image itself
 * `downsample` where it would have another shape.
 */
export abstract class ResidualBlock extends nn.Module {
  readonly #convolutions: nn.Sequential;
  readonly #downsample: nn.Sequential | null;
  readonly #act: nn.Layer;

  constructor(
    { spatialDims: dims, inChannels, outChannels, stride, act, seReduction }: BlockOptions,
    convs: readonly Conv[],
  ) {
    super();
    const convolution = ({ from, to, kernelSize, stride }: Conv) =>
      new (conv(dims))(from, to, kernelSize, { stride, padding: (kernelSize - 1) / 2, bias: false });
    // it draws its weights first, and comes after the convolutions
    const direct: Conv = { from: inChannels, to: outChannels, kernelSize: 1, stride };
    const downsample =
      stride === 1 && inChannels === outChannels
        ? null
        : new nn.Sequential(convolution(direct), new (norm("batch", dims))(outChannels));
    const layers: nn.Layer[] = [];
    for (const [i, each] of convs.entries()) {
      if (i > 0) layers.push(child(this, `act${i}`, buildActivation(act)));
      layers.push(child(this, `conv${i + 1}`, convolution(each)));
      layers.push(child(this, `norm${i + 1}`, new (norm("batch", dims))(each.to)));
    }
    if (seReduction !== null) {
      layers.push(child(this, "se_layer", new ChannelSELayer(dims, outChannels, seReduction)));
    }
    this.#convolutions = new nn.Sequential(...layers);
    this.#downsample = downsample === null ? null : child(this, "downsample", downsample);
    this.#act = child(this, `act${convs.length}`, buildActivation(act));
  }

  override forward(x: Tensor): Tensor {
    using direct = this.#downsample?.call(x);
    return this.#convolutions.residual(x, direct ?? x, this.#act);
  }
}

/** Two convolutions of 3 voxels. */
export class ResNetBlock extends ResidualBlock {
  constructor(options: BlockOptions) {
    const { inChannels, planes, outChannels, stride } = options;
    super(options, [
      { from: inChannels, to: planes, kernelSize: 3, stride },
      { from: planes, to: outChannels, kernelSize: 3, stride: 1 },
    ]);
  }
}
/** A convolution of 3 voxels between two of one, which reduce its channels and bring them back. */
export class ResNetBottleneck extends ResidualBlock {
  constructor(options: BlockOptions) {
    const { inChannels, planes, outChannels, stride } = options;
    super(options, [
      { from: inChannels, to: planes, kernelSize: 1, stride: 1 },
      { from: planes, to: planes, kernelSize: 3, stride },
      { from: planes, to: outChannels, kernelSize: 1, stride: 1 },
    ]);
  }
}
/** Those with squeeze-and-excitation have names of their own, as in ClinicaDL. */
export class SEResNetBlock extends ResNetBlock {}
export class SEResNetBottleneck extends ResNetBottleneck {}

/** Weighs each channel by what all channels are in the mean (Hu et al., 2018). */
class ChannelSELayer extends nn.Module {
  readonly #pool: nn.Layer;
  readonly #fc: nn.Sequential;

  constructor(dims: SpatialDims, channels: number, reduction: number) {
    super();
    const inner = Math.floor(channels / reduction);
    this.#pool = child(this, "avg_pool", new (pool("adaptiveavg", dims))(1));
    const layers = [new nn.Linear(channels, inner), new nn.ReLU({ inplace: true }), new nn.Linear(inner, channels)];
    this.#fc = child(this, "fc", new nn.Sequential(...layers, new nn.Sigmoid()));
  }

  override forward(x: Tensor): Tensor {
    const [batch = 1, channels = 1, ...size] = x.shape;
    using pooled = this.#pool.call(x);
    using means = pooled.reshape([batch, channels]);
    using weights = this.#fc.call(means);
    using perVoxel = weights.reshape([batch, channels, ...size.map(() => 1)]);
    return x.mul(perVoxel);
  }
}

type Block = new (options: BlockOptions) => ResidualBlock;

/** `conv0`, `norm0`, `act0`, `pool0`, then `layer{i}` of residual blocks, and `fc`. */
export abstract class ResNetStack extends nn.Sequential {
  /** @param blocks the two types of block. */
  constructor(
    options: ResNetOptions & { readonly seReduction: number | null },
    blocks: Readonly<Record<ResNetOptions["blockType"], Block>>,
  ) {
    super();
    const { spatialDims: dims, nFeatures, act, seReduction, initConvSize, initConvStride, numOutputs } = options;
    const Block = blocks[options.blockType];
    const reduction = options.blockType === "bottleneck" ? options.bottleneckReduction : 1;
    let inChannels = Math.floor((nFeatures[0] ?? 1) / reduction);
    const geometry = { stride: initConvStride, padding: initConvSize.map((n) => Math.floor(n / 2)), bias: false };
    this.addModule("conv0", new (conv(dims))(options.inChannels, inChannels, initConvSize, geometry));
    this.addModule("norm0", new (norm("batch", dims))(inChannels));
    this.addModule("act0", buildActivation(act));
    this.addModule("pool0", new (pool("max", dims))(3, { stride: 2, padding: 1 }));
    for (const [i, outChannels] of nFeatures.entries()) {
      const layer = new nn.Sequential();
      for (let j = 0; j < (options.nResBlocks[i] ?? 0); j++) {
        const stride = i > 0 && j === 0 ? 2 : 1;
        const planes = outChannels / reduction;
        layer.append(new Block({ spatialDims: dims, inChannels, planes, outChannels, stride, act, seReduction }));
        inChannels = outChannels;
      }
      this.addModule(`layer${i + 1}`, layer);
    }
    if (numOutputs !== null) {
      const fc = child(this, "fc", new nn.Sequential());
      fc.addModule("pool", new (pool("adaptiveavg", dims))(dims === 1 ? 1 : initConvSize.map(() => 1)));
      fc.addModule("flatten", new nn.Flatten());
      fc.addModule("out", new nn.Linear(inChannels, numOutputs));
      if (options.outputAct !== null) fc.addModule("output_act", buildActivation(options.outputAct));
    }
    this.resetParameters();
  }

  /** Draws what its layers, which have drawn theirs, draw in another way in this network (He et al., 2015). */
  resetParameters(): void {
    for (const module of this.modules()) {
      if (module instanceof nn.Conv1d || module instanceof nn.Conv2d || module instanceof nn.Conv3d) {
        nn.init.kaimingNormal_(module.weight, { mode: "fan_out", nonlinearity: "relu" });
      } else if (module instanceof nn.Linear && module.bias !== null) nn.init.zeros_(module.bias);
    }
  }
}
