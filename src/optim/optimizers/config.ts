import { z } from "zod";
import type { nn, optim } from "../../torch/index.ts";
import { type ConfigClass, configClass, type ToDict } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { freeze } from "./fields.ts";
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

type Common = {
  /** Paths of the parts of the network that do not learn: one or several; default null: none. */
  freeze: typeof freeze;
};

/** The class that `configClass` gives for these options. */
type OptionsClass<S extends z.ZodRawShape> = ConfigClass<z.ZodObject<Common & S>>;

/** The config class of an optimizer with these options: `Omit` leaves its static members, beside which the constructor stands. */
type OptimizerConfigClass<S extends z.ZodRawShape> = Omit<OptionsClass<S>, never> & {
  new (...options: ConstructorParameters<OptionsClass<S>>): InstanceType<OptionsClass<S>> & OptimizerConfig;
};

/**
 * The base of an optimizer's config: `freeze`, then its options, each for all parameters or per group.
 * @param optimizer the class that is built.
 * @param options with the names that the class has for them.
 */
export function optimizerConfig<S extends z.ZodRawShape>(
  name: string,
  optimizer: () => OptimizerClass,
  options: S,
): OptimizerConfigClass<S>;
// TypeScript cannot see that the fields of the class are those of the schema: the signature above says so
export function optimizerConfig(name: string, optimizer: () => OptimizerClass, options: z.ZodRawShape): unknown {
  const schema = z.strictObject({ freeze, ...options });
  const settings = { verbatim: Object.keys(schema.shape), finish: checkGroups };

  class Base extends configClass(name, schema, settings) implements OptimizerConfig {
    declare readonly freeze: readonly string[] | null;

    freezeParameters(network: nn.Module): void {
      for (const path of this.freeze ?? []) {
        for (const parameter of parametersUnder(network, path)) parameter.requiresGrad = false;
      }
    }
    getParameterGroups(): string[] {
      const values: unknown[] = Object.values(this.fields());
      const names = new Set(values.filter(isPerGroup).flatMap((value) => Object.keys(value)));
      names.delete(ELSE);
      return names.size === 0 ? [] : [...[...names].sort(), ELSE];
    }
    getObject(network: nn.Module, extra: readonly nn.Parameter[] = []): Optimizer {
      this.freezeParameters(network);
      const { freeze: _, ...own }: Record<string, unknown> = { ...this.fields() };
      const { groups, common } = splitByGroup(own, network, extra);
      // the schema has checked what the class cannot know at compile time: options sorted into groups
      return Reflect.construct(optimizer(), [groups ?? [...network.parameters(), ...extra], common]);
    }
  }
  return Base;
}

type OptimizerClass = abstract new (...args: never) => Optimizer;

/** Refuses an option for a part of the network that does not learn. */
function checkGroups<F extends { readonly freeze: readonly string[] | null }>(fields: F, what: string): F {
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
