import { z } from "zod";
import { configClass, type Input, show } from "../../utils/config.ts";
import { convEncoderOptionsShape, expandConvOptions } from "../blocks/conv-options.ts";
import { type Between, ConvStack } from "../blocks/conv-stack.ts";
import type { SpatialDims } from "../blocks/layers.ts";
import { buildPooling, type PoolingParameters, poolingOutSize } from "../blocks/pooling.ts";
import { type NetworkConfig, spatialDims } from "../network-config.ts";

const { dropout, ...rest } = convEncoderOptionsShape;
const schema = z.strictObject({
  /** How many dimensions images have: 1, 2 or 3. */
  spatialDims,
  /** The probability with which a value is dropped, from 0 to 1; default null: no dropout. */
  dropout,
  ...rest,
  /** The channels of the images. */
  inChannels: z.int().positive(),
});
export type ConvEncoderInit = Input<typeof schema>;

/**
 * Config of {@link ConvEncoder}.
 * @example
 * ```ts
 * const config = new ConvEncoderConfig({ spatialDims: 3, inChannels: 1, channels: [4, 8] });
 * console.log(config.act, config.norm, config.adnOrdering); // → prelu instance NDA
 * ```
 */
export class ConvEncoderConfig
  extends configClass("ConvEncoder", schema, {
    finish: (parsed, what) => expandConvOptions(parsed, parsed.spatialDims, what),
  })
  implements NetworkConfig
{
  getObject(): ConvEncoder {
    return new ConvEncoder(this);
  }
}

/**
 * Convolutions, each followed by normalisation, dropout and activation, with poolings between them:
 * `init_pool`, `layer{i}.conv`, `layer{i}.adn`, `pool{i}`, `output_act`. The last convolution stands alone.
 * (N, inChannels, …) → (N, channels.at(-1), …).
 *
 * Options: `spatialDims`, `inChannels`, `channels` (of each convolution), `kernelSize` (3), `stride` (1), `padding` (0),
 * `dilation` (1), `pooling` (`["max", { kernelSize: 2 }]`), `poolingIndices` (none; i is after convolution i, -1 before
 * the first), `act` ("prelu"), `outputAct` (none), `norm` ("instance"), `dropout` (none), `bias` (true),
 * `adnOrdering` ("NDA").
 * @example
 * ```ts
 * using images = torch.rand([2, 1, 16, 16, 16]);
 * using network = new ConvEncoder({ spatialDims: 3, inChannels: 1, channels: [4, 8], padding: 1, poolingIndices: [0] });
 * using features = network.call(images);
 * console.log(features.shape); // → [ 2, 8, 8, 8, 8 ]
 * ```
 */
export class ConvEncoder extends ConvStack {
  readonly config: ConvEncoderConfig;

  /**
   * @param inputSize spatial size of the images, to check that no layer makes them vanish.
   * @throws ConfigError when one does.
   */
  constructor(options: ConvEncoderInit, inputSize: readonly number[] | null = null) {
    const config = ConvEncoderConfig.of(options);
    const stack = {
      name: "ConvEncoder",
      advice: "Use fewer or smaller layers, or larger images.",
      options: config,
      outputPadding: null,
      between: "pool",
      layers: (config.pooling ?? []).map((pooling) => asLayer(pooling, config.spatialDims)),
      indices: config.poolingIndices,
    } as const;
    super(stack, inputSize);
    this.config = config;
  }
}

function asLayer(pooling: PoolingParameters, dims: SpatialDims): Between {
  return {
    build: () => buildPooling(pooling, dims),
    outSize: (size) => poolingOutSize(pooling, size),
    refuse: (before, after) =>
      after.every((length, i) => length <= (before[i] ?? 0))
        ? null
        : `the pooling ${show(pooling)} would enlarge the image from ${show(before)} to ${show(after)}: it cannot be performed.`,
  };
}
