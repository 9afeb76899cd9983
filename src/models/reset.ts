import type { nn } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";

interface Resettable {
  resetParameters?: () => void;
}

/** See `Model.reset`. */
export function resetWeights(model: nn.AnyModule): void {
  const holders: (nn.AnyModule & Resettable)[] = [];
  for (const [path, module] of model.namedModules() as Iterable<[string, nn.AnyModule & Resettable]>) {
    const own = [...module.namedParameters({ recurse: false })];
    const trainable = own.filter(([, parameter]) => parameter.requiresGrad).map(([name]) => `'${name}'`);
    if (trainable.length > 0 && module.resetParameters === undefined) {
      throw new ConfigError(
        `The weights ${trainable.join(", ")} of ${module.constructor.name} ('${path}') cannot be drawn anew, and would keep what they learnt from another split. ` +
          "Give the class a method resetParameters(), or train with optimization: { resetModel: false }.",
      );
    }
    const holds = !module.children().next().done;
    if (holds || own.length === 0) holders.push(module);
    else if (trainable.length > 0) redraw(module);
  }
  for (const module of holders.reverse()) {
    const held = [...module.parameters()];
    if (held.length === 0 || held.some((parameter) => parameter.requiresGrad)) redraw(module);
  }
}

/** Lets a layer draw its weights; those that are frozen stay. */
function redraw(module: nn.AnyModule & Resettable): void {
  if (module.resetParameters === undefined) return;
  using _scope = torch.scope();
  using _grad = torch.noGrad();
  const frozen = [...module.parameters()].filter((parameter) => !parameter.requiresGrad);
  const before = frozen.map((parameter) => parameter.clone());
  module.resetParameters();
  for (const [i, parameter] of frozen.entries()) parameter.copy_(before[i] ?? parameter);
}
