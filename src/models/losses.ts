import { Tensor } from "../torch/index.ts";
import { show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import type { Losses, Model } from "./model.ts";

/**
 * What `forwardStep` gave, by name: a single loss has the name of the model's only loss function.
 * @throws ConfigError unless the names are those of `getLossFunctions`, and each loss is a tensor of one element.
 * @example
 * ```ts
 * using batch = new Batch([await dataset.get(0)]);
 * using scope = torch.scope();
 * console.log(Object.keys(namedLosses(model.forwardStep(batch), model))); // → [ 'loss' ]
 * ```
 */
export function namedLosses(loss: Losses, model: Model): Record<string, Tensor> {
  const names = Object.keys(model.getLossFunctions());
  const expected = names.map((name) => `'${name}'`).join(", ");
  const [only = ""] = names;
  if (names.length === 0) {
    throw new ConfigError(`${model.constructor.name}.getLossFunctions gives no loss. Give each of the losses a name.`);
  }
  if (loss instanceof Tensor && names.length > 1) {
    throw new ConfigError(
      `${model.constructor.name}.forwardStep gives one loss, but getLossFunctions gives ${expected}. Return each by its name.`,
    );
  }
  const losses: Record<string, Tensor> = loss instanceof Tensor ? { [only]: loss } : { ...loss };
  const got = Object.keys(losses);
  if (got.length !== names.length || !names.every((name) => name in losses)) {
    throw new ConfigError(
      `${model.constructor.name}.forwardStep gives the losses ${got.map((name) => `'${name}'`).join(", ") || "{}"}, but getLossFunctions gives ${expected}. Use the same names.`,
    );
  }
  for (const [name, value] of Object.entries(losses)) {
    if (!(value instanceof Tensor)) {
      throw new ConfigError(
        `${model.constructor.name}.forwardStep: the loss '${name}' is ${show(value)}, not a Tensor.`,
      );
    }
    if (value.numel() !== 1) {
      throw new ConfigError(
        `${model.constructor.name}.forwardStep: the loss '${name}' has the shape [${value.shape.join(", ")}]; one element is needed. Use a loss with a reduction, or its mean().`,
      );
    }
  }
  return losses;
}
