import { z } from "zod";
import { configClass, type Input, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { activationSchema } from "../blocks/activation.ts";
import { nameAmong } from "../blocks/named.ts";
import { ViTStack } from "../blocks/vit-stack.ts";
import { dropout, inShape, type NetworkConfig } from "../network-config.ts";

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
    refuse(
      `'patchSize' got ${show(patchSize)}, which does not divide the size ${show(size)} of the images ('inShape').`,
    );
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

/**
 * Config of {@link ViT}.
 * @example
 * ```ts
 * const config = new ViTConfig({ inShape: [1, 64, 64, 64], patchSize: 16, numOutputs: 2 });
 * console.log(config.embeddingDim, config.numLayers, config.numHeads); // → 768 12 12
 * ```
 */
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
 * Options: `inShape` ([channels, ...spatial size]), `patchSize`, `numOutputs`, `embeddingDim` (768), `numLayers` (12), `numHeads` (12),
 * `mlpDim` (3072), `posEmbedType` ("learnable"; "sincos", or null: places are not told), `outputAct` ("tanh"), `dropout` (none).
 * @throws ConfigError when patches do not divide the images, or heads `embeddingDim`.
 * @example
 * ```ts
 * using images = torch.rand([2, 1, 16, 16, 16]);
 * using network = new ViT({ inShape: [1, 16, 16, 16], patchSize: 8, numOutputs: 2, embeddingDim: 24, numHeads: 4, numLayers: 2, mlpDim: 48 });
 * using scores = network.call(images);
 * console.log(scores.shape); // → [ 2, 2 ]
 * ```
 */
export class ViT extends ViTStack {
  readonly config: ViTConfig;

  constructor(options: ViTOptions) {
    const config = ViTConfig.of(options);
    super(config);
    this.config = config;
  }
}
