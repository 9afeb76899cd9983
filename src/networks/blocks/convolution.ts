import { nn } from "../../torch/index.ts";
import { ADN, type ADNOptions } from "./adn.ts";
import { conv, convTranspose, type SpatialDims } from "./layers.ts";

type PerDim = number | readonly number[];

interface Geometry {
  readonly spatialDims: SpatialDims;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: PerDim;
  /** Default 1. */
  readonly stride?: PerDim;
  /** Default 0. */
  readonly padding?: PerDim;
  /** Default 1. */
  readonly dilation?: PerDim;
  /** Default true. */
  readonly bias?: boolean;
  /** Given for a transposed convolution: what is added to one side of its output. */
  readonly outputPadding?: PerDim | null;
}

export interface ConvolutionOptions extends Geometry {
  /** What follows the convolution; null: nothing does. */
  readonly adn: Omit<ADNOptions, "channels" | "normDims"> | null;
}

/**
 * A convolution (`conv`), transposed or not, and what follows it (`adn`), named as in MONAI.
 * @example
 * ```ts
 * const adn = { ordering: "NDA", act: "relu", norm: "instance", dropout: null } as const;
 * using layers = new Convolution({ spatialDims: 3, inChannels: 1, outChannels: 8, kernelSize: 3, padding: 1, adn });
 * using images = torch.rand([2, 1, 16, 16, 16]);
 * using features = layers.call(images);
 * console.log(features.shape); // → [ 2, 8, 16, 16, 16 ]
 * ```
 */
export class Convolution extends nn.Sequential {
  constructor({ adn, ...geometry }: ConvolutionOptions) {
    super();
    this.addModule("conv", buildConv(geometry));
    if (adn === null || (adn.act === null && adn.norm === null && adn.dropout === null)) return;
    const { outChannels: channels, spatialDims: normDims } = geometry;
    this.addModule("adn", new ADN({ ...adn, channels, normDims }));
  }
}

function buildConv({ spatialDims, inChannels, outChannels, kernelSize, outputPadding, ...rest }: Geometry): nn.Layer {
  const sizes = [inChannels, outChannels, kernelSize] as const;
  if (outputPadding === undefined || outputPadding === null) return new (conv(spatialDims))(...sizes, rest);
  return new (convTranspose(spatialDims))(...sizes, { ...rest, outputPadding });
}
