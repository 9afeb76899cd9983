import { z } from "zod";
import { configClass, type Input } from "../../utils/config.ts";
import { convDecoderOptionsShape, expandDecoderOptions } from "../blocks/conv-options.ts";
import { ConvStack } from "../blocks/conv-stack.ts";
import { buildUnpooling, unpoolingOutSize } from "../blocks/unpooling.ts";
import { type NetworkConfig, spatialDims } from "../network-config.ts";

const { dropout, ...rest } = convDecoderOptionsShape;
const schema = z.strictObject({
  /** How many dimensions images have: 1, 2 or 3. */
  spatialDims,
  /** The probability with which a value is dropped, from 0 to 1; default null: no dropout. */
  dropout,
  ...rest,
  /** The channels of the images. */
  inChannels: z.int().positive(),
});
export type ConvDecoderInit = Input<typeof schema>;

/**
 * Config of {@link ConvDecoder}.
 * @example
 * ```ts
 * const config = new ConvDecoderConfig({ spatialDims: 3, inChannels: 8, channels: [4, 1] });
 * console.log(config.act, config.norm, config.adnOrdering); // → prelu instance NDA
 * ```
 */
export class ConvDecoderConfig
  extends configClass("ConvDecoder", schema, {
    finish: (parsed, what) => expandDecoderOptions(parsed, parsed.spatialDims, what),
  })
  implements NetworkConfig
{
  getObject(): ConvDecoder {
    return new ConvDecoder(this);
  }
}

/**
 * Transposed convolutions, each followed by normalisation, dropout and activation, with unpoolings between them:
 * `init_unpool`, `layer{i}.conv`, `layer{i}.adn`, `unpool{i}`, `output_act`. The last convolution stands alone.
 * (N, inChannels, …) → (N, channels.at(-1), …).
 *
 * Options: `spatialDims`, `inChannels`, `channels` (of each convolution), `kernelSize` (3), `stride` (1), `padding` (0),
 * `outputPadding` (0), `dilation` (1), `unpooling` (`["upsample", { scaleFactor: 2 }]`; or `"convtranspose"`),
 * `unpoolingIndices` (none; i is after convolution i, -1 before the first), `act` ("prelu"), `outputAct` (none),
 * `norm` ("instance"), `dropout` (none), `bias` (true), `adnOrdering` ("NDA").
 * @example
 * ```ts
 * using features = torch.rand([2, 8, 4, 4, 4]);
 * using network = new ConvDecoder({ spatialDims: 3, inChannels: 8, channels: [4, 1], padding: 1, unpoolingIndices: [0] });
 * using images = network.call(features);
 * console.log(images.shape); // → [ 2, 1, 8, 8, 8 ]
 * ```
 */
export class ConvDecoder extends ConvStack {
  readonly config: ConvDecoderConfig;

  /**
   * @param inputSize spatial size of what goes in, to check that no layer makes it vanish.
   * @throws ConfigError when one does.
   */
  constructor(options: ConvDecoderInit, inputSize: readonly number[] | null = null) {
    const config = ConvDecoderConfig.of(options);
    const { spatialDims, outputPadding } = config;
    const stack = {
      name: "ConvDecoder",
      advice: "Use less padding, or start from a larger shape.",
      options: config,
      outputPadding,
      between: "unpool",
      layers: (config.unpooling ?? []).map((unpooling) => ({
        build: (channels: number) => buildUnpooling(unpooling, spatialDims, channels),
        outSize: (size: readonly number[]) => unpoolingOutSize(unpooling, size),
      })),
      indices: config.unpoolingIndices ?? [],
    } as const;
    super(stack, inputSize);
    this.config = config;
  }
}
