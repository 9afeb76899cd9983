import { z } from "zod";
import { nn } from "../../torch/index.ts";
import { configClass, type Input, parseWith } from "../../utils/config.ts";
import { convDecoderOptionsShape, expandDecoderOptions } from "../blocks/conv-options.ts";
import { Reshape } from "../blocks/reshape.ts";
import { type NetworkConfig, startShape } from "../network-config.ts";
import { ConvDecoder, type ConvDecoderInit } from "./conv-decoder.ts";
import { MLP, mlpArgs } from "./mlp.ts";

const schema = z.strictObject({
  latentSize: z.int().positive(),
  startShape,
  convArgs: z.strictObject(convDecoderOptionsShape),
  mlpArgs,
});
export type GeneratorOptions = Input<typeof schema>;

/** Config of {@link Generator}. */
export class GeneratorConfig extends configClass("Generator", schema) implements NetworkConfig {
  constructor(options: GeneratorOptions) {
    const parsed = parseWith(schema, options, "GeneratorConfig");
    const { convArgs, startShape } = parsed;
    super({ ...parsed, convArgs: expandDecoderOptions(convArgs, startShape.length - 1, "GeneratorConfig.convArgs") });
  }
  getObject(): Generator {
    return new Generator(this.fields() as GeneratorOptions);
  }
}

/**
 * Makes images of vectors: an {@link MLP} (`mlp`), a change of shape (`reshape`), then a {@link ConvDecoder}
 * (`convolutions`). (N, latentSize) → (N, ...outputShape).
 *
 * Options: `latentSize`, `startShape` ([channels, ...spatial size] of what the convolutions get), `convArgs` (options of
 * ConvDecoder; `channels` is required), `mlpArgs` (options of MLP; without it, a single linear layer).
 * @throws ConfigError when the images would vanish on their way.
 */
export class Generator extends nn.Sequential {
  readonly config: GeneratorConfig;
  /** [channels, ...spatial size] of the images. */
  readonly outputShape: readonly number[];

  constructor(options: GeneratorOptions) {
    super();
    this.config = new GeneratorConfig(options);
    const { latentSize, startShape, convArgs, mlpArgs } = this.config;
    const [inChannels = 1, ...startSize] = startShape;
    const numOutputs = startShape.reduce((product, length) => product * length, 1);
    this.addModule("mlp", new MLP({ ...mlpArgs, numInputs: latentSize, numOutputs }));
    this.addModule("reshape", new Reshape(startShape));
    const convolutions = new ConvDecoder(
      { ...convArgs, inChannels, spatialDims: startSize.length as 1 | 2 | 3 } as ConvDecoderInit,
      startSize,
    );
    this.addModule("convolutions", convolutions);
    this.outputShape = [convArgs.channels.at(-1) ?? inChannels, ...(convolutions.finalSize ?? [])];
  }
}
