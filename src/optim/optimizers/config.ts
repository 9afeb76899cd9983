import type { nn, optim } from "../../torch/index.ts";
import type { ToDict } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { parametersUnder, splitByGroup } from "./parameter-groups.ts";
import { ELSE, isPerGroup } from "./per-group.ts";

/** Optimizers of `torch.optim`. */
export type Optimizer = optim.Optimizer;

/** A config that builds an optimizer. */
export interface OptimizerConfig extends ToDict {
  readonly name_: string;
  /** Paths of the parts of the network that do not learn. */
  readonly freeze: readonly string[] | null;
  /** Sets `requiresGrad` of the frozen parameters to false. */
  freezeParameters(network: nn.Module): void;
  /**
   * Builds the optimizer of a network's parameters, after freezing what is to be.
   * @param extra parameters that belong to no part of the network (those of a loss).
   */
  getObject(network: nn.Module, extra?: readonly nn.Parameter[]): Optimizer;
  /** The parameter groups that the options name, sorted, then "ELSE"; empty without groups. */
  getParameterGroups(): string[];
}

/** What the configs of optimizers have in common: `freeze`, and options of which each is for all parameters or per group. */
interface Grouped extends OptimizerConfig {
  fields(): object;
}

/** Refuses an option for a part of the network that does not learn. For the `finish` of a config. */
export function checkGroups<F extends { readonly freeze: readonly string[] | null }>(fields: F, what: string): F {
  const frozen = new Set(fields.freeze);
  for (const [field, value] of Object.entries(fields)) {
    if (field === "freeze" || !isPerGroup(value)) continue;
    const both = Object.keys(value).find((group) => frozen.has(group));
    if (both !== undefined) {
      throw new ConfigError(`${what}: '${field}' has a value for '${both}', which is also in 'freeze'. Choose one.`, {
        fieldNames: [field, "freeze"],
      });
    }
  }
  return fields;
}

/** `freezeParameters` of every optimizer's config. */
export function freezeParameters({ freeze }: OptimizerConfig, network: nn.Module): void {
  for (const path of freeze ?? []) {
    for (const parameter of parametersUnder(network, path)) parameter.requiresGrad = false;
  }
}

/** `getParameterGroups` of every optimizer's config. */
export function parameterGroups(config: Grouped): string[] {
  const names = new Set(
    Object.values(config.fields())
      .filter(isPerGroup)
      .flatMap((value) => Object.keys(value)),
  );
  names.delete(ELSE);
  return names.size === 0 ? [] : [...[...names].sort(), ELSE];
}

/** `getObject` of every optimizer's config. */
export function buildOptimizer(
  Class: abstract new (...args: never) => Optimizer,
  config: Grouped,
  network: nn.Module,
  extra: readonly nn.Parameter[],
): Optimizer {
  config.freezeParameters(network);
  const { freeze: _, ...options }: Record<string, unknown> = { ...config.fields() };
  const { groups, common } = splitByGroup(options, network, extra);
  // the schema of the config has checked what the class cannot know at compile time: options sorted into groups
  return Reflect.construct(Class, [groups ?? [...network.parameters(), ...extra], common]);
}
