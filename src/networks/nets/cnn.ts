import { z } from "zod";
import { nn } from "../../torch/index.ts";
import { configClass, type Input } from "../../utils/config.ts";
import { child } from "../blocks/child.ts";
import { convEncoderOptionsShape, expandConvOptions } from "../blocks/conv-options.ts";
import { mlpArgs } from "../blocks/mlp-options.ts";
import { dimsOf, inShape, type NetworkConfig } from "../network-config.ts";
import { ConvEncoder } from "./conv-encoder.ts";
import { MLP } from "./mlp.ts";

const schema = z.strictObject({
  /** [channels, ...spatial size] of the images. */
  inShape,

  /** How many values come out per image. */
  numOutputs: z.int().positive(),

  /** The options of its ConvEncoder; `channels` is required. */
  convArgs: z.strictObject(convEncoderOptionsShape),

  /** The options of its MLP; default null: a single linear layer. */
  mlpArgs,
});
export type CNNOptions = Input<typeof schema>;

/**
 * Config of {@link CNN}.
 * @example
 * ```ts
 * const config = new CNNConfig({ inShape: [1, 64, 64, 64], numOutputs: 2, convArgs: { channels: [8, 16] } });
 * console.log(config.toDict().num_outputs, config.getObject() instanceof CNN); // → 2 true
 * ```
 */
export class CNNConfig
  extends configClass("CNN", schema, {
    finish: (parsed, what) => ({
      ...parsed,
      convArgs: expandConvOptions(parsed.convArgs, parsed.inShape.length - 1, `${what}.convArgs`),
    }),
  })
  implements NetworkConfig
{
  getObject(): CNN {
    return new CNN(this);
  }
}

/**
 * A classifier or regressor: a {@link ConvEncoder} (`convolutions`), then an {@link MLP} (`mlp`).
 * (N, ...inShape) → (N, numOutputs).
 *
 * Options: `inShape` ([channels, ...spatial size]), `numOutputs`, `convArgs` (options of ConvEncoder; `channels` is
 * required), `mlpArgs` (options of MLP; without it, a single linear layer).
 * @throws ConfigError when the images would vanish on their way.
 * @example
 * ```ts
 * using images = torch.rand([2, 1, 16, 16, 16]);
 * using network = new CNN({ inShape: [1, 16, 16, 16], numOutputs: 2, convArgs: { channels: [4, 8] }, mlpArgs: { hiddenDims: [16] } });
 * using scores = network.call(images);
 * console.log(scores.shape); // → [ 2, 2 ]
 * ```
 */
export class CNN extends nn.Sequential {
  readonly config: CNNConfig;
  /** The convolutional part. */
  readonly convolutions: ConvEncoder;
  /** The fully connected part. */
  readonly mlp: MLP;

  constructor(options: CNNOptions) {
    super();
    this.config = CNNConfig.of(options);
    const { numOutputs, convArgs, mlpArgs } = this.config;
    const [inChannels = 1, ...inputSize] = this.config.inShape;
    const encoder = { ...convArgs, inChannels, spatialDims: dimsOf(inputSize) };
    this.convolutions = child(this, "convolutions", new ConvEncoder(encoder, inputSize));
    const channels = convArgs.channels.at(-1) ?? inChannels;
    const numInputs = (this.convolutions.finalSize ?? []).reduce((product, length) => product * length, channels);
    this.mlp = child(this, "mlp", new MLP({ ...mlpArgs, numInputs, numOutputs }));
  }
}
