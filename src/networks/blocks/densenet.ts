import * as torch from "../../torch/index.ts";
import { nn, type Tensor } from "../../torch/index.ts";
import { type ActivationParameters, buildActivation } from "./activation.ts";
import { child } from "./child.ts";
import { conv, dropout as dropoutLayer, norm, pool, type SpatialDims } from "./layers.ts";

interface DenseOptions {
  readonly spatialDims: SpatialDims;
  /** How many channels each layer adds. */
  readonly growthRate: number;
  /** How many times more channels there are between the two convolutions of a layer. */
  readonly bottleneckFactor: number;
  readonly act: ActivationParameters;
  readonly dropout: number | null;
}

/** An image, and beside it the channels that two convolutions make of it; named as in MONAI. */
class _DenseLayer extends nn.Module {
  readonly #layers: nn.Sequential;

  constructor({ spatialDims: dims, growthRate, bottleneckFactor, act, dropout }: DenseOptions, inChannels: number) {
    super();
    const inner = bottleneckFactor * growthRate;
    this.#layers = child(this, "layers", new nn.Sequential());
    this.#layers.addModule("norm1", new (norm("batch", dims))(inChannels));
    this.#layers.addModule("act1", buildActivation(act));
    this.#layers.addModule("conv1", new (conv(dims))(inChannels, inner, 1, { bias: false }));
    this.#layers.addModule("norm2", new (norm("batch", dims))(inner));
    this.#layers.addModule("act2", buildActivation(act));
    this.#layers.addModule("conv2", new (conv(dims))(inner, growthRate, 3, { padding: 1, bias: false }));
    if (dropout !== null && dropout > 0) this.#layers.addModule("dropout", new (dropoutLayer(dims))(dropout));
  }

  override forward(x: Tensor): Tensor {
    using made = this.#layers.call(x);
    return torch.cat([x, made], 1);
  }
}

/** Layers each of which sees the channels of all before it. */
export class _DenseBlock extends nn.Sequential {
  constructor(options: DenseOptions, inChannels: number, layers: number) {
    super();
    for (let i = 0; i < layers; i++) {
      this.addModule(`denselayer${i + 1}`, new _DenseLayer(options, inChannels + i * options.growthRate));
    }
  }
}

/** Halves the channels and the size. */
class _Transition extends nn.Sequential {
  constructor({ spatialDims: dims, act }: DenseOptions, inChannels: number) {
    super();
    this.addModule("norm", new (norm("batch", dims))(inChannels));
    this.addModule("act", buildActivation(act));
    this.addModule("conv", new (conv(dims))(inChannels, Math.floor(inChannels / 2), 1, { bias: false }));
    this.addModule("pool", new (pool("avg", dims))(2, { stride: 2 }));
  }
}

interface DenseFeaturesOptions extends DenseOptions {
  readonly inChannels: number;
  readonly nDenseLayers: readonly number[];
  readonly initFeatures: number;
}

/** The first convolution (`conv0`, `norm0`, `act0`, `pool0`), then `denseblock{i}` with `transition{i}` between them, and `norm5`. */
function denseFeatures(options: DenseFeaturesOptions): { layers: nn.Sequential; channels: number } {
  const { spatialDims: dims, inChannels, nDenseLayers, initFeatures, growthRate, act } = options;
  const layers = new nn.Sequential();
  const geometry = { stride: 2, padding: 3, bias: false };
  layers.addModule("conv0", new (conv(dims))(inChannels, initFeatures, 7, geometry));
  layers.addModule("norm0", new (norm("batch", dims))(initFeatures));
  layers.addModule("act0", buildActivation(act));
  layers.addModule("pool0", new (pool("max", dims))(3, { stride: 2, padding: 1 }));
  let channels = initFeatures;
  for (const [i, count] of nDenseLayers.entries()) {
    if (i > 0) {
      layers.addModule(`transition${i}`, new _Transition(options, channels));
      channels = Math.floor(channels / 2);
    }
    layers.addModule(`denseblock${i + 1}`, new _DenseBlock(options, channels, count));
    channels += count * growthRate;
  }
  // torchvision and MONAI call it so, however many blocks there are
  layers.addModule("norm5", new (norm("batch", dims))(channels));
  return { layers, channels };
}

/** `features`, and `fc`. */
export abstract class DenseNetStack extends nn.Sequential {
  constructor(
    options: DenseFeaturesOptions & {
      readonly numOutputs: number | null;
      readonly outputAct: ActivationParameters | null;
    },
  ) {
    super();
    const { spatialDims, numOutputs, act, outputAct } = options;
    const { layers, channels } = denseFeatures(options);
    this.addModule("features", layers);
    // without it, MONAI still draws the weights of a linear layer: what is drawn next is the same
    const out = new nn.Linear(channels, numOutputs ?? 1);
    if (numOutputs === null) out.dispose();
    else {
      const fc = child(this, "fc", new nn.Sequential());
      fc.addModule("act", buildActivation(act));
      fc.addModule("pool", new (pool("adaptiveavg", spatialDims))(1));
      fc.addModule("flatten", new nn.Flatten());
      fc.addModule("out", out);
      if (outputAct !== null) fc.addModule("output_act", buildActivation(outputAct));
    }
    this.resetParameters();
  }

  /** Draws what its layers, which have drawn theirs, draw in another way in this network (He et al., 2015). */
  resetParameters(): void {
    for (const module of this.modules()) {
      if (module instanceof nn.Conv1d || module instanceof nn.Conv2d || module instanceof nn.Conv3d) {
        nn.init.kaimingNormal_(module.weight);
      } else if (module instanceof nn.Linear && module.bias !== null) nn.init.zeros_(module.bias);
    }
  }
}
