import * as torch from "../../torch/index.ts";
import { nn, type Tensor } from "../../torch/index.ts";
import { show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { dimsOf } from "../network-config.ts";
import { type ActivationParameters, buildActivation } from "./activation.ts";
import { child } from "./child.ts";
import { conv } from "./layers.ts";
import { Encoder, sincosEmbedding } from "./vit.ts";

export interface ViTShape {
  readonly inShape: readonly number[];
  readonly patchSize: readonly number[];
  readonly numOutputs: number | null;
  readonly embeddingDim: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly mlpDim: number;
  readonly posEmbedType: "learnable" | "sincos" | null;
  readonly outputAct: ActivationParameters | null;
  readonly dropout: number | null;
}

/** `class_token`, `conv_proj`, `encoder`, and `fc`. */
export abstract class ViTStack extends nn.Module {
  readonly #options: ViTShape;
  readonly #classToken: nn.Parameter | null;
  readonly #convProj: nn.Conv1d | nn.Conv2d | nn.Conv3d;
  readonly #encoder: Encoder;
  readonly #fc: nn.Sequential | null;

  constructor(options: ViTShape) {
    super();
    this.#options = options;
    const { inShape, patchSize, numOutputs, embeddingDim, posEmbedType, outputAct } = options;
    const [inChannels = 1, ...size] = inShape;
    const grid = size.map((length, i) => length / (patchSize[i] ?? 1));
    const length = grid.reduce((product, n) => product * n, 1) + (numOutputs === null ? 0 : 1);
    this.#classToken = numOutputs === null ? null : new nn.Parameter(torch.zeros([1, 1, embeddingDim]));
    if (this.#classToken !== null) this.registerParameter("class_token", this.#classToken);
    const Conv = conv(dimsOf(size));
    this.#convProj = child(this, "conv_proj", new Conv(inChannels, embeddingDim, patchSize, { stride: patchSize }));
    const posEmbedding = posEmbedType === "learnable" ? null : this.#places(grid, length);
    const { numLayers, numHeads, mlpDim } = options;
    const dropout = options.dropout ?? 0;
    const encoder = new Encoder({ embeddingDim, numLayers, numHeads, mlpDim, dropout, posEmbedding, length });
    this.#encoder = child(this, "encoder", encoder);
    this.#fc = numOutputs === null ? null : child(this, "fc", new nn.Sequential());
    if (numOutputs !== null) this.#fc?.addModule("out", new nn.Linear(embeddingDim, numOutputs));
    if (outputAct !== null) this.#fc?.addModule("output_act", buildActivation(outputAct));
    this.resetParameters();
  }

  /** The vectors that tell places and are not learnt; that of the whole image is zero. */
  #places(grid: readonly number[], length: number): Tensor {
    const { posEmbedType, embeddingDim } = this.#options;
    const places = torch.zeros([1, length, embeddingDim]);
    if (posEmbedType === null) return places;
    using sincos = sincosEmbedding(grid, embeddingDim);
    using ofPatches = places.narrow(1, length - sincos.size(1), sincos.size(1));
    ofPatches.copy_(sincos);
    return places;
  }

  /** Draws what its layers, which have drawn theirs, draw in another way in this network. */
  resetParameters(): void {
    if (this.#classToken !== null) nn.init.zeros_(this.#classToken);
    const { weight, bias } = this.#convProj;
    const fanIn = weight.shape.slice(1).reduce((product, n) => product * n, 1);
    nn.init.truncNormal_(weight, { std: Math.sqrt(1 / fanIn) });
    if (bias !== null) nn.init.zeros_(bias);
  }

  override forward(x: Tensor): Tensor {
    this.#checkShape(x.shape);
    using vectors = this.#patches(x);
    using encoded = this.#encoder.call(vectors);
    if (this.#fc === null) return encoded.alias();
    using whole = encoded.select(1, 0);
    return this.#fc.call(whole);
  }

  /** The vectors that the encoder gets: (N, patches, embeddingDim), and that of the whole image before them. */
  #patches(x: Tensor): Tensor {
    using projected = this.#convProj.call(x);
    using flat = projected.flatten(2);
    using patches = flat.transpose(1, 2);
    if (this.#classToken === null) return patches.alias();
    using token = this.#classToken.expand([x.size(0), -1, -1]);
    return torch.cat([token, patches], 1);
  }

  #checkShape([, ...shape]: readonly number[]): void {
    const { inShape } = this.#options;
    if (shape.length === inShape.length && shape.every((length, i) => length === inShape[i])) return;
    throw new ConfigError(
      `${this.constructor.name}: images of shape ${show(shape)} came, and 'inShape' is ${show(inShape)}. Crop or resize the images, or build the network for them.`,
    );
  }
}
