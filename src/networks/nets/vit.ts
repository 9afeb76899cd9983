import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { nn, type Tensor } from "../../torch/index.ts";
import { configClass, type Input, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { activationSchema, buildActivation } from "../blocks/activation.ts";
import { child } from "../blocks/child.ts";
import { conv } from "../blocks/layers.ts";
import { nameAmong } from "../blocks/named.ts";
import { Encoder, sincosEmbedding } from "../blocks/vit.ts";
import { dimsOf, dropout, inShape, type NetworkConfig } from "../network-config.ts";

const positive = z.int().positive();

const schema = z.strictObject({
  /** The probability with which a value, or a weight of attention, is dropped, from 0 to 1; default null: no dropout. */
  dropout: dropout.default(null),

  /** [channels, ...spatial size] of the images. */
  inShape,

  /** The size of a patch: one number, or one per dimension. It divides the size of the images. */
  patchSize: z.union([positive, z.array(positive)]),

  /** How many values come out per image; null: the vectors of the patches. */
  numOutputs: positive.nullable(),

  /** How many values a patch is reduced to; default 768. */
  embeddingDim: positive.default(768),

  /** How many blocks of attention there are; default 12. */
  numLayers: positive.default(12),

  /** How many heads each attention has, which divide `embeddingDim`; default 12. */
  numHeads: positive.default(12),

  /** How many values there are between the two linear layers of a block; default 3072. */
  mlpDim: positive.default(3072),

  /** What tells the places of patches: "learnable" (default), "sincos" (2D and 3D), or null: nothing does. */
  posEmbedType: nameAmong(["learnable", "sincos"]).nullable().default("learnable"),

  /** The activation after the last layer: a name, or [name, options]; null for none. Default "tanh". */
  outputAct: activationSchema.nullable().default("tanh"),
});
export type ViTOptions = Input<typeof schema>;

/** Checks the options against each other, and spells them out. */
function finish(parsed: z.output<typeof schema>, what: string) {
  const { inShape, patchSize, embeddingDim, numHeads, posEmbedType } = parsed;
  const [, ...size] = inShape;
  const each = typeof patchSize === "number" ? size.map(() => patchSize) : patchSize;
  const refuse = (message: string): never => {
    throw new ConfigError(`${what}: ${message}`);
  };
  if (each.length !== size.length) refuse(`'patchSize' got ${show(patchSize)}. Give one number, or ${size.length}.`);
  if (size.some((length, i) => length % (each[i] ?? 1) !== 0)) {
    refuse(`'patchSize' got ${show(patchSize)}, which does not divide the size ${show(size)} of the images.`);
  }
  if (embeddingDim % numHeads !== 0) {
    refuse(`'embeddingDim' got ${embeddingDim}, which is not a multiple of 'numHeads' (${numHeads}).`);
  }
  if (posEmbedType === "sincos") {
    if (size.length === 1) refuse(`'posEmbedType' got 'sincos', which is for 2D and 3D images. Take 'learnable'.`);
    if (embeddingDim % (2 * size.length) !== 0) {
      refuse(
        `'embeddingDim' got ${embeddingDim}: with 'sincos' and ${size.length}D images it must be a multiple of ${2 * size.length}.`,
      );
    }
  }
  return { ...parsed, patchSize: each };
}

/** Config of {@link ViT}. */
export class ViTConfig extends configClass("ViT", schema, { finish }) implements NetworkConfig {
  getObject(): ViT {
    return new ViT(this);
  }
}

/**
 * A vision transformer for images of one size (Dosovitskiy et al., 2021): patches become vectors (`conv_proj`), which see
 * each other through attention (`encoder`); a vector that stands for the whole image (`class_token`) goes through a linear
 * layer (`fc`). (N, ...inShape) → (N, numOutputs); when `numOutputs` is null, the vectors of the patches (N, patches, embeddingDim).
 *
 * ```ts
 * const network = new ViT({ inShape: [1, 64, 64, 64], patchSize: 16, numOutputs: 2, embeddingDim: 96, numLayers: 4 });
 * ```
 *
 * Options: `inShape` ([channels, ...spatial size]), `patchSize`, `numOutputs`, `embeddingDim` (768), `numLayers` (12), `numHeads` (12),
 * `mlpDim` (3072), `posEmbedType` ("learnable"; "sincos", or null: places are not told), `outputAct` ("tanh"), `dropout` (none).
 * @throws ConfigError when patches do not divide the images, or heads `embeddingDim`.
 */
export class ViT extends nn.Module {
  readonly config: ViTConfig;
  readonly #classToken: nn.Parameter | null;
  readonly #convProj: nn.Conv1d | nn.Conv2d | nn.Conv3d;
  readonly #encoder: Encoder;
  readonly #fc: nn.Sequential | null;

  constructor(options: ViTOptions) {
    super();
    this.config = ViTConfig.of(options);
    const { inShape, patchSize, numOutputs, embeddingDim, posEmbedType, outputAct } = this.config;
    const [inChannels = 1, ...size] = inShape;
    const grid = size.map((length, i) => length / (patchSize[i] ?? 1));
    const length = grid.reduce((product, n) => product * n, 1) + (numOutputs === null ? 0 : 1);
    this.#classToken = numOutputs === null ? null : new nn.Parameter(torch.zeros([1, 1, embeddingDim]));
    if (this.#classToken !== null) this.registerParameter("class_token", this.#classToken);
    const Conv = conv(dimsOf(size));
    this.#convProj = child(this, "conv_proj", new Conv(inChannels, embeddingDim, patchSize, { stride: patchSize }));
    const posEmbedding = posEmbedType === "learnable" ? null : this.#places(grid, length);
    const dropout = this.config.dropout ?? 0;
    const encoder = new Encoder({ ...this.config.fields(), dropout, posEmbedding, length });
    this.#encoder = child(this, "encoder", encoder);
    this.#fc = numOutputs === null ? null : child(this, "fc", new nn.Sequential());
    if (numOutputs !== null) this.#fc?.addModule("out", new nn.Linear(embeddingDim, numOutputs));
    if (outputAct !== null) this.#fc?.addModule("output_act", buildActivation(outputAct));
    this.resetParameters();
  }

  /** The vectors that tell places and are not learnt; that of the whole image is zero. */
  #places(grid: readonly number[], length: number): Tensor {
    const { posEmbedType, embeddingDim } = this.config;
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
    const { inShape } = this.config;
    if (shape.length === inShape.length && shape.every((length, i) => length === inShape[i])) return;
    throw new ConfigError(
      `${this.constructor.name}: images of shape ${show(shape)} came, and 'inShape' is ${show(inShape)}. Crop or resize the images, or build the network for them.`,
    );
  }
}
