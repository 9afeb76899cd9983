import { z } from "zod";
import { type nn, optim } from "../../torch/index.ts";
import { type Config, type ConfigClass, configClass, type Input, type ToDict } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { parametersUnder, splitByGroup } from "./parameter-groups.ts";
import { ELSE, isPerGroup, perGroup } from "./per-group.ts";

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

type OptimizerClass = new (params: never, options: never) => Optimizer;

const freeze = z
  .union([z.string(), z.array(z.string())])
  .nullable()
  .default(null)
  .transform((value) => (typeof value === "string" ? [value] : value));

/** A config class of an optimizer: `freeze`, then the hyper-parameters, each for all parameters or per group. */
function optimizerConfig<S extends z.ZodRawShape>(name: string, optimizer: () => OptimizerClass, shape: S) {
  const schema = z.strictObject({ freeze, ...shape });
  const verbatim = Object.keys(schema.shape);
  const Parent = configClass(name, schema as unknown as z.ZodObject<z.ZodRawShape>, { verbatim }) as unknown as new (
    fields?: unknown,
  ) => Config & { readonly freeze: readonly string[] | null };

  class OptimizerBase extends Parent implements OptimizerConfig {
    constructor(fields?: unknown) {
      super(fields);
      const frozen = new Set(this.freeze);
      for (const [field, value] of Object.entries(this.fields())) {
        if (field === "freeze" || !isPerGroup(value)) continue;
        const both = Object.keys(value).find((group) => frozen.has(group));
        if (both !== undefined) {
          throw new ConfigError(
            `${name}Config: '${field}' has a value for '${both}', which is also in 'freeze'. Choose one.`,
            { fieldNames: [field, "freeze"] },
          );
        }
      }
    }
    freezeParameters(network: nn.Module): void {
      for (const path of this.freeze ?? []) {
        for (const parameter of parametersUnder(network, path)) parameter.requiresGrad = false;
      }
    }
    getObject(network: nn.Module, extra: readonly nn.Parameter[] = []): Optimizer {
      this.freezeParameters(network);
      const { freeze: _, ...options } = this.fields();
      const { groups, common } = splitByGroup(options, network, extra);
      const Class = optimizer();
      return new Class((groups ?? [...network.parameters(), ...extra]) as never, common as never);
    }
    getParameterGroups(): string[] {
      const names = new Set(
        Object.values(this.fields())
          .filter(isPerGroup)
          .flatMap((value) => Object.keys(value)),
      );
      names.delete(ELSE);
      return names.size === 0 ? [] : [...[...names].sort(), ELSE];
    }
  }
  return OptimizerBase as unknown as OptimizerConfigClass<typeof schema>;
}

type OptimizerConfigClass<S extends z.ZodObject<z.ZodRawShape>> = Omit<ConfigClass<S>, never> & {
  new (fields?: Input<S>): InstanceType<ConfigClass<S>> & OptimizerConfig;
};

const nonNegative = () => perGroup(z.number().nonnegative());
const lr = (value: number) => perGroup(z.number().positive()).default(value);
const flag = () => perGroup(z.boolean()).default(false);
const choice = () => perGroup(z.boolean().nullable()).default(null);
const unit = () => z.number().min(0).max(1);

/** Adam (Kingma & Ba, 2015). */
export class AdamConfig extends optimizerConfig("Adam", () => optim.Adam, {
  lr: lr(1e-3),
  betas: perGroup(z.tuple([unit(), unit()])).default([0.9, 0.999]),
  eps: nonNegative().default(1e-8),
  weightDecay: nonNegative().default(0),
  amsgrad: flag(),
  foreach: choice(),
  maximize: flag(),
  capturable: flag(),
  differentiable: flag(),
  fused: choice(),
}) {}

/** Adam with decoupled weight decay (Loshchilov & Hutter, 2019). Not in ClinicaDL 2.0.0, which cannot read it. */
export class AdamWConfig extends optimizerConfig("AdamW", () => optim.AdamW, {
  lr: lr(1e-3),
  betas: perGroup(z.tuple([unit(), unit()])).default([0.9, 0.999]),
  eps: nonNegative().default(1e-8),
  weightDecay: nonNegative().default(1e-2),
  amsgrad: flag(),
  maximize: flag(),
  foreach: choice(),
  capturable: flag(),
  differentiable: flag(),
  fused: choice(),
}) {}

/** Stochastic gradient descent, with momentum if asked. */
export class SGDConfig extends optimizerConfig("SGD", () => optim.SGD, {
  lr: lr(1e-3),
  momentum: nonNegative().default(0),
  dampening: perGroup(z.number()).default(0),
  weightDecay: nonNegative().default(0),
  nesterov: flag(),
  maximize: flag(),
  foreach: choice(),
  differentiable: flag(),
  fused: choice(),
}) {}

/** RMSprop (Hinton). */
export class RMSpropConfig extends optimizerConfig("RMSprop", () => optim.RMSprop, {
  lr: lr(1e-2),
  alpha: nonNegative().default(0.99),
  eps: nonNegative().default(1e-8),
  weightDecay: nonNegative().default(0),
  momentum: nonNegative().default(0),
  centered: flag(),
  capturable: flag(),
  foreach: choice(),
  maximize: flag(),
  differentiable: flag(),
}) {}

/** Adagrad (Duchi, Hazan & Singer, 2011). */
export class AdagradConfig extends optimizerConfig("Adagrad", () => optim.Adagrad, {
  lr: lr(1e-2),
  lrDecay: nonNegative().default(0),
  weightDecay: nonNegative().default(0),
  initialAccumulatorValue: nonNegative().default(0),
  eps: nonNegative().default(1e-10),
  foreach: choice(),
  maximize: flag(),
  differentiable: flag(),
  fused: choice(),
}) {}

/** Adadelta (Zeiler, 2012). */
export class AdadeltaConfig extends optimizerConfig("Adadelta", () => optim.Adadelta, {
  lr: lr(1),
  rho: perGroup(unit()).default(0.9),
  eps: nonNegative().default(1e-6),
  weightDecay: nonNegative().default(0),
  foreach: choice(),
  capturable: flag(),
  maximize: flag(),
  differentiable: flag(),
}) {}
