import * as torch from "../../torch/index.ts";
import { nn, type Tensor } from "../../torch/index.ts";
import { child } from "./child.ts";
import { conv, convTranspose, type SpatialDims } from "./layers.ts";

/** What all blocks of the network share. */
export interface MedNeXtLayers {
  readonly spatialDims: SpatialDims;
  readonly kernelSize: number;
  readonly useResidualConnection: boolean;
  readonly globalRespNorm: boolean;
}

interface BlockShape {
  readonly channels: number;
  readonly outChannels: number;
  /** How many times more channels there are inside. */
  readonly expansion: number;
}

/** One row and column more before the first ones, which a transposed convolution of stride 2 misses. */
function padded(x: Tensor, dims: SpatialDims): Tensor {
  return torch.constantPadNd(x, Array.from({ length: dims }, () => [1, 0]).flat());
}

/**
 * A convolution of each channel alone, then two of one voxel with more channels between them, as in a ConvNeXt; named as in MONAI.
 * @param resample whether the size is kept, halved or doubled.
 */
export class MedNeXtBlock extends nn.Module {
  readonly #dims: SpatialDims;
  readonly #resample: "same" | "down" | "up";
  readonly #expand: nn.Sequential;
  readonly #compress: nn.Layer;
  readonly #direct: nn.Layer | null;
  readonly #isResidual: boolean;
  readonly #response: { readonly beta: nn.Parameter; readonly gamma: nn.Parameter } | null;

  constructor(
    layers: MedNeXtLayers,
    { channels, outChannels, expansion }: BlockShape,
    resample: "same" | "down" | "up",
  ) {
    super();
    const { spatialDims: dims, kernelSize, useResidualConnection } = layers;
    const padding = Math.floor(kernelSize / 2);
    const Conv = conv(dims);
    const alone = { padding, groups: channels };
    // MONAI draws this one in any case, and where the size changes another one after all others
    const kept = new Conv(channels, channels, kernelSize, alone);
    const inner = expansion * channels;
    const norm = new nn.GroupNorm(channels, channels);
    const expand = new Conv(channels, inner, 1);
    const compress = new Conv(inner, outChannels, 1);
    const Change = resample === "up" ? convTranspose(dims) : Conv;
    const changes = resample !== "same";
    const direct = changes && useResidualConnection ? new Change(channels, outChannels, 1, { stride: 2 }) : null;
    const first = changes ? new Change(channels, channels, kernelSize, { ...alone, stride: 2 }) : kept;
    if (first !== kept) kept.dispose();

    child(this, "conv1", first);
    child(this, "norm", norm);
    child(this, "conv2", expand);
    const act = child(this, "act", new nn.GELU());
    this.#compress = child(this, "conv3", compress);
    this.#direct = direct === null ? null : child(this, "res_conv", direct);
    this.#expand = new nn.Sequential(first, norm, expand, act);
    this.#dims = dims;
    this.#resample = resample;
    this.#isResidual = useResidualConnection;
    // MONAI has none in the blocks that halve
    this.#response = layers.globalRespNorm && resample !== "down" ? this.#makeResponse(inner) : null;
  }

  #makeResponse(channels: number) {
    const zeros = () => new nn.Parameter(torch.zeros([1, channels, ...Array.from({ length: this.#dims }, () => 1)]));
    const [beta, gamma] = [zeros(), zeros()];
    this.registerParameter("global_resp_beta", beta);
    this.registerParameter("global_resp_gamma", gamma);
    return { beta, gamma };
  }

  /** Makes what weighs channels by their size do nothing, as in the beginning. */
  resetParameters(): void {
    if (this.#response === null) return;
    nn.init.zeros_(this.#response.beta);
    nn.init.zeros_(this.#response.gamma);
  }

  override forward(x: Tensor): Tensor {
    using expanded = this.#expand.call(x);
    using weighed = this.#weigh(expanded);
    using changed = this.#compress.call(weighed);
    using made = this.#resample === "up" ? padded(changed, this.#dims) : changed.alias();
    if (!this.#isResidual) return made.alias();
    if (this.#direct === null) return made.add(x);
    using other = this.#direct.call(x);
    using direct = this.#resample === "up" ? padded(other, this.#dims) : other.alias();
    return made.add(direct);
  }

  /** Weighs each channel by its norm over the image, relative to those of other channels (Woo et al., 2023). */
  #weigh(x: Tensor): Tensor {
    if (this.#response === null) return x.alias();
    using scope = torch.scope();
    const places = Array.from({ length: this.#dims }, (_, i) => i + 2);
    const norms = torch.linalgVectorNorm(x, 2, places, true);
    const relative = norms.div(norms.mean([1], true).add(1e-6));
    return scope.keep(this.#response.gamma.mul(x.mul(relative)).add(this.#response.beta).add(x));
  }
}

/** A convolution of one voxel, which gives the segmentation. */
export class MedNeXtOutBlock extends nn.Module {
  readonly #out: nn.Layer;

  constructor(dims: SpatialDims, channels: number, outChannels: number) {
    super();
    this.#out = child(this, "conv_out", new (convTranspose(dims))(channels, outChannels, 1));
  }

  override forward(x: Tensor): Tensor {
    return this.#out.call(x);
  }
}
