import { nn } from "../../torch/index.ts";
import { show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { buildActivation } from "./activation.ts";
import type { ConvStackOptions } from "./conv-options.ts";
import { ofLayer, type PerLayer } from "./conv-options.ts";
import { Convolution } from "./convolution.ts";
import type { SpatialDims } from "./layers.ts";
import { convOutSize, convTransposeOutSize } from "./shapes.ts";

/** A pooling or unpooling between convolutions. */
export interface Between {
  /** The layer, for images with that many channels. */
  build(channels: number): nn.Layer;
  outSize(size: readonly number[]): number[];
  /** Why the layer cannot turn images of one size into those of the other; null when it can. */
  refuse?(before: readonly number[], after: readonly number[]): string | null;
}

/** What a stack is made of besides its convolutions. */
export interface Stack {
  /** The class, for messages. */
  readonly name: string;
  /** What to do when an image would vanish, for messages. */
  readonly advice: string;
  readonly options: ConvStackOptions & { readonly spatialDims: SpatialDims; readonly inChannels: number };
  /** Of transposed convolutions; null: they are not transposed. */
  readonly outputPadding: PerLayer | null;
  /** The name of what stands between convolutions: "pool", "unpool". */
  readonly between: "pool" | "unpool";
  readonly layers: readonly Between[];
  /** The convolutions after which `layers` stand, -1 for before the first, in any order: `layers` have that of the network. */
  readonly indices: readonly number[];
}

/**
 * Convolutions, each followed by normalisation, dropout and activation, with other layers between them: `init_pool`,
 * `layer{i}.conv`, `layer{i}.adn`, `pool{i}`, `output_act`. The last convolution stands alone.
 */
export abstract class ConvStack extends nn.Sequential {
  readonly inputSize: readonly number[] | null;
  /** The spatial size that comes out, when the one that goes in was given. */
  readonly finalSize: readonly number[] | null;
  /** The spatial size before each layer, by the layer's name; empty when the one that goes in was not given. */
  readonly sizesBefore: ReadonlyMap<string, readonly number[]>;

  constructor(stack: Stack, inputSize: readonly number[] | null) {
    super();
    const { options, between, outputPadding } = stack;
    const sizes = new Map<string, readonly number[]>();
    const others = [...stack.layers];
    const indices = new Set(stack.indices);
    let size = inputSize;
    let channels = options.inChannels;

    const add = (name: string, layer: () => nn.Layer, step: Pick<Between, "outSize" | "refuse">) => {
      if (size !== null) {
        sizes.set(name, size);
        size = this.#sizeAfter(size, step, stack);
      }
      this.addModule(name, layer());
    };
    const addOther = (name: string) => {
      const other = others.shift();
      if (other !== undefined) add(name, () => other.build(channels), other);
    };
    if (indices.has(-1)) addOther(`init_${between}`);
    options.channels.forEach((outChannels, i) => {
      const window = {
        kernelSize: ofLayer(options.kernelSize, i),
        stride: ofLayer(options.stride, i),
        padding: ofLayer(options.padding, i),
        dilation: ofLayer(options.dilation, i),
        outputPadding: outputPadding === null ? null : ofLayer(outputPadding, i),
      };
      const { spatialDims, bias, adnOrdering: ordering, act, norm, dropout } = options;
      const isLast = i === options.channels.length - 1;
      const adn = isLast ? null : { ordering, act, norm, dropout };
      const layer = () => new Convolution({ spatialDims, inChannels: channels, outChannels, bias, adn, ...window });
      add(`layer${i}`, layer, { outSize: (before) => sizeAfterConv(before, window) });
      channels = outChannels;
      if (indices.has(i)) addOther(`${between}${i}`);
    });
    if (options.outputAct !== null) this.addModule("output_act", buildActivation(options.outputAct));
    this.inputSize = inputSize;
    this.finalSize = size;
    this.sizesBefore = sizes;
  }

  #sizeAfter(before: readonly number[], step: Pick<Between, "outSize" | "refuse">, { name, advice }: Stack): number[] {
    const after = step.outSize(before);
    if (after.some((length) => length <= 0)) {
      throw new ConfigError(
        `${name}: the image has size ${show(before)} at this point and would have size ${show(after)} after the next layer. ` +
          `${advice} The network so far:\n${this.toString()}`,
      );
    }
    const refused = step.refuse?.(before, after) ?? null;
    if (refused !== null) throw new ConfigError(`${name}: ${refused}`);
    return after;
  }
}

interface Window {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly outputPadding: readonly number[] | null;
}

function sizeAfterConv(size: readonly number[], window: Window): number[] {
  const { kernelSize, stride, padding, dilation, outputPadding } = window;
  return outputPadding === null
    ? convOutSize(size, kernelSize, stride, padding, dilation)
    : convTransposeOutSize(size, kernelSize, stride, padding, outputPadding, dilation);
}
