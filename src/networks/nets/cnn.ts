import { z } from "zod";
import { nn } from "../../torch/index.ts";
import { configClass, type Input, parseWith } from "../../utils/config.ts";
import { convEncoderOptionsShape, expandConvOptions } from "../blocks/conv-options.ts";
import { inShape, type NetworkConfig } from "../network-config.ts";
import { ConvEncoder, type ConvEncoderInit } from "./conv-encoder.ts";
import { MLP, mlpArgs } from "./mlp.ts";

const schema = z.strictObject({
  inShape,
  numOutputs: z.int().positive(),
  convArgs: z.strictObject(convEncoderOptionsShape),
  mlpArgs,
});
export type CNNOptions = Input<typeof schema>;

/** Config of {@link CNN}. */
export class CNNConfig extends configClass("CNN", schema) implements NetworkConfig {
  constructor(options: CNNOptions) {
    const parsed = parseWith(schema, options, "CNNConfig");
    super({ ...parsed, convArgs: expandConvOptions(parsed.convArgs, parsed.inShape.length - 1, "CNNConfig.convArgs") });
  }
  getObject(): CNN {
    return new CNN(this.fields() as CNNOptions);
  }
}

/**
 * A classifier or regressor: a {@link ConvEncoder} (`convolutions`), then an {@link MLP} (`mlp`).
 * (N, ...inShape) → (N, numOutputs).
 *
 * Options: `inShape` ([channels, ...spatial size]), `numOutputs`, `convArgs` (options of ConvEncoder; `channels` is
 * required), `mlpArgs` (options of MLP; without it, a single linear layer).
 * @throws ConfigError when the images would vanish on their way.
 */
export class CNN extends nn.Sequential {
  readonly config: CNNConfig;
  readonly #convolutions: ConvEncoder;

  constructor(options: CNNOptions) {
    super();
    this.config = new CNNConfig(options);
    const { numOutputs, convArgs, mlpArgs } = this.config;
    const [inChannels = 1, ...inputSize] = this.config.inShape;
    this.#convolutions = new ConvEncoder(
      { ...convArgs, inChannels, spatialDims: inputSize.length as 1 | 2 | 3 } as ConvEncoderInit,
      inputSize,
    );
    this.addModule("convolutions", this.#convolutions);
    const channels = convArgs.channels.at(-1) ?? inChannels;
    const numInputs = (this.#convolutions.finalSize ?? []).reduce((product, length) => product * length, channels);
    this.addModule("mlp", new MLP({ ...mlpArgs, numInputs, numOutputs }));
  }

  /** The convolutional part. */
  get convolutions(): ConvEncoder {
    return this.#convolutions;
  }
}
