import { z } from "zod";
import { nn } from "../../torch/index.ts";
import { configClass, type Input } from "../../utils/config.ts";
import { buildActivation } from "../blocks/activation.ts";
import { ADN } from "../blocks/adn.ts";
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

/** Config of {@link MLP}. */
export class MLPConfig extends configClass("MLP", schema) implements NetworkConfig {
  getObject(): MLP {
    return new MLP(this);
  }
}

/**
 * A multi-layer perceptron on flattened inputs: `flatten`, `hidden{i}.linear`, `hidden{i}.adn`, `output.linear`,
 * `output.output_act`. (N, …) with `numInputs` elements per sample → (N, numOutputs).
 *
 * Options: `numInputs`, `numOutputs`, `hiddenDims` (features of each hidden layer), `act` ("prelu"), `outputAct`
 * (none), `norm` ("batch", which needs more than one sample to train), `dropout` (none), `bias` (true),
 * `adnOrdering` ("NDA": order of activation, dropout and normalisation after each hidden layer).
 */
export class MLP extends nn.Sequential {
  readonly config: MLPConfig;

  constructor(options: MLPOptions) {
    super();
    this.config = MLPConfig.of(options);
    const { numInputs, numOutputs, hiddenDims, act, outputAct, norm, dropout, bias, adnOrdering } = this.config;
    this.addModule("flatten", new nn.Flatten());
    let features = numInputs;
    hiddenDims.forEach((width, i) => {
      const hidden = new nn.Sequential();
      hidden.addModule("linear", new nn.Linear(features, width, { bias }));
      hidden.addModule("adn", new ADN({ ordering: adnOrdering, act, norm, normDims: 1, dropout, channels: width }));
      this.addModule(`hidden${i}`, hidden);
      features = width;
    });
    const output = new nn.Sequential();
    output.addModule("linear", new nn.Linear(features, numOutputs, { bias }));
    if (outputAct !== null) output.addModule("output_act", buildActivation(outputAct));
    this.addModule("output", output);
  }
}
