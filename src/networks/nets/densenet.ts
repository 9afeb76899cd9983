import { z } from "zod";
import { configClass, type Input } from "../../utils/config.ts";
import { activationSchema } from "../blocks/activation.ts";
import { DenseNetStack } from "../blocks/densenet.ts";
import { dropout, type NetworkConfig, spatialDims } from "../network-config.ts";

const schema = z.strictObject({
  /** The probability with which a channel is dropped (of 1D images, a value), from 0 to 1; default null: no dropout. */
  dropout: dropout.default(null),

  /** How many dimensions images have: 1, 2 or 3. */
  spatialDims,

  /** The channels of the images. */
  inChannels: z.int().positive(),

  /** How many values come out per image; null: the images of the last layer. */
  numOutputs: z.int().positive().nullable(),

  /** How many layers each dense block has; default [6, 12, 24, 16]. */
  nDenseLayers: z.array(z.int().positive()).min(1).default([6, 12, 24, 16]),

  /** The channels after the first convolution; default 64. */
  initFeatures: z.int().positive().default(64),

  /** How many channels each layer adds; default 32. */
  growthRate: z.int().positive().default(32),

  /** How many times `growthRate` channels there are between the two convolutions of a layer; default 4. */
  bottleneckFactor: z.int().positive().default(4),

  /** The activation before convolutions: a name, or [name, options]; default ["relu", { inplace: true }]. */
  act: activationSchema.default(["relu", { inplace: true }]),

  /** The activation after the last layer: a name, or [name, options]; default null: none. */
  outputAct: activationSchema.nullable().default(null),
});
export type DenseNetOptions = Input<typeof schema>;

/**
 * Config of {@link DenseNet}.
 * @example
 * ```ts
 * const config = new DenseNetConfig({ spatialDims: 3, inChannels: 1, numOutputs: 2 });
 * console.log(config.nDenseLayers, config.growthRate); // → [ 6, 12, 24, 16 ] 32
 * ```
 */
export class DenseNetConfig extends configClass("DenseNet", schema) implements NetworkConfig {
  getObject(): DenseNet {
    return new DenseNet(this);
  }
}

/**
 * A densely connected network for images of any size (Huang et al., 2017): a convolution and a pooling, blocks of layers each
 * of which sees the channels of all before it in the block, transitions that halve channels and size, and a linear layer on the mean over the
 * image. (N, inChannels, …) → (N, numOutputs), or the images of the last layer when `numOutputs` is null.
 *
 * Options: `spatialDims`, `inChannels`, `numOutputs`, `nDenseLayers` (layers of each block; [6, 12, 24, 16]), `initFeatures`
 * (64), `growthRate` (32), `bottleneckFactor` (4), `act` (["relu", { inplace: true }]), `outputAct` (none), `dropout` (none).
 * @example
 * ```ts
 * using images = torch.rand([2, 1, 16, 16, 16]);
 * using network = new DenseNet({ spatialDims: 3, inChannels: 1, numOutputs: 2, nDenseLayers: [2, 4], growthRate: 8 });
 * using scores = network.call(images);
 * console.log(scores.shape); // → [ 2, 2 ]
 * ```
 */
export class DenseNet extends DenseNetStack {
  readonly config: DenseNetConfig;

  constructor(options: DenseNetOptions) {
    const config = DenseNetConfig.of(options);
    super(config);
    this.config = config;
  }
}
