import { z } from "zod";
import { configClass, type Input, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { activationSchema } from "../blocks/activation.ts";
import { nameAmong } from "../blocks/named.ts";
import { CONV_NORMS, normSchema } from "../blocks/normalization.ts";
import { SegResNetStack } from "../blocks/segresnet.ts";
import { dropout, type NetworkConfig } from "../network-config.ts";

const counts = z.array(z.int().positive());
const schema = z.strictObject({
  /** The probability with which a channel is dropped after the first convolution, from 0 to 1; default null: no dropout. */
  dropout: dropout.default(null),

  /** How many dimensions images have: 2 or 3 (default). */
  spatialDims: z.union([z.literal(2), z.literal(3)], "spatialDims is 2 or 3").default(3),

  /** The channels after the first convolution, doubled at each halving of the size; default 8. */
  initFilters: z.int().positive().default(8),

  /** The channels of the images; default 1. */
  inChannels: z.int().positive().default(1),

  /** The channels of what comes out; default 2. */
  outChannels: z.int().positive().default(2),

  /** The activation before each convolution: a name, or [name, options]; default ["relu", { inplace: true }]. */
  act: activationSchema.default(["relu", { inplace: true }]),

  /** The normalisation before each activation: a name, or [name, options]; default ["group", { numGroups: 8 }]. */
  norm: normSchema(CONV_NORMS).default(["group", { numGroups: 8 }]),

  /** How many residual blocks there are at each size on the way down, the largest first; default [1, 2, 2, 4]. */
  blocksDown: counts.min(1).default([1, 2, 2, 4]),

  /** How many on the way up, the smallest size first: one number less; default [1, 1, 1]. */
  blocksUp: counts.default([1, 1, 1]),

  /** How the size is doubled: by linear interpolation ("nontrainable", default) or a transposed convolution ("deconv"). */
  upsampleMode: nameAmong(["nontrainable", "deconv"]).default("nontrainable"),
});
export type SegResNetOptions = Input<typeof schema>;

function finish(options: z.output<typeof schema>, what: string) {
  const { blocksDown, blocksUp } = options;
  if (blocksUp.length === blocksDown.length - 1) return options;
  throw new ConfigError(
    `${what}: 'blocksDown' got ${show(blocksDown)} and 'blocksUp' ${show(blocksUp)}. ` +
      `Images go up as often as they went down: give ${blocksDown.length - 1} number(s) in 'blocksUp'.`,
  );
}

/**
 * Config of {@link SegResNet}.
 * @example
 * ```ts
 * const config = new SegResNetConfig({ inChannels: 4, outChannels: 3, initFilters: 16 });
 * console.log(config.blocksDown, config.blocksUp); // → [ 1, 2, 2, 4 ] [ 1, 1, 1 ]
 * ```
 */
export class SegResNetConfig extends configClass("SegResNet", schema, { finish }) implements NetworkConfig {
  getObject(): SegResNet {
    return new SegResNet(this);
  }
}

/**
 * From images to segmentations by residual blocks with group normalisation, with a large way down and a small way up, whose images are
 * added to those of the way down (Myronenko, 2018), as MONAI has it. (N, inChannels, …) → (N, outChannels, …); each spatial size is a
 * multiple of 2 to the power of `blocksUp.length`.
 *
 * Options: `spatialDims` (3), `initFilters` (8), `inChannels` (1), `outChannels` (2), `dropout` (none; `dropout_prob` of MONAI), `act` (["relu", {
 * inplace: true }]), `norm` (["group", { numGroups: 8 }]), `blocksDown` ([1, 2, 2, 4]), `blocksUp` ([1, 1, 1]), `upsampleMode` ("nontrainable"
 * or "deconv"). MONAI's weights load by their names.
 * @throws ConfigError when called with images that cannot be halved so often.
 * @example
 * ```ts
 * using images = torch.rand([2, 1, 16, 16, 16]);
 * using network = new SegResNet({ inChannels: 1, outChannels: 3, blocksDown: [1, 1], blocksUp: [1] });
 * using logits = network.call(images);
 * console.log(logits.shape); // → [ 2, 3, 16, 16, 16 ]
 * ```
 */
export class SegResNet extends SegResNetStack {
  readonly config: SegResNetConfig;

  constructor(options: SegResNetOptions = {}) {
    const config = SegResNetConfig.of(options);
    super(config);
    this.config = config;
  }
}
