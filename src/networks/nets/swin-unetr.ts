import { z } from "zod";
import { nn, type Tensor } from "../../torch/index.ts";
import { configClass, type Input, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { child } from "../blocks/child.ts";
import { checkDivisible } from "../blocks/halvings.ts";
import { nameAmong } from "../blocks/named.ts";
import { CONV_NORMS, normSchema } from "../blocks/normalization.ts";
import { SwinTransformer } from "../blocks/swin-transformer.ts";
import { UnetOutBlock, UnetrBasicBlock, UnetrUpBlock } from "../blocks/unetr.ts";
import type { NetworkConfig } from "../network-config.ts";

const positive = z.int().positive();
const four = z.array(positive).length(4, "Expected 4 numbers, one per stage");
const rate = z.number().min(0).max(1).default(0);
const schema = z.strictObject({
  /** How many dimensions images have: 2 or 3 (default). */
  spatialDims: z.union([z.literal(2), z.literal(3)], "spatialDims is 2 or 3").default(3),

  /** The channels of the images. */
  inChannels: positive,

  /** The channels of what comes out. */
  outChannels: positive,

  /** How many blocks of attention each of the 4 stages has; default [2, 2, 2, 2]. */
  depths: four.default([2, 2, 2, 2]),

  /** How many heads their attention has; each divides the channels, `featureSize` times 1, 2, 4, 8. Default [3, 6, 12, 24]. */
  numHeads: four.default([3, 6, 12, 24]),

  /** The side of the windows of attention, in patches of 2 voxels: one number, or one per dimension; default 7. */
  windowSize: z.union([positive, z.array(positive)]).default(7),

  /** Whether queries, keys and values have a bias; default true. */
  qkvBias: z.boolean().default(true),

  /** How many times more values there are inside the MLP of a block; default 4. */
  mlpRatio: z.number().positive().default(4),

  /** The channels after the first layer, doubled in each stage: a multiple of 12; default 24. */
  featureSize: positive.multipleOf(12, "Expected a multiple of 12").default(24),

  /** The normalisation in convolutions: a name, or [name, options]; default "instance". */
  norm: normSchema(CONV_NORMS).default("instance"),

  /** The probability with which values are dropped; default 0. */
  dropRate: rate,

  /** The probability with which weights of attention are dropped; default 0. */
  attnDropRate: rate,

  /** The probability with which the last block is left out for a sample, growing linearly from 0 for the first; default 0. */
  dropoutPathRate: rate,

  /** The order of the values that are merged where the size is halved: "merging" (default; MONAI's published weights), or "mergingv2". */
  downsample: nameAmong(["merging", "mergingv2"]).default("merging"),

  /** Whether each stage begins with a residual block of convolutions (He et al., 2023); default false. */
  useV2: z.boolean().default(false),
});
export type SwinUNETROptions = Input<typeof schema>;

function finish(options: z.output<typeof schema>, what: string) {
  const { windowSize, spatialDims, numHeads, featureSize } = options;
  const window = typeof windowSize === "number" ? Array.from({ length: spatialDims }, () => windowSize) : windowSize;
  if (window.length !== spatialDims) {
    throw new ConfigError(`${what}: 'windowSize' got ${show(windowSize)}. Give one number, or ${spatialDims}.`);
  }
  const wrong = numHeads.findIndex((heads, i) => (featureSize * 2 ** i) % heads !== 0);
  if (wrong !== -1) {
    throw new ConfigError(
      `${what}: 'numHeads' got ${show(numHeads)}: ${numHeads[wrong]} heads cannot share the ${featureSize * 2 ** wrong} channels of stage ${wrong + 1}.`,
    );
  }
  return { ...options, windowSize: window };
}

/**
 * Config of {@link SwinUNETR}.
 * @example
 * ```ts
 * const config = new SwinUNETRConfig({ inChannels: 1, outChannels: 14, featureSize: 48 });
 * console.log(config.depths, config.windowSize); // → [ 2, 2, 2, 2 ] [ 7, 7, 7 ]
 * ```
 */
export class SwinUNETRConfig extends configClass("SwinUNETR", schema, { finish }) implements NetworkConfig {
  getObject(): SwinUNETR {
    return new SwinUNETR(this);
  }
}

/**
 * A UNet whose way down is a transformer with attention in windows (Hatamizadeh et al., 2022), as MONAI has it: (N, inChannels, …) → (N, outChannels,
 * …). Each spatial size is a multiple of 32.
 *
 * Options: `spatialDims` (3), `inChannels`, `outChannels`, `depths` ([2, 2, 2, 2]), `numHeads` ([3, 6, 12, 24]), `windowSize` (7), `qkvBias` (true),
 * `mlpRatio` (4), `featureSize` (24), `norm` ("instance"; `norm_name` of MONAI), `dropRate`, `attnDropRate`, `dropoutPathRate` (0), `downsample`
 * ("merging" or "mergingv2"), `useV2` (false). MONAI's weights load by their names.
 * @throws ConfigError when called with images of another size.
 * @example
 * ```ts
 * using images = torch.rand([1, 1, 64, 64]);
 * using network = new SwinUNETR({ spatialDims: 2, inChannels: 1, outChannels: 14, featureSize: 12, depths: [1, 1, 1, 1] });
 * using logits = network.call(images);
 * console.log(logits.shape); // → [ 1, 14, 64, 64 ]
 * ```
 */
export class SwinUNETR extends nn.Module {
  readonly config: SwinUNETRConfig;
  readonly #transformer: SwinTransformer;
  /** What skip connections go through, from the images themselves on; that of the next smallest images is left out, as in MONAI. */
  readonly #encoders: readonly UnetrBasicBlock[];
  readonly #bottleneck: UnetrBasicBlock;
  /** The smallest images first. */
  readonly #decoders: readonly UnetrUpBlock[];
  readonly #out: UnetOutBlock;

  constructor(options: SwinUNETROptions) {
    super();
    this.config = SwinUNETRConfig.of(options);
    const { spatialDims, inChannels, outChannels, featureSize, norm } = this.config;
    const layers = { spatialDims, norm };
    const encoder = (name: string, from: number, to: number) =>
      child(this, name, new UnetrBasicBlock(layers, from, to));
    this.#transformer = child(this, "swinViT", new SwinTransformer(this.config));
    this.#encoders = [
      encoder("encoder1", inChannels, featureSize),
      ...[1, 2, 4].map((times, i) => encoder(`encoder${i + 2}`, times * featureSize, times * featureSize)),
    ];
    this.#bottleneck = encoder("encoder10", 16 * featureSize, 16 * featureSize);
    this.#decoders = [16, 8, 4, 2, 1].map((times, i) => {
      const to = Math.max(times / 2, 1) * featureSize;
      return child(this, `decoder${5 - i}`, new UnetrUpBlock(layers, times * featureSize, to));
    });
    this.#out = child(this, "out", new UnetOutBlock(spatialDims, featureSize, outChannels));
  }

  override forward(x: Tensor): Tensor {
    const size = x.shape.slice(2);
    checkDivisible(
      "SwinUNETR",
      size,
      size.map(() => 32),
      "train on patches of such a size",
    );
    const hidden = this.#transformer.call(x);
    const smallest = hidden.pop();
    if (smallest === undefined) throw new RangeError("the transformer gives an image for each size");
    let current: Tensor;
    {
      using _smallest = smallest;
      current = this.#bottleneck.call(smallest);
    }
    const sources = [x, ...hidden];
    for (const [i, decoder] of this.#decoders.entries()) {
      using below = current;
      const depth = this.#decoders.length - 1 - i;
      const source = sources[depth] ?? x;
      using skip = this.#encoders[depth]?.call(source) ?? source.alias();
      if (source !== x) source.dispose();
      current = decoder.call(below, skip);
    }
    using last = current;
    return this.#out.call(last);
  }
}
