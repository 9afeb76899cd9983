import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { type Config, type ConfigClass, configClass, type Input, show, type ToDict } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { ELSE, isPerGroup, type PerGroup, perGroup } from "../optimizers/per-group.ts";

/** When a scheduler moves: after each optimizer step, after each epoch, or after each validation with a metric's value. */
export type LRSchedulerType = "step-based" | "epoch-based" | "metric-based";

/** A scheduler of `torch.optim.lrScheduler`. */
export type LRScheduler =
  | InstanceType<typeof optim.lrScheduler.LRScheduler>
  | InstanceType<typeof optim.lrScheduler.ReduceLROnPlateau>;

/** A config that builds a learning-rate scheduler. */
export interface LRSchedulerConfig extends ToDict {
  readonly name_: string;
  schedulerType(): LRSchedulerType;
  /**
   * Builds the scheduler of `optimizer`.
   * @throws ConfigError when options per group do not match the optimizer's groups.
   */
  getObject(optimizer: optim.Optimizer): LRScheduler;
}

type SchedulerClass = new (optimizer: optim.Optimizer, options: never) => LRScheduler;
type ClassOf<S extends z.ZodObject<z.ZodRawShape>> = Omit<ConfigClass<S>, never> & {
  new (fields?: Input<S>): InstanceType<ConfigClass<S>> & LRSchedulerConfig;
};

/** One value, one per parameter group in the optimizer's order, or one per group by name. */
type Values = PerGroup<number> | readonly number[];

interface Settings {
  readonly type: LRSchedulerType;
  /** Fields that may hold one value per parameter group. */
  readonly grouped?: readonly string[];
  /** Further checks of the fields. */
  readonly check?: (fields: Readonly<Record<string, unknown>>) => void;
  readonly checkOptimizer?: (fields: Readonly<Record<string, unknown>>, optimizer: optim.Optimizer) => void;
}

function schedulerConfig<S extends z.ZodRawShape>(
  name: string,
  scheduler: () => SchedulerClass,
  shape: S,
  settings: Settings,
) {
  const schema = z.strictObject(shape);
  const grouped = settings.grouped ?? [];
  const Parent = configClass(name, schema as unknown as z.ZodObject<z.ZodRawShape>, {
    verbatim: grouped,
  }) as unknown as new (
    fields?: unknown,
  ) => Config;

  class SchedulerBase extends Parent implements LRSchedulerConfig {
    constructor(fields?: unknown) {
      super(fields);
      const values = this.fields();
      sameGroups(name, grouped, values);
      settings.check?.(values);
    }
    schedulerType(): LRSchedulerType {
      return settings.type;
    }
    getObject(optimizer: optim.Optimizer): LRScheduler {
      const options = this.fields();
      settings.checkOptimizer?.(options, optimizer);
      for (const field of grouped) {
        const values = options[field] as Values;
        if (typeof values !== "number") options[field] = forGroups(`${name}Config: '${field}'`, values, optimizer);
      }
      const Class = scheduler();
      return new Class(optimizer, options as never);
    }
  }
  return SchedulerBase as unknown as ClassOf<typeof schema>;
}

/** One value for each of the optimizer's groups, which have names unless the optimizer was made without configs. */
function forGroups(
  what: string,
  values: Readonly<Record<string, number>> | readonly number[],
  { paramGroups }: optim.Optimizer,
): number[] {
  const names = paramGroups.map((group) => group.name);
  if (isPerGroup(values) && names.every((name) => name !== undefined)) {
    const unknown = Object.keys(values).find((group) => group !== ELSE && !names.includes(group));
    const missing = names.find((name) => !Object.hasOwn(values, name));
    if (unknown === undefined && missing === undefined) return names.map((name) => values[name] as number);
    throw new ConfigError(
      `${what} has values for ${Object.keys(values).join(", ")}, but the optimizer's parameter groups are ${names.join(", ")}. Name the same groups.`,
    );
  }
  const list = isPerGroup(values) ? inOrder(values as Readonly<Record<string, number>>) : [...values];
  if (list.length === paramGroups.length) return list;
  throw new ConfigError(
    `${what} has ${list.length} value(s), but the optimizer has ${paramGroups.length} parameter group(s). ` +
      "Give the scheduler the groups that the optimizer has.",
  );
}

/** The values in the order that the optimizer's groups should have: sorted by name, "ELSE" last. */
function inOrder(values: Readonly<Record<string, number>>): number[] {
  const names = Object.keys(values)
    .filter((group) => group !== ELSE)
    .sort();
  return [...names, ELSE].map((group) => values[group] as number);
}

function sameGroups(name: string, grouped: readonly string[], fields: Readonly<Record<string, unknown>>): void {
  let first: { field: string; groups: string } | null = null;
  for (const field of grouped) {
    const value = fields[field];
    if (!isPerGroup(value)) continue;
    const groups = Object.keys(value).sort().join(", ");
    if (first === null) first = { field, groups };
    else if (first.groups !== groups) {
      throw new ConfigError(
        `${name}Config: '${first.field}' is for the groups ${first.groups}, but '${field}' for ${groups}. Give the groups of the optimizer to both.`,
        { fieldNames: [first.field, field] },
      );
    }
  }
}

function values(value: z.ZodNumber) {
  return z.union([perGroup(value), z.array(value)]);
}

const lastEpoch = z.int().min(-1).default(-1);
const totalIters = z.int().positive().default(5);
const positive = () => z.number().positive();

/** The learning rate times `factor` until epoch `totalIters`. */
export class ConstantLRConfig extends schedulerConfig(
  "ConstantLR",
  () => optim.lrScheduler.ConstantLR,
  { lastEpoch, factor: positive().default(1 / 3), totalIters },
  { type: "epoch-based" },
) {}

/** The learning rate times `gamma` at every epoch. */
export class ExponentialLRConfig extends schedulerConfig(
  "ExponentialLR",
  () => optim.lrScheduler.ExponentialLR,
  { lastEpoch, gamma: positive() },
  { type: "epoch-based" },
) {}

/** From `startFactor` to `endFactor` times the learning rate, linearly, in `totalIters` epochs. */
export class LinearLRConfig extends schedulerConfig(
  "LinearLR",
  () => optim.lrScheduler.LinearLR,
  { lastEpoch, startFactor: positive().default(1 / 3), endFactor: positive().default(1), totalIters },
  { type: "epoch-based" },
) {}

/** The learning rate times `gamma` every `stepSize` epochs. */
export class StepLRConfig extends schedulerConfig(
  "StepLR",
  () => optim.lrScheduler.StepLR,
  { lastEpoch, stepSize: z.int().positive(), gamma: positive().default(0.1) },
  { type: "epoch-based" },
) {}

/** The learning rate times `gamma` at each of the epochs `milestones`. */
export class MultiStepLRConfig extends schedulerConfig(
  "MultiStepLR",
  () => optim.lrScheduler.MultiStepLR,
  {
    lastEpoch,
    milestones: z
      .array(z.int().positive())
      .refine((epochs) => new Set(epochs).size === epochs.length, "An epoch is there twice")
      .transform((epochs) => [...epochs].sort((a, b) => a - b)),
    gamma: positive().default(0.1),
  },
  { type: "epoch-based" },
) {}

/** The learning rate times (1 − epoch / `totalIters`) to the `power`. */
export class PolynomialLRConfig extends schedulerConfig(
  "PolynomialLR",
  () => optim.lrScheduler.PolynomialLR,
  { lastEpoch, totalIters, power: z.number().default(1) },
  { type: "epoch-based" },
) {}

/** The learning rate times `factor` when a metric has not improved for more than `patience` validations. */
export class ReduceLROnPlateauConfig extends schedulerConfig(
  "ReduceLROnPlateau",
  () => optim.lrScheduler.ReduceLROnPlateau,
  {
    mode: z.enum(["min", "max"]).default("min"),
    factor: positive().default(0.1),
    patience: z.int().nonnegative().default(10),
    threshold: z.number().nonnegative().default(1e-4),
    thresholdMode: z.enum(["rel", "abs"]).default("rel"),
    cooldown: z.int().nonnegative().default(0),
    minLr: values(z.number().nonnegative()).default(0),
    eps: z.number().nonnegative().default(1e-8),
  },
  { type: "metric-based", grouped: ["minLr"] },
) {}

/** One cycle of the learning rate up to `maxLr` and down again, moved at every optimizer step (Smith & Topin, 2019). */
export class OneCycleLRConfig extends schedulerConfig(
  "OneCycleLR",
  () => optim.lrScheduler.OneCycleLR,
  {
    lastEpoch,
    maxLr: values(positive()),
    totalSteps: z.int().positive().nullable().default(null),
    epochs: z.int().positive().nullable().default(null),
    stepsPerEpoch: z.int().positive().nullable().default(null),
    pctStart: z.number().gt(0).lt(1).default(0.3),
    annealStrategy: z.enum(["cos", "linear"]).default("cos"),
    cycleMomentum: z.boolean().default(true),
    baseMomentum: values(z.number().nonnegative()).default(0.85),
    maxMomentum: values(z.number().nonnegative()).default(0.95),
    divFactor: positive().default(25),
    finalDivFactor: positive().default(1e4),
    threePhase: z.boolean().default(false),
  },
  {
    type: "step-based",
    grouped: ["maxLr", "baseMomentum", "maxMomentum"],
    check: ({ totalSteps, epochs, stepsPerEpoch }) => {
      const parts = [epochs, stepsPerEpoch].filter((part) => part !== null).length;
      if (totalSteps === null ? parts !== 2 : parts !== 0) {
        throw new ConfigError(
          `OneCycleLRConfig: the length is 'totalSteps', or 'epochs' and 'stepsPerEpoch'. Got totalSteps=${show(totalSteps)}, epochs=${show(epochs)}, stepsPerEpoch=${show(stepsPerEpoch)}.`,
          { fieldNames: ["totalSteps", "epochs", "stepsPerEpoch"] },
        );
      }
    },
    checkOptimizer: ({ cycleMomentum }, optimizer) => {
      const hasMomentum = optimizer.paramGroups.every((group) => "momentum" in group || "betas" in group);
      if (cycleMomentum === true && !hasMomentum) {
        throw new ConfigError(
          "OneCycleLRConfig: 'cycleMomentum' is true, but the optimizer has neither momentum nor betas. Set it to false, or use SGD, RMSprop or Adam.",
        );
      }
    },
  },
) {}
