import { z } from "zod";
import { configClass, type Input, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { activationSchema } from "../blocks/activation.ts";
import { ConvNeXtStack } from "../blocks/convnext.ts";
import { beginPretrained, pretrainedSchema, putBackPretrained } from "../blocks/pretrained.ts";
import { type NetworkConfig, spatialDims } from "../network-config.ts";

const positive = z.int().positive();
const schema = z.strictObject({
  /** How many dimensions images have: 1, 2 or 3. */
  spatialDims,

  /** The channels of the images. */
  inChannels: positive,

  /** How many values come out per image; null: the images of the last layer. */
  numOutputs: positive.nullable(),

  /** How many blocks each stage has; default [3, 3, 9, 3]: the tiny one of the paper. */
  nBlocks: z.array(positive).min(1).default([3, 3, 9, 3]),

  /** How many channels each stage has; default [96, 192, 384, 768]. */
  nFeatures: z.array(positive).min(1).default([96, 192, 384, 768]),

  /** By what the channels of a block are scaled in the beginning, before they are added to what went in; default 1e-6. */
  layerScale: z.number().default(1e-6),

  /** The probability with which the last block is left out for a sample, growing linearly from 0 for the first; default 0. */
  stochasticDepthProb: z.number().min(0).max(1).default(0),

  /** The activation after the last layer: a name, or [name, options]; default null: none. */
  outputAct: activationSchema.nullable().default(null),

  /**
   * The weights to begin with, but for those of the last layer: torchvision's in 2 dimensions, from the path of a file, from the web (`{ url, sha256 }`) or
   * from the Hugging Face hub (`hf://owner/name/file`). For other than 3 channels the first convolution is adapted. Default false: drawn.
   */
  pretrained: pretrainedSchema.default(false),
});
export type ConvNeXtOptions = Input<typeof schema>;

function finish(options: z.output<typeof schema>, what: string) {
  const { nBlocks, nFeatures } = options;
  if (nBlocks.length === nFeatures.length) return options;
  throw new ConfigError(
    `${what}: 'nFeatures' got ${show(nFeatures)} and 'nBlocks' ${show(nBlocks)}. Give one of each per stage.`,
  );
}

/**
 * Config of {@link ConvNeXt}.
 * @example
 * ```ts
 * const config = new ConvNeXtConfig({ spatialDims: 3, inChannels: 1, numOutputs: 2 });
 * console.log(config.nBlocks, config.nFeatures); // → [ 3, 3, 9, 3 ] [ 96, 192, 384, 768 ]
 * ```
 */
export class ConvNeXtConfig
  extends configClass("ConvNeXt", schema, { finish, ours: { pretrained: false } })
  implements NetworkConfig
{
  getObject(): ConvNeXt {
    return new ConvNeXt(this);
  }
}

/**
 * A convolutional network built as transformers are, for images of any size (Liu et al., 2022): a convolution that divides the size by 4, stages of
 * blocks, each but the first halving the size, and a linear layer on the mean over the image. In 2 dimensions it is torchvision's, whose weights load
 * by their names; in 1 and 3 it has layers of these dimensions. (N, inChannels, …) → (N, numOutputs), or the images of the last layer when
 * `numOutputs` is null. Each spatial size is at least 4 times 2 to the power of the number of halvings: 32 for four stages.
 *
 * Options: `spatialDims`, `inChannels`, `numOutputs`, `nBlocks` ([3, 3, 9, 3]), `nFeatures` ([96, 192, 384, 768]), `layerScale` (1e-6),
 * `stochasticDepthProb` (0), `outputAct` (none), `pretrained` (false).
 * @example
 * ```ts
 * using images = torch.rand([2, 1, 16, 16, 16]);
 * using network = new ConvNeXt({ spatialDims: 3, inChannels: 1, numOutputs: 2, nBlocks: [1, 1, 2], nFeatures: [8, 16, 32] });
 * using scores = network.call(images);
 * console.log(scores.shape); // → [ 2, 2 ]
 * ```
 */
export class ConvNeXt extends ConvNeXtStack {
  readonly config: ConvNeXtConfig;

  constructor(options: ConvNeXtOptions) {
    const config = ConvNeXtConfig.of(options);
    super(config);
    this.config = config;
    const head = "classifier.2.";
    const rename = (key: string) => (key.startsWith(head) ? null : key);
    beginPretrained(this, config, { file: null, rename, first: "features.0.0.weight", head });
  }

  /** Draws the weights anew; those that were pretrained are put back. */
  override resetParameters(): void {
    super.resetParameters();
    putBackPretrained(this);
  }
}
