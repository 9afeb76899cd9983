import { nn, type Tensor } from "../../torch/index.ts";
import { type ActivationParameters, buildActivation } from "./activation.ts";
import { child } from "./child.ts";
import { Convolution } from "./convolution.ts";
import { checkDivisible } from "./halvings.ts";
import { convTranspose, dropout as dropoutLayer, type SpatialDims } from "./layers.ts";
import { buildNorm, type ConvNormName, type NormParameters } from "./normalization.ts";

export interface SegResNetStackOptions {
  readonly spatialDims: SpatialDims;
  readonly initFilters: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly dropout: number | null;
  readonly act: ActivationParameters;
  readonly norm: NormParameters<ConvNormName>;
  readonly blocksDown: readonly number[];
  readonly blocksUp: readonly number[];
  readonly upsampleMode: "nontrainable" | "deconv";
}

type Geometry = { readonly kernelSize?: 1 | 3; readonly stride?: number; readonly bias?: boolean };

function convolution(dims: SpatialDims, from: number, to: number, geometry: Geometry = {}): Convolution {
  const { kernelSize = 3, stride = 1, bias = false } = geometry;
  const padding = (kernelSize - 1) / 2;
  return new Convolution({
    spatialDims: dims,
    inChannels: from,
    outChannels: to,
    kernelSize,
    stride,
    padding,
    bias,
    adn: null,
  });
}

/** The sum of an image and of what two convolutions, each after a normalisation and an activation, make of it. */
export class ResBlock extends nn.Module {
  readonly #changes: nn.Sequential;

  constructor({ spatialDims, norm, act }: SegResNetStackOptions, channels: number) {
    super();
    const norm1 = child(this, "norm1", buildNorm(norm, spatialDims, channels));
    const norm2 = child(this, "norm2", buildNorm(norm, spatialDims, channels));
    const shared = child(this, "act", buildActivation(act));
    const conv1 = child(this, "conv1", convolution(spatialDims, channels, channels));
    const conv2 = child(this, "conv2", convolution(spatialDims, channels, channels));
    this.#changes = new nn.Sequential(norm1, shared, conv1, norm2, shared, conv2);
  }

  override forward(x: Tensor): Tensor {
    using changed = this.#changes.call(x);
    return changed.add(x);
  }
}

/** Halves the channels and doubles the size. */
function upSample({ spatialDims: dims, upsampleMode }: SegResNetStackOptions, channels: number): nn.Sequential {
  const half = Math.floor(channels / 2);
  const reduce = convolution(dims, channels, half, { kernelSize: 1 });
  const double = new nn.Sequential();
  if (upsampleMode === "deconv") double.addModule("deconv", new (convTranspose(dims))(half, half, 2, { stride: 2 }));
  else {
    const mode = ({ 1: "linear", 2: "bilinear", 3: "trilinear" } as const)[dims];
    double.addModule("upsample_non_trainable", new nn.Upsample({ scaleFactor: 2, mode, alignCorners: false }));
  }
  return new nn.Sequential(reduce, double);
}

/** `convInit`, `down_layers`, `up_layers`, `up_samples`, `conv_final`, named as in MONAI. */
export abstract class SegResNetStack extends nn.Module {
  readonly #begin: nn.Sequential;
  readonly #down: readonly nn.Sequential[];
  readonly #up: readonly { readonly sample: nn.Sequential; readonly blocks: nn.Sequential }[];
  readonly #final: nn.Sequential;

  constructor(options: SegResNetStackOptions) {
    super();
    const { spatialDims: dims, initFilters, inChannels, outChannels, blocksDown, blocksUp, dropout } = options;
    const blocks = (count: number, channels: number) =>
      Array.from({ length: count }, () => new ResBlock(options, channels));
    const act = child(this, "act_mod", buildActivation(options.act));
    const init = child(this, "convInit", convolution(dims, inChannels, initFilters));
    const down = blocksDown.map((count, i) => {
      const channels = initFilters * 2 ** i;
      const halving = i === 0 ? new nn.Identity() : convolution(dims, channels / 2, channels, { stride: 2 });
      return new nn.Sequential(halving, ...blocks(count, channels));
    });
    child(this, "down_layers", new nn.ModuleList(down));
    this.#down = down;
    this.#up = blocksUp.map((count, i) => {
      const channels = initFilters * 2 ** (blocksUp.length - i);
      return { blocks: new nn.Sequential(...blocks(count, channels / 2)), sample: upSample(options, channels) };
    });
    child(this, "up_layers", new nn.ModuleList(this.#up.map((step) => step.blocks)));
    child(this, "up_samples", new nn.ModuleList(this.#up.map((step) => step.sample)));
    const last = convolution(dims, initFilters, outChannels, { kernelSize: 1, bias: true });
    this.#final = child(this, "conv_final", new nn.Sequential(buildNorm(options.norm, dims, initFilters), act, last));
    const drop = dropout === null ? [] : [child(this, "dropout", new (dropoutLayer(dims))(dropout))];
    this.#begin = new nn.Sequential(init, ...drop);
  }

  override forward(x: Tensor): Tensor {
    const size = x.shape.slice(2);
    const factor = 2 ** this.#up.length;
    checkDivisible(
      this.constructor.name,
      size,
      size.map(() => factor),
      "give fewer 'blocksDown' and 'blocksUp'",
    );
    using first = this.#begin.call(x);
    using last = this.#downAndUp(first, 0);
    return this.#final.call(last);
  }

  /** An image after the layers below it, and those that bring it back to its size. */
  #downAndUp(image: Tensor, depth: number): Tensor {
    const down = this.#down[depth];
    if (down === undefined) return image;
    using here = down.call(image);
    const up = this.#up[this.#up.length - 1 - depth];
    if (up === undefined) return here.alias();
    using below = this.#downAndUp(here, depth + 1);
    using larger = up.sample.call(below);
    using sum = larger.add(here);
    return up.blocks.call(sum);
  }
}
