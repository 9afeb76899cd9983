import * as torch from "../../torch/index.ts";
import { nn, type Tensor } from "../../torch/index.ts";
import { type ActivationParameters, buildActivation } from "./activation.ts";
import { child } from "./child.ts";
import { conv, convTranspose, dropout as dropoutLayer, pool, type SpatialDims } from "./layers.ts";
import { buildNorm, type ConvNormName, type NormParameters } from "./normalization.ts";

/** What all convolutions of the network share. */
export interface ResEncLayers {
  readonly spatialDims: SpatialDims;
  readonly convBias: boolean;
  readonly norm: NormParameters<ConvNormName>;
  readonly act: ActivationParameters;
  readonly dropout: number | null;
}

interface Geometry {
  readonly from: number;
  readonly to: number;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
}

/** One of each dimension. */
export const ones = (dims: SpatialDims): number[] => Array.from({ length: dims }, () => 1);

/** A convolution, dropout, normalisation and activation; nnU-Net names each of them twice: by what it is, and by its place. */
class ConvDropoutNormReLU extends nn.Module {
  readonly #all: nn.Sequential;
  readonly #norm: nn.Layer;

  /** @param layers without dropout or activation where these are null. */
  constructor(
    layers: Omit<ResEncLayers, "act"> & { readonly act: ActivationParameters | null },
    { from, to, kernelSize, stride }: Geometry,
  ) {
    super();
    const { spatialDims: dims, convBias: bias, norm, act, dropout } = layers;
    const padding = kernelSize.map((length) => Math.floor((length - 1) / 2));
    const chain: nn.Layer[] = [child(this, "conv", new (conv(dims))(from, to, kernelSize, { stride, padding, bias }))];
    if (dropout !== null) chain.push(child(this, "dropout", new (dropoutLayer(dims))(dropout)));
    this.#norm = child(this, "norm", buildNorm(norm, dims, to));
    chain.push(this.#norm);
    if (act !== null) chain.push(child(this, "nonlin", buildActivation(act)));
    this.#all = child(this, "all_modules", new nn.Sequential(...chain));
  }

  /** Makes it give zeros. */
  zeroNorm(): void {
    for (const parameter of this.#norm.parameters()) nn.init.zeros_(parameter);
  }

  override forward(x: Tensor): Tensor {
    return this.#all.call(x);
  }

  /** `act` of the sum of what it makes of an image, and another. */
  residual(x: Tensor, skip: Tensor, act: nn.Layer): Tensor {
    const chain = this.hooked ? new nn.Sequential(this) : this.#all;
    return chain.residual(x, skip, act);
  }
}

/** Convolutions of which the first may have a stride. */
export class StackedConvBlocks extends nn.Module {
  readonly #convs: nn.Sequential;

  constructor(layers: ResEncLayers, count: number, geometry: Geometry) {
    super();
    const { to, kernelSize } = geometry;
    const later: Geometry = { from: to, to, kernelSize, stride: ones(layers.spatialDims) };
    const convs = Array.from({ length: count }, (_, i) => new ConvDropoutNormReLU(layers, i === 0 ? geometry : later));
    this.#convs = child(this, "convs", new nn.Sequential(...convs));
  }

  override forward(x: Tensor): Tensor {
    return this.#convs.call(x);
  }
}

/** The sum of two convolutions of an image and of the image, which where it must be is made smaller by means and given other channels. */
export class BasicBlockD extends nn.Module {
  readonly #conv1: ConvDropoutNormReLU;
  readonly #conv2: ConvDropoutNormReLU;
  readonly #act: nn.Layer;
  readonly #skip: nn.Sequential | null;

  constructor(layers: ResEncLayers, geometry: Geometry) {
    super();
    const { from, to, kernelSize, stride } = geometry;
    const { spatialDims: dims } = layers;
    const one = ones(dims);
    const plain = { ...layers, act: null, dropout: null };
    this.#conv1 = child(this, "conv1", new ConvDropoutNormReLU(layers, geometry));
    this.#conv2 = child(this, "conv2", new ConvDropoutNormReLU(plain, { from: to, to, kernelSize, stride: one }));
    this.#act = child(this, "nonlin2", buildActivation(layers.act));
    const skip: nn.Layer[] = [];
    if (stride.some((step) => step !== 1)) skip.push(new (pool("avg", dims))(stride, { stride }));
    if (from !== to) {
      skip.push(new ConvDropoutNormReLU({ ...plain, convBias: false }, { from, to, kernelSize: one, stride: one }));
    }
    this.#skip = skip.length === 0 ? null : child(this, "skip", new nn.Sequential(...skip));
  }

  /** In the beginning it gives what its skip connection does. */
  zeroLast(): void {
    this.#conv2.zeroNorm();
  }

  override forward(x: Tensor): Tensor {
    using direct = this.#skip?.call(x);
    using first = this.#conv1.call(x);
    return this.#conv2.residual(first, direct ?? x, this.#act);
  }
}

/** Residual blocks of which the first may have a stride. */
class StackedResidualBlocks extends nn.Module {
  readonly #blocks: nn.Sequential;

  constructor(layers: ResEncLayers, count: number, geometry: Geometry) {
    super();
    const { to, kernelSize } = geometry;
    const later: Geometry = { from: to, to, kernelSize, stride: ones(layers.spatialDims) };
    const blocks = Array.from({ length: count }, (_, i) => new BasicBlockD(layers, i === 0 ? geometry : later));
    this.#blocks = child(this, "blocks", new nn.Sequential(...blocks));
  }

  override forward(x: Tensor): Tensor {
    return this.#blocks.call(x);
  }
}

/** A size of images on the way down. */
export interface Stage {
  readonly features: number;
  readonly kernelSize: readonly number[];
  /** Of its first convolution. */
  readonly stride: readonly number[];
  readonly blocks: number;
}

/** The way down: `stem`, `stages`. */
export class ResidualEncoder extends nn.Module<[Tensor], Tensor[]> {
  readonly #stem: StackedConvBlocks;
  readonly #stages: nn.Sequential;

  constructor(layers: ResEncLayers, inChannels: number, stages: readonly [Stage, ...Stage[]]) {
    super();
    const [{ features: to, kernelSize }] = stages;
    const stem: Geometry = { from: inChannels, to, kernelSize, stride: ones(layers.spatialDims) };
    this.#stem = child(this, "stem", new StackedConvBlocks(layers, 1, stem));
    const made = stages.map(({ features, kernelSize, stride, blocks }, i) => {
      const from = i === 0 ? to : (stages[i - 1]?.features ?? to);
      return new StackedResidualBlocks(layers, blocks, { from, to: features, kernelSize, stride });
    });
    this.#stages = child(this, "stages", new nn.Sequential(...made));
  }

  /** The images after each stage, the largest first. */
  override forward(x: Tensor): Tensor[] {
    using begun = this.#stem.call(x);
    const skips: Tensor[] = [];
    for (const stage of this.#stages) skips.push(stage.call(skips.at(-1) ?? begun));
    return skips;
  }
}

interface UpStep {
  readonly larger: nn.Layer;
  readonly stage: StackedConvBlocks;
  readonly head: nn.Layer;
}

/** The way up: `encoder` once more, as nnU-Net names it, `stages`, `transpconvs`, `seg_layers`; the smallest images first. */
export class UNetDecoder extends nn.Module<[Tensor[], boolean], Tensor[]> {
  readonly #steps: readonly UpStep[];

  /** @param convs how many convolutions there are at each size, the smallest first. */
  constructor(
    layers: ResEncLayers,
    encoder: ResidualEncoder,
    stages: readonly Stage[],
    { convs, outChannels }: { readonly convs: readonly number[]; readonly outChannels: number },
  ) {
    super();
    const { spatialDims: dims, convBias: bias } = layers;
    child(this, "encoder", encoder);
    const down = stages.toReversed();
    this.#steps = convs.map((count, i) => {
      const [below, skip] = [down[i], down[i + 1]];
      if (below === undefined || skip === undefined) throw new RangeError("there is a step up for each step down");
      const { features: to, kernelSize } = skip;
      const larger = new (convTranspose(dims))(below.features, to, below.stride, { stride: below.stride, bias });
      const stage = new StackedConvBlocks(layers, count, { from: 2 * to, to, kernelSize, stride: ones(dims) });
      return { larger, stage, head: new (conv(dims))(to, outChannels, 1) };
    });
    child(this, "stages", new nn.ModuleList(this.#steps.map(({ stage }) => stage)));
    child(this, "transpconvs", new nn.ModuleList(this.#steps.map(({ larger }) => larger)));
    child(this, "seg_layers", new nn.ModuleList(this.#steps.map(({ head }) => head)));
  }

  /**
   * The segmentations, the largest first; takes what the encoder gave, and disposes it.
   * @param all whether each size has one, or the largest only.
   */
  override forward(skips: Tensor[], all: boolean): Tensor[] {
    const outputs: Tensor[] = [];
    let current = skips.pop();
    for (const [i, { larger, stage, head }] of this.#steps.entries()) {
      using below = current;
      using skip = skips.pop();
      if (below === undefined || skip === undefined) throw new RangeError("the encoder gives an image for each size");
      using up = larger.call(below);
      using both = torch.cat([up, skip], 1);
      current = stage.call(both);
      if (all || i === this.#steps.length - 1) outputs.unshift(head.call(current));
    }
    current?.dispose();
    return outputs;
  }
}

/** Draws what nnU-Net draws once a network is made (He et al., 2015); residual blocks begin as their skip connection. */
export function initResEnc(network: nn.AnyModule): void {
  network.apply((module) => {
    if (
      module instanceof nn.Conv2d ||
      module instanceof nn.Conv3d ||
      module instanceof nn.ConvTranspose2d ||
      module instanceof nn.ConvTranspose3d
    ) {
      nn.init.kaimingNormal_(module.weight, { a: 0.01 });
      if (module.bias !== null) nn.init.zeros_(module.bias);
    } else if (module instanceof BasicBlockD) module.zeroLast();
  });
}
