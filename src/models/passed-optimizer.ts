import type { Optimizer, OptimizerConfig } from "../optim/index.ts";
import type { nn } from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";

/** An optimizer that was passed instead of a config: it begins each training as it was when passed, but without state. */
export class PassedOptimizer {
  readonly #optimizer: Optimizer;
  readonly #options: readonly object[];
  /** What makes the same optimizer; null where it has groups of its own, or is a class of one's own. */
  readonly config: OptimizerConfig | null;

  /** @throws ConfigError when it is another model's. */
  constructor(optimizer: Optimizer, model: nn.AnyModule, config: OptimizerConfig | null) {
    const own = new Set<unknown>(model.parameters());
    if (optimizer.paramGroups.some((group) => group.params.some((parameter) => !own.has(parameter)))) {
      throw new ConfigError(
        "'optimizer' moves parameters that are not those of this model's network: nothing would be learnt. Build it from the very network that is passed here, or pass a config such as AdamConfig.",
        { fieldNames: ["optimizer"] },
      );
    }
    this.#optimizer = optimizer;
    this.config = config;
    this.#options = optimizer.paramGroups.map(({ params: _, ...options }) => structuredClone(options));
  }

  getObject(): Optimizer {
    this.#optimizer.dispose(); // what it remembers of its parameters
    for (const [i, group] of this.#optimizer.paramGroups.entries()) {
      // schedulers change options, and add some
      for (const key of Object.keys(group)) if (key !== "params") Reflect.deleteProperty(group, key);
      Object.assign(group, structuredClone(this.#options[i]));
    }
    return this.#optimizer;
  }

  toString(): string {
    return String(this.#optimizer);
  }
}
