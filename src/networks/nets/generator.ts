import { z } from "zod";
import { nn } from "../../torch/index.ts";
import { configClass, type Input } from "../../utils/config.ts";
import { child } from "../blocks/child.ts";
import { convDecoderOptionsShape, expandDecoderOptions } from "../blocks/conv-options.ts";
import { mlpArgs } from "../blocks/mlp-options.ts";
import { Reshape } from "../blocks/reshape.ts";
import { dimsOf, type NetworkConfig, startShape } from "../network-config.ts";
import { ConvDecoder } from "./conv-decoder.ts";
import { MLP } from "./mlp.ts";

const schema = z.strictObject({
  /** How many values an image is made of. */
  latentSize: z.int().positive(),

  /** [channels, ...spatial size] of what the convolutions get. */
  startShape,

  /** The options of its ConvDecoder; `channels` is required. */
  convArgs: z.strictObject(convDecoderOptionsShape),

  /** The options of its MLP; default null: a single linear layer. */
  mlpArgs,
});
export type GeneratorOptions = Input<typeof schema>;

/**
 * Config of {@link Generator}.
 * @example
 * ```ts
 * const config = new GeneratorConfig({ latentSize: 32, startShape: [8, 4, 4, 4], convArgs: { channels: [4, 1] } });
 * console.log(config.startShape); // → [ 8, 4, 4, 4 ]
 * ```
 */
export class GeneratorConfig
  extends configClass("Generator", schema, {
    finish: (parsed, what) => ({
      ...parsed,
      convArgs: expandDecoderOptions(parsed.convArgs, parsed.startShape.length - 1, `${what}.convArgs`),
    }),
  })
  implements NetworkConfig
{
  getObject(): Generator {
    return new Generator(this);
  }
}

/**
 * Makes images of vectors: an {@link MLP} (`mlp`), a change of shape (`reshape`), then a {@link ConvDecoder}
 * (`convolutions`). (N, latentSize) → (N, ...outputShape).
 *
 * Options: `latentSize`, `startShape` ([channels, ...spatial size] of what the convolutions get), `convArgs` (options of
 * ConvDecoder; `channels` is required), `mlpArgs` (options of MLP; without it, a single linear layer).
 * @throws ConfigError when the images would vanish on their way.
 * @example
 * ```ts
 * using latent = torch.rand([2, 32]);
 * using network = new Generator({ latentSize: 32, startShape: [8, 4, 4, 4], convArgs: { channels: [4, 1], padding: 1 } });
 * using images = network.call(latent);
 * console.log(images.shape, network.outputShape); // → [ 2, 1, 4, 4, 4 ] [ 1, 4, 4, 4 ]
 * ```
 */
export class Generator extends nn.Sequential {
  readonly config: GeneratorConfig;
  /** [channels, ...spatial size] of the images. */
  readonly outputShape: readonly number[];

  constructor(options: GeneratorOptions) {
    super();
    this.config = GeneratorConfig.of(options);
    const { latentSize, startShape, convArgs, mlpArgs } = this.config;
    const [inChannels = 1, ...startSize] = startShape;
    const numOutputs = startShape.reduce((product, length) => product * length, 1);
    this.addModule("mlp", new MLP({ ...mlpArgs, numInputs: latentSize, numOutputs }));
    this.addModule("reshape", new Reshape(startShape));
    const decoder = { ...convArgs, inChannels, spatialDims: dimsOf(startSize) };
    const convolutions = child(this, "convolutions", new ConvDecoder(decoder, startSize));
    this.outputShape = [convArgs.channels.at(-1) ?? inChannels, ...(convolutions.finalSize ?? [])];
  }
}
