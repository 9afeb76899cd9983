import { nn } from "../../torch/index.ts";
import { ADN, type ADNOptions } from "./adn.ts";

export interface ConvolutionOptions extends Omit<ADNOptions, "channels" | "normDims"> {
  readonly spatialDims: 1 | 2 | 3;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly bias: boolean;
  /** Given for a transposed convolution: what is added to one side of its output. */
  readonly outputPadding?: readonly number[];
  /** No activation, dropout and normalisation after the convolution. */
  readonly convOnly: boolean;
}

const CONV = { 1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d } as const;
const CONV_TRANSPOSE = { 1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d } as const;

/** A convolution (`conv`), transposed or not, and what follows it (`adn`), named as in MONAI. */
export class Convolution extends nn.Sequential {
  constructor(options: ConvolutionOptions) {
    super();
    const { spatialDims, inChannels, outChannels, stride, padding, dilation, bias, outputPadding } = options;
    const geometry = { stride, padding, dilation, bias };
    const sizes = [inChannels, outChannels, options.kernelSize] as const;
    const conv =
      outputPadding === undefined
        ? new CONV[spatialDims](...sizes, geometry)
        : new CONV_TRANSPOSE[spatialDims](...sizes, { ...geometry, outputPadding });
    this.addModule("conv", conv);
    const { act, norm, dropout, ordering } = options;
    if (options.convOnly || (act === null && norm === null && dropout === null)) return;
    this.addModule("adn", new ADN({ ordering, act, norm, normDims: spatialDims, dropout, channels: outChannels }));
  }
}
