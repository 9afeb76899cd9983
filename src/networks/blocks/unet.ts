import * as torch from "../../torch/index.ts";
import { nn, type Tensor } from "../../torch/index.ts";
import { type ActivationParameters, buildActivation } from "./activation.ts";
import { child } from "./child.ts";
import { Convolution } from "./convolution.ts";
import { checkDivisible } from "./halvings.ts";
import { norm, pool, type SpatialDims } from "./layers.ts";

interface UNetBlockOptions {
  readonly spatialDims: SpatialDims;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly act: ActivationParameters;
  readonly dropout: number | null;
}

function convolution({ act, dropout, ...rest }: UNetBlockOptions): Convolution {
  return new Convolution({ ...rest, kernelSize: 3, padding: 1, adn: { ordering: "NDA", act, norm: "batch", dropout } });
}
/** A convolution of one voxel, and nothing after it. */
function pointwise(spatialDims: SpatialDims, inChannels: number, outChannels: number): Convolution {
  return new Convolution({ spatialDims, inChannels, outChannels, kernelSize: 1, adn: null });
}

/** Two convolutions, each with normalisation, dropout and activation, that keep the size. */
export class ConvBlock extends nn.Sequential {
  constructor(options: UNetBlockOptions) {
    super(convolution(options), convolution({ ...options, inChannels: options.outChannels }));
  }
}

/** Doubles the size, with a convolution after it. */
class UpSample extends nn.Sequential {
  constructor(options: UNetBlockOptions) {
    super(new nn.Upsample({ scaleFactor: 2 }), convolution(options));
  }
}

/** Halves the size, with two convolutions after it. */
export class DownBlock extends nn.Sequential {
  constructor(options: UNetBlockOptions) {
    super({ pool: new (pool("max", options.spatialDims))(2), doubleconv: new ConvBlock(options) });
  }
}

/** A weight per voxel, of a gating signal and an image, times the image; named as in MONAI. */
class AttentionBlock extends nn.Module<[Tensor, Tensor], Tensor> {
  readonly #ofGate: nn.Sequential;
  readonly #ofImage: nn.Sequential;
  readonly #weigh: nn.Sequential;
  readonly #relu: nn.ReLU;

  constructor(dims: SpatialDims, channels: number) {
    super();
    const inner = Math.floor(channels / 2);
    const normed = (from: number, to: number) => [pointwise(dims, from, to), new (norm("batch", dims))(to)] as const;
    this.#ofGate = child(this, "W_g", new nn.Sequential(...normed(channels, inner)));
    this.#ofImage = child(this, "W_x", new nn.Sequential(...normed(channels, inner)));
    this.#weigh = child(this, "psi", new nn.Sequential(...normed(inner, 1), new nn.Sigmoid()));
    this.#relu = child(this, "relu", new nn.ReLU());
  }

  override forward(gate: Tensor, image: Tensor): Tensor {
    using ofGate = this.#ofGate.call(gate);
    using ofImage = this.#ofImage.call(image);
    using sum = ofGate.add(ofImage);
    using positive = this.#relu.call(sum);
    using weights = this.#weigh.call(positive);
    return image.mul(weights);
  }
}

/**
 * What comes from below, doubled in size, beside what comes from the encoder at that size; then two convolutions.
 */
export class UpBlock extends nn.Module<[Tensor, Tensor], Tensor> {
  readonly #upsample: UpSample;
  readonly #attention: AttentionBlock | null;
  readonly #doubleconv: ConvBlock;

  /** @param attention makes what the skip connection goes through. */
  constructor(options: UNetBlockOptions, attention: (() => AttentionBlock) | null = null) {
    super();
    this.#upsample = child(this, "upsample", new UpSample(options));
    this.#attention = attention === null ? null : child(this, "attention", attention());
    this.#doubleconv = child(this, "doubleconv", new ConvBlock({ ...options, inChannels: options.outChannels * 2 }));
  }

  override forward(x: Tensor, skip: Tensor): Tensor {
    using up = this.#upsample.call(x);
    using gated = this.#attention?.call(skip, up);
    using merged = torch.cat([gated ?? skip, up], 1);
    return this.#doubleconv.call(merged);
  }
}

/** An {@link UpBlock} whose skip connection weighs what comes from below, and does not stand beside it. */
export class AttentionUpBlock extends UpBlock {
  constructor(options: UNetBlockOptions) {
    super(options, () => new AttentionBlock(options.spatialDims, options.outChannels));
  }
}

export interface UNetStackOptions extends UNetBlockOptions {
  readonly channels: readonly number[];
  readonly outputAct: ActivationParameters | null;
}

/**
 * The way down and up again: `doubleconv`, `down{i}`, `up{i}`, `reduce_channels`, `output_act`. Images go up beside
 * those of their size on the way down.
 */
export abstract class UNetStack extends nn.Module {
  readonly #doubleconv: ConvBlock;
  /** From the largest images to the smallest. */
  readonly #steps: readonly Step[];
  readonly #head: nn.Sequential;

  /** @param Up the block of each step up. */
  constructor(options: UNetStackOptions, Up: new (options: UNetBlockOptions) => UpBlock) {
    super();
    const { spatialDims, inChannels, outChannels, channels, act, outputAct, dropout } = options;
    const [first = 1, ...deeper] = channels;
    const block = (from: number, to: number) => ({ spatialDims, inChannels: from, outChannels: to, act, dropout });
    this.#doubleconv = child(this, "doubleconv", new ConvBlock(block(inChannels, first)));
    const downs = deeper.map((below, i) => {
      const above = channels[i] ?? first;
      return { i: i + 1, above, below, down: child(this, `down${i + 1}`, new DownBlock(block(above, below))) };
    });
    this.#steps = downs
      .toReversed()
      .map(({ i, above, below, down }) => ({ down, up: child(this, `up${i}`, new Up(block(below, above))) }))
      .reverse();
    const head: nn.Layer[] = [child(this, "reduce_channels", pointwise(spatialDims, first, outChannels))];
    if (outputAct !== null) head.push(child(this, "output_act", buildActivation(outputAct)));
    this.#head = new nn.Sequential(...head);
  }

  override forward(x: Tensor): Tensor {
    this.#checkSize(x.shape.slice(2));
    using first = this.#doubleconv.call(x);
    using last = this.#downAndUp(first, this.#steps);
    return this.#head.call(last);
  }

  /** An image after the steps below it; the image itself when there are none. */
  #downAndUp(image: Tensor, [step, ...deeper]: readonly Step[]): Tensor {
    if (step === undefined) return image;
    using half = step.down.call(image);
    using below = this.#downAndUp(half, deeper);
    return step.up.call(below, image);
  }

  #checkSize(size: readonly number[]): void {
    const factors = size.map(() => 2 ** this.#steps.length);
    checkDivisible(this.constructor.name, size, factors, "give fewer 'channels'");
  }
}

interface Step {
  readonly down: DownBlock;
  readonly up: UpBlock;
}
