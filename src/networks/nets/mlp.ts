import { z } from "zod";
import { nn } from "../../torch/index.ts";
import { configClass, type Input } from "../../utils/config.ts";
import { buildActivation } from "../blocks/activation.ts";
import { ADN } from "../blocks/adn.ts";
import { child } from "../blocks/child.ts";
import { mlpOptionsShape } from "../blocks/mlp-options.ts";
import type { NetworkConfig } from "../network-config.ts";

const schema = z.strictObject({
  ...mlpOptionsShape,
  /** How many values a sample has. */
  numInputs: z.int().positive(),
  /** How many values come out per sample. */
  numOutputs: z.int().positive(),
});
export type MLPOptions = Input<typeof schema>;

/**
 * Config of {@link MLP}.
 * @example
 * ```ts
 * const config = new MLPConfig({ numInputs: 3, numOutputs: 2, hiddenDims: [8] });
 * console.log(config.act, config.norm); // → prelu batch
 * ```
 */
export class MLPConfig extends configClass("MLP", schema) implements NetworkConfig {
  getObject(): MLP {
    return new MLP(this);
  }
}

/**
 * The last layer of an MLP: `linear`, `output_act`.
 * @example
 * ```ts
 * using output = mlpOutput(16, { numOutputs: 2, bias: true, outputAct: "sigmoid" });
 * console.log([...output.namedChildren()].map(([name]) => name)); // → [ 'linear', 'output_act' ]
 * ```
 */
export function mlpOutput(
  features: number,
  { numOutputs, bias, outputAct }: Pick<z.output<typeof schema>, "numOutputs" | "bias" | "outputAct">,
): nn.Sequential {
  const output = new nn.Sequential();
  output.addModule("linear", new nn.Linear(features, numOutputs, { bias }));
  if (outputAct !== null) output.addModule("output_act", buildActivation(outputAct));
  return output;
}

/**
 * A multi-layer perceptron on flattened inputs: `flatten`, `hidden{i}.linear`, `hidden{i}.adn`, `output.linear`,
 * `output.output_act`. (N, …) with `numInputs` elements per sample → (N, numOutputs).
 *
 * Options: `numInputs`, `numOutputs`, `hiddenDims` (features of each hidden layer), `act` ("prelu"), `outputAct`
 * (none), `norm` ("batch", which needs more than one sample to train), `dropout` (none), `bias` (true),
 * `adnOrdering` ("NDA": order of activation, dropout and normalisation after each hidden layer).
 * @example
 * ```ts
 * using values = torch.rand([4, 3]);
 * using network = new MLP({ numInputs: 3, numOutputs: 2, hiddenDims: [8], norm: null });
 * using scores = network.call(values);
 * console.log(scores.shape); // → [ 4, 2 ]
 * ```
 */
export class MLP extends nn.Sequential {
  readonly config: MLPConfig;
  readonly #output: nn.Sequential;

  constructor(options: MLPOptions) {
    super();
    this.config = MLPConfig.of(options);
    const { numInputs, hiddenDims, act, norm, dropout, bias, adnOrdering } = this.config;
    this.addModule("flatten", new nn.Flatten());
    let features = numInputs;
    hiddenDims.forEach((width, i) => {
      const hidden = new nn.Sequential();
      hidden.addModule("linear", new nn.Linear(features, width, { bias }));
      hidden.addModule("adn", new ADN({ ordering: adnOrdering, act, norm, normDims: 1, dropout, channels: width }));
      this.addModule(`hidden${i}`, hidden);
      features = width;
    });
    this.#output = child(this, "output", mlpOutput(features, this.config));
  }

  /** How many values the last layer gets. */
  get outputFeatures(): number {
    return this.config.hiddenDims.at(-1) ?? this.config.numInputs;
  }

  /** Takes the last layer out, for networks that use its input in another way; what is left gives that. */
  takeOutput(): nn.Sequential {
    this.entries.set("output", new nn.Identity());
    return this.#output;
  }
}
