import * as torch from "../../torch/index.ts";
import { nn, type Tensor } from "../../torch/index.ts";
import { child } from "./child.ts";
import { Convolution } from "./convolution.ts";
import type { SpatialDims } from "./layers.ts";
import { buildNorm, type ConvNormName, type NormParameters } from "./normalization.ts";

export interface UnetrLayers {
  readonly spatialDims: SpatialDims;
  readonly norm: NormParameters<ConvNormName>;
}

/** The sum of two convolutions of an image and of the image, which where it must be is given other channels; named as in MONAI. */
class UnetResBlock extends nn.Module {
  readonly #changes: nn.Sequential;
  readonly #direct: nn.Sequential | null;
  readonly #act: nn.Layer;

  constructor({ spatialDims, norm }: UnetrLayers, inChannels: number, outChannels: number) {
    super();
    const convolution = (name: string, from: number, kernelSize: 1 | 3) => {
      const padding = (kernelSize - 1) / 2;
      const sizes = { spatialDims, inChannels: from, outChannels, kernelSize, padding, bias: false };
      return child(this, name, new Convolution({ ...sizes, adn: null }));
    };
    const normalization = (name: string) => child(this, name, buildNorm(norm, spatialDims, outChannels));
    const conv1 = convolution("conv1", inChannels, 3);
    const conv2 = convolution("conv2", outChannels, 3);
    this.#act = child(this, "lrelu", new nn.LeakyReLU(0.01, { inplace: true }));
    const [norm1, norm2] = [normalization("norm1"), normalization("norm2")];
    this.#changes = new nn.Sequential(conv1, norm1, this.#act, conv2, norm2);
    this.#direct =
      inChannels === outChannels
        ? null
        : new nn.Sequential(convolution("conv3", inChannels, 1), normalization("norm3"));
  }

  override forward(x: Tensor): Tensor {
    using direct = this.#direct?.call(x);
    return this.#changes.residual(x, direct ?? x, this.#act);
  }
}

/** A residual block, `layer`. */
export class UnetrBasicBlock extends nn.Module {
  readonly #layer: UnetResBlock;

  constructor(layers: UnetrLayers, inChannels: number, outChannels: number) {
    super();
    this.#layer = child(this, "layer", new UnetResBlock(layers, inChannels, outChannels));
  }

  override forward(x: Tensor): Tensor {
    return this.#layer.call(x);
  }
}

/** What comes from below, doubled in size, beside what comes from the encoder at that size; then a residual block. */
export class UnetrUpBlock extends nn.Module<[Tensor, Tensor], Tensor> {
  readonly #up: Convolution;
  readonly #block: UnetResBlock;

  constructor(layers: UnetrLayers, inChannels: number, outChannels: number) {
    super();
    const { spatialDims } = layers;
    const geometry = { kernelSize: 2, stride: 2, bias: false, outputPadding: 0 };
    const up = new Convolution({ spatialDims, inChannels, outChannels, ...geometry, adn: null });
    this.#up = child(this, "transp_conv", up);
    this.#block = child(this, "conv_block", new UnetResBlock(layers, 2 * outChannels, outChannels));
  }

  override forward(x: Tensor, skip: Tensor): Tensor {
    using up = this.#up.call(x);
    using merged = torch.cat([up, skip], 1);
    return this.#block.call(merged);
  }
}

/** A convolution of one voxel, `conv`. */
export class UnetOutBlock extends nn.Module {
  readonly #conv: Convolution;

  constructor(spatialDims: SpatialDims, inChannels: number, outChannels: number) {
    super();
    const geometry = { spatialDims, inChannels, outChannels, kernelSize: 1 };
    this.#conv = child(this, "conv", new Convolution({ ...geometry, adn: null }));
  }

  override forward(x: Tensor): Tensor {
    return this.#conv.call(x);
  }
}
