import { z } from "zod";
import { configClass, type Input, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { mednextKernel, mednextShape } from "../blocks/mednext-options.ts";
import { MedNeXtStack } from "../blocks/mednext-stack.ts";
import type { NetworkConfig } from "../network-config.ts";

const positive = z.int().positive();
const ratios = z.union([positive, z.array(positive)]).default(2);
const counts = z.array(positive).min(1).default([2, 2, 2, 2]);
const schema = z.strictObject({
  ...mednextShape,

  /** The kernel of the convolutions of single channels, an odd number; default 7. */
  kernelSize: mednextKernel.default(7),

  /** The channels after the first convolution, doubled at each halving of the size; default 32. */
  initFilters: positive.default(32),

  /** How many times more channels there are inside blocks on the way down: one number, or one per size; default 2. */
  encoderExpansionRatio: ratios,

  /** The same on the way up, the smallest size first; default 2. */
  decoderExpansionRatio: ratios,

  /** The same at the smallest size; default 2. */
  bottleneckExpansionRatio: positive.default(2),

  /** Whether blocks add what they got to what they give; default false, as in MONAI. The paper's networks do. */
  useResidualConnection: z.boolean().default(false),

  /** How many blocks there are at each size on the way down, the largest first; default [2, 2, 2, 2]. */
  blocksDown: counts,

  /** How many at the smallest size; default 2. */
  blocksBottleneck: positive.default(2),

  /** How many on the way up, the smallest size first, as many numbers as on the way down; default [2, 2, 2, 2]. */
  blocksUp: counts,

  /** Whether blocks weigh channels by their norm over the image (Woo et al., 2023); default false. */
  globalRespNorm: z.boolean().default(false),
});
export type MedNeXtOptions = Input<typeof schema>;
type Parsed = z.output<typeof schema>;

function finish(options: Parsed, what: string) {
  const { blocksDown, blocksUp } = options;
  if (blocksUp.length !== blocksDown.length) {
    throw new ConfigError(
      `${what}: 'blocksDown' got ${show(blocksDown)} and 'blocksUp' ${show(blocksUp)}. Images go up as often as they went down: give as many numbers.`,
    );
  }
  const spell = (field: "encoderExpansionRatio" | "decoderExpansionRatio") => {
    const given = options[field];
    const each = typeof given === "number" ? blocksDown.map(() => given) : given;
    if (each.length === blocksDown.length) return each;
    throw new ConfigError(
      `${what}: '${field}' got ${show(given)}. Expected one number, or ${blocksDown.length}, as 'blocksDown' has.`,
    );
  };
  return {
    ...options,
    encoderExpansionRatio: spell("encoderExpansionRatio"),
    decoderExpansionRatio: spell("decoderExpansionRatio"),
  };
}

/**
 * Config of {@link MedNeXt}.
 * @example
 * ```ts
 * const config = new MedNeXtConfig({ outChannels: 4 });
 * console.log(config.initFilters, config.kernelSize, config.blocksDown); // → 32 7 [ 2, 2, 2, 2 ]
 * ```
 */
export class MedNeXtConfig extends configClass("MedNeXt", schema, { finish }) implements NetworkConfig<MedNeXt> {
  getObject(): MedNeXt {
    return new MedNeXt(this);
  }
}

/**
 * From images to segmentations by the blocks of a ConvNeXt, which also halve and double the size (Roy et al., 2023), as MONAI has it: (N, inChannels, …) →
 * (N, outChannels, …). With `deepSupervision`, in training, an array of segmentations: of the size of the images, then smaller ones. Each
 * spatial size is a multiple of 2 to the power of `blocksDown.length`. The networks of the paper are {@link MedNeXtS} and its like.
 *
 * Options: `spatialDims` (3), `inChannels` (1), `outChannels` (2), `kernelSize` (7), `deepSupervision` (false), `initFilters` (32),
 * `encoderExpansionRatio`, `decoderExpansionRatio`, `bottleneckExpansionRatio` (2), `useResidualConnection` (false), `blocksDown` and `blocksUp` ([2, 2, 2,
 * 2]), `blocksBottleneck` (2), `globalRespNorm` (false). MONAI's weights load by their names.
 * @throws ConfigError when called with images that cannot be halved so often.
 * @example
 * ```ts
 * using images = torch.rand([2, 1, 16, 16, 16]);
 * using network = new MedNeXt({ initFilters: 4, kernelSize: 3, blocksDown: [1, 1], blocksUp: [1, 1], blocksBottleneck: 1 });
 * using scope = torch.scope();
 * const logits = network.call(images);
 * if (logits instanceof torch.Tensor) console.log(logits.shape); // → [ 2, 2, 16, 16, 16 ]
 * ```
 */
export class MedNeXt extends MedNeXtStack {
  readonly config: MedNeXtConfig;

  constructor(options: MedNeXtOptions = {}) {
    const config = MedNeXtConfig.of(options);
    super(config);
    this.config = config;
  }
}
