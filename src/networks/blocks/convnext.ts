import * as torch from "../../torch/index.ts";
import { nn, type Tensor } from "../../torch/index.ts";
import { type ActivationParameters, buildActivation } from "./activation.ts";
import { child } from "./child.ts";
import { DropPath } from "./drop-path.ts";
import { conv, pool, type SpatialDims } from "./layers.ts";

export interface ConvNeXtShape {
  readonly spatialDims: SpatialDims;
  readonly inChannels: number;
  readonly numOutputs: number | null;
  readonly nFeatures: readonly number[];
  readonly nBlocks: readonly number[];
  readonly layerScale: number;
  readonly stochasticDepthProb: number;
  readonly outputAct: ActivationParameters | null;
}

/** Normalises each place over channels, which come second: (N, C, …). */
class LayerNormChannels extends nn.LayerNorm {
  constructor(channels: number) {
    super([channels], { eps: 1e-6 });
  }

  override forward(x: Tensor): Tensor {
    using last = x.movedim(1, -1);
    using normed = super.forward(last);
    return normed.movedim(-1, 1);
  }
}

/** Brings channels from the second place to the last, or back. */
class Permute extends nn.Module {
  readonly #from: number;

  constructor(from: 1 | -1) {
    super();
    this.#from = from;
  }

  override forward(x: Tensor): Tensor {
    return x.movedim(this.#from, -this.#from);
  }
}

/** A convolution of each channel alone, then an MLP on each place; what comes out, scaled per channel, is added to what went in. */
export class CNBlock extends nn.Module {
  readonly #initial: number;
  readonly #layerScale: nn.Parameter;
  readonly #block: nn.Sequential;
  readonly #dropPath: DropPath;

  constructor({ spatialDims, layerScale }: ConvNeXtShape, channels: number, dropPath: number) {
    super();
    this.#initial = layerScale;
    this.#layerScale = new nn.Parameter(torch.empty([channels, ...Array.from({ length: spatialDims }, () => 1)]));
    this.registerParameter("layer_scale", this.#layerScale);
    this.resetParameters();
    const layers = [
      new (conv(spatialDims))(channels, channels, 7, { padding: 3, groups: channels }),
      new Permute(1),
      new nn.LayerNorm([channels], { eps: 1e-6 }),
      new nn.Linear(channels, 4 * channels),
      new nn.GELU(),
      new nn.Linear(4 * channels, channels),
      new Permute(-1),
    ];
    this.#block = child(this, "block", new nn.Sequential(...layers));
    this.#dropPath = child(this, "stochastic_depth", new DropPath(dropPath));
  }

  /** Makes the scale of each channel what it is in the beginning. */
  resetParameters(): void {
    nn.init.constant_(this.#layerScale, this.#initial);
  }

  override forward(x: Tensor): Tensor {
    using changed = this.#block.call(x);
    using scaled = this.#layerScale.mul(changed);
    using kept = this.#dropPath.call(scaled);
    return kept.add(x);
  }
}

/** `features`: a convolution, then blocks with halvings between them; and `avgpool`, `classifier`, as torchvision names them. */
export abstract class ConvNeXtStack extends nn.Sequential {
  constructor(shape: ConvNeXtShape) {
    super();
    const { spatialDims: dims, inChannels, numOutputs, nFeatures, nBlocks, stochasticDepthProb, outputAct } = shape;
    const Conv = conv(dims);
    const total = nBlocks.reduce((sum, count) => sum + count, 0);
    let done = 0;
    const features = new nn.Sequential();
    for (const [i, channels] of nFeatures.entries()) {
      const before = nFeatures[i - 1];
      features.append(
        before === undefined
          ? new nn.Sequential(new Conv(inChannels, channels, 4, { stride: 4 }), new LayerNormChannels(channels))
          : new nn.Sequential(new LayerNormChannels(before), new Conv(before, channels, 2, { stride: 2 })),
      );
      const blocks = Array.from({ length: nBlocks[i] ?? 0 }, () => {
        const dropPath = total === 1 ? 0 : (stochasticDepthProb * done++) / (total - 1);
        return new CNBlock(shape, channels, dropPath);
      });
      features.append(new nn.Sequential(...blocks));
    }
    this.addModule("features", features);
    if (numOutputs !== null) {
      const last = nFeatures.at(-1) ?? 1;
      this.addModule("avgpool", new (pool("adaptiveavg", dims))(1));
      const head = [new LayerNormChannels(last), new nn.Flatten(), new nn.Linear(last, numOutputs)];
      this.addModule("classifier", new nn.Sequential(...head));
      if (outputAct !== null) this.addModule("output_act", buildActivation(outputAct));
    }
    this.resetParameters();
  }

  /** Draws what its layers, which have drawn theirs, draw in another way in this network. */
  resetParameters(): void {
    for (const module of this.modules()) {
      const drawn =
        module instanceof nn.Conv1d ||
        module instanceof nn.Conv2d ||
        module instanceof nn.Conv3d ||
        module instanceof nn.Linear;
      if (!drawn) continue;
      nn.init.truncNormal_(module.weight, { std: 0.02 });
      if (module.bias !== null) nn.init.zeros_(module.bias);
    }
  }
}
