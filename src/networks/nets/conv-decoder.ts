import { z } from "zod";
import { nn } from "../../torch/index.ts";
import { configClass, type Input, parseWith, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { buildActivation } from "../blocks/activation.ts";
import {
  convDecoderOptionsShape,
  type ExpandedDecoderOptions,
  expandDecoderOptions,
  ofLayer,
} from "../blocks/conv-options.ts";
import { Convolution } from "../blocks/convolution.ts";
import { convTransposeOutSize } from "../blocks/shapes.ts";
import { buildUnpooling, type UnpoolingParameters, unpoolingOutSize } from "../blocks/unpooling.ts";
import { type NetworkConfig, spatialDims } from "../network-config.ts";

const { dropout, ...rest } = convDecoderOptionsShape;
const schema = z.strictObject({ spatialDims, dropout, ...rest, inChannels: z.int().positive() });
export type ConvDecoderInit = Input<typeof schema>;

/** Config of {@link ConvDecoder}. */
export class ConvDecoderConfig extends configClass("ConvDecoder", schema) implements NetworkConfig {
  constructor(options: ConvDecoderInit) {
    const parsed = parseWith(schema, options, "ConvDecoderConfig");
    super(expandDecoderOptions(parsed, parsed.spatialDims, "ConvDecoderConfig"));
  }
  getObject(): ConvDecoder {
    return new ConvDecoder(this.fields() as ConvDecoderInit);
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
 */
export class ConvDecoder extends nn.Sequential {
  readonly config: ConvDecoderConfig;
  /** The spatial size that comes out, when the one that goes in was given. */
  readonly finalSize: readonly number[] | null;

  /**
   * @param inputSize spatial size of what goes in, to check that no layer makes it vanish.
   * @throws ConfigError when one does.
   */
  constructor(options: ConvDecoderInit, inputSize: readonly number[] | null = null) {
    super();
    this.config = new ConvDecoderConfig(options);
    const config = this.config as unknown as ExpandedDecoderOptions & {
      readonly spatialDims: 1 | 2 | 3;
      readonly inChannels: number;
    };
    let size = inputSize;
    let inChannels = config.inChannels;
    const unpoolings = config.unpooling === null ? [] : [...config.unpooling];
    // the list of unpoolings follows the order of the layers, whatever the order of the indices
    const indices = new Set(config.unpooling === null ? [] : config.unpoolingIndices);

    const unpool = (name: string) => {
      const unpooling = unpoolings.shift() as UnpoolingParameters;
      this.addModule(name, buildUnpooling(unpooling, config.spatialDims, inChannels));
      size = this.#nextSize(size, (s) => unpoolingOutSize(unpooling, s));
    };
    if (indices.has(-1)) unpool("init_unpool");
    config.channels.forEach((outChannels, i) => {
      const kernelSize = ofLayer(config.kernelSize, i);
      const stride = ofLayer(config.stride, i);
      const padding = ofLayer(config.padding, i);
      const outputPadding = ofLayer(config.outputPadding, i);
      const dilation = ofLayer(config.dilation, i);
      size = this.#nextSize(size, (s) => convTransposeOutSize(s, kernelSize, stride, padding, outputPadding, dilation));
      this.addModule(
        `layer${i}`,
        new Convolution({
          spatialDims: config.spatialDims,
          inChannels,
          outChannels,
          kernelSize,
          stride,
          padding,
          outputPadding,
          dilation,
          bias: config.bias,
          act: config.act,
          norm: config.norm,
          dropout: config.dropout,
          ordering: config.adnOrdering,
          convOnly: i === config.channels.length - 1,
        }),
      );
      inChannels = outChannels;
      if (indices.has(i)) unpool(`unpool${i}`);
    });
    if (config.outputAct !== null) this.addModule("output_act", buildActivation(config.outputAct));
    this.finalSize = size;
  }

  #nextSize(size: readonly number[] | null, next: (size: readonly number[]) => number[]): readonly number[] | null {
    if (size === null) return null;
    const after = next(size);
    if (after.every((length) => length > 0)) return after;
    throw new ConfigError(
      `ConvDecoder: the image has size ${show(size)} at this point and would have size ${show(after)} after the next layer. ` +
        `Use less padding, or start from a larger shape. The network so far:\n${this.toString()}`,
    );
  }
}
