import { z } from "zod";
import { nn } from "../../torch/index.ts";
import { configClass, type Input, parseWith, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { buildActivation } from "../blocks/activation.ts";
import {
  convEncoderOptionsShape,
  type ExpandedConvOptions,
  expandConvOptions,
  ofLayer,
} from "../blocks/conv-options.ts";
import { Convolution } from "../blocks/convolution.ts";
import { buildPooling, type PoolingParameters, poolingOutSize } from "../blocks/pooling.ts";
import { convOutSize } from "../blocks/shapes.ts";
import { type NetworkConfig, spatialDims } from "../network-config.ts";

const { dropout, ...rest } = convEncoderOptionsShape;
const schema = z.strictObject({ spatialDims, dropout, ...rest, inChannels: z.int().positive() });
export type ConvEncoderInit = Input<typeof schema>;

/** Config of {@link ConvEncoder}. */
export class ConvEncoderConfig extends configClass("ConvEncoder", schema) implements NetworkConfig {
  constructor(options: ConvEncoderInit) {
    const parsed = parseWith(schema, options, "ConvEncoderConfig");
    super(expandConvOptions(parsed, parsed.spatialDims, "ConvEncoderConfig"));
  }
  getObject(): ConvEncoder {
    return new ConvEncoder(this.fields() as ConvEncoderInit);
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
 */
export class ConvEncoder extends nn.Sequential {
  readonly config: ConvEncoderConfig;
  readonly inputSize: readonly number[] | null;
  /** The spatial size that comes out, when the one that goes in was given. */
  readonly finalSize: readonly number[] | null;
  /** The spatial size before each layer, by the layer's name; empty when the one that goes in was not given. */
  readonly sizesBefore: ReadonlyMap<string, readonly number[]>;

  /**
   * @param inputSize spatial size of the images, to check that no layer makes them vanish.
   * @throws ConfigError when one does.
   */
  constructor(options: ConvEncoderInit, inputSize: readonly number[] | null = null) {
    super();
    this.config = new ConvEncoderConfig(options);
    const config = this.config as unknown as ExpandedConvOptions & {
      readonly spatialDims: 1 | 2 | 3;
      readonly inChannels: number;
    };
    let size = inputSize;
    const sizes = new Map<string, readonly number[]>();
    const poolings = config.pooling === null ? [] : [...config.pooling];
    // the list of poolings follows the order of the layers, whatever the order of the indices
    const indices = new Set(config.pooling === null ? [] : config.poolingIndices);

    const pool = (name: string) => {
      const pooling = poolings.shift() as PoolingParameters;
      this.addModule(name, buildPooling(pooling, config.spatialDims));
      if (size !== null) sizes.set(name, size);
      size = this.#nextSize(size, (s) => poolingOutSize(pooling, s), pooling);
    };
    if (indices.has(-1)) pool("init_pool");
    let inChannels = config.inChannels;
    config.channels.forEach((outChannels, i) => {
      const kernelSize = ofLayer(config.kernelSize, i);
      const stride = ofLayer(config.stride, i);
      const padding = ofLayer(config.padding, i);
      const dilation = ofLayer(config.dilation, i);
      if (size !== null) sizes.set(`layer${i}`, size);
      size = this.#nextSize(size, (s) => convOutSize(s, kernelSize, stride, padding, dilation), null);
      this.addModule(
        `layer${i}`,
        new Convolution({
          spatialDims: config.spatialDims,
          inChannels,
          outChannels,
          kernelSize,
          stride,
          padding,
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
      if (indices.has(i)) pool(`pool${i}`);
    });
    if (config.outputAct !== null) this.addModule("output_act", buildActivation(config.outputAct));
    this.inputSize = inputSize;
    this.finalSize = size;
    this.sizesBefore = sizes;
  }

  #nextSize(
    size: readonly number[] | null,
    next: (size: readonly number[]) => number[],
    pooling: PoolingParameters | null,
  ): readonly number[] | null {
    if (size === null) return null;
    const after = next(size);
    if (after.some((length) => length <= 0)) {
      throw new ConfigError(
        `ConvEncoder: the image has size ${show(size)} at this point and would have size ${show(after)} after the next layer. ` +
          `Use fewer or smaller layers, or larger images. The network so far:\n${this.toString()}`,
      );
    }
    if (pooling !== null && after.some((length, i) => length > (size[i] ?? 0))) {
      throw new ConfigError(
        `ConvEncoder: the pooling ${show(pooling)} would enlarge the image from ${show(size)} to ${show(after)}: it cannot be performed.`,
      );
    }
    return after;
  }
}
