import { z } from "zod";
import { makeNestedKFoldSchema } from "../split/make-nested-kfold.ts";
import type { Range } from "./space.ts";

/** Numbers of which one is drawn. */
export const rangeSchema = z
  .strictObject({
    /** The least value. */
    low: z.number(),
    /** The greatest value; it may be drawn itself. */
    high: z.number(),
    /** Whether the logarithm is drawn evenly, not the value. Default false. */
    log: z.boolean().default(false),
    /** Whether it is a whole number. Default false. */
    int: z.boolean().default(false),
  })
  .refine(({ low, high }) => low < high, { error: "Expected low to be less than high" })
  .refine(({ low, log }) => !log || low > 0, { error: "Expected low to be above 0 where log is true" })
  .refine(({ low, high, int }) => !int || (Number.isInteger(low) && Number.isInteger(high)), {
    error: "Expected low and high to be integers where int is true",
  });

/** Values of which one is taken. */
export const choiceSchema = z.strictObject({
  /** Values of which one is taken, of any kind. */
  choice: z.array(z.json()).min(1),
});

/** What a sweep file holds. */
export const sweepSchema = z
  .strictObject({
    /** The experiment file, from the folder of the sweep file. */
    experiment: z.string().min(1),
    /** The directory of the study, from the folder of the sweep file: each trial is a MAPS in it. */
    study: z.string().min(1),
    /** What is varied, by its key in the experiment file, as `model.optimizer.lr`. */
    parameters: z
      .record(z.string(), z.union([rangeSchema, choiceSchema]))
      .refine((value) => Object.keys(value).length > 0, {
        error: "Expected at least one parameter",
      }),
    /** How values are chosen: all combinations, drawn evenly, or by TPE from the trials so far. Default tpe. */
    sampler: z.enum(["grid", "random", "tpe"]).default("tpe"),
    /** How trials that are worse than others are ended early. Default: they are not. */
    pruner: z
      .discriminatedUnion("name", [
        z.strictObject({
          /** Asynchronous successive halving. */
          name: z.literal("asha"),
          /** Epochs before a trial can be ended. Default 1. */
          minEpochs: z.int().min(1).default(1),
          /** Of so many trials one goes on; the next decision is after so many times the epochs. Default 4. */
          reductionFactor: z.int().min(2).default(4),
        }),
      ])
      .optional(),
    /** How many trials there are. Default: 20; of a grid, all combinations. */
    trials: z.int().min(1).optional(),
    /** By which metric of the validation data trials are compared, averaged over folds and seeds. Default loss. */
    metric: z.string().min(1).default("loss"),
    /** Whether less of the metric is better, or more. Default min. */
    direction: z.enum(["min", "max"]).default("min"),
    /** Which model of a trial counts: `final`, `best-<metric>` or `epoch-<n>`. Default final. */
    checkpoint: z.string().min(1).default("final"),
    /** Which splits each trial is trained on. Default: all. */
    folds: z.array(z.int().min(0)).min(1).optional(),
    /**
     * Nested cross-validation: options of `makeNestedKFold`, in place of the splits of the experiment file. Within each outer fold there is a sweep of
     * its own over inner folds; the models of its best trial are tested on the outer fold. Default: one sweep.
     */
    nested: makeNestedKFoldSchema.omit({ outputDir: true }).optional(),
    /** The seeds of the trainings (`computational.seed`): each trial is trained with each of them. Default: that of the experiment file, else `seed`. */
    seeds: z
      .array(z.int().min(0))
      .min(1)
      .refine((seeds) => new Set(seeds).size === seeds.length, { error: "Expected each seed once" })
      .optional(),
    /** Of what is drawn, and of splits and trainings for which the experiment file has none. Default 0. */
    seed: z.int().min(0).default(0),
  })
  .refine(({ seeds, parameters }) => seeds === undefined || !("computational.seed" in parameters), {
    error: "Expected either this or the parameter computational.seed",
    path: ["seeds"],
  })
  .refine(({ nested, folds = [] }) => nested === undefined || folds.every((fold) => fold < nested.nInnerSplits), {
    error: "Expected inner folds, which are fewer than nested.n_inner_splits",
    path: ["folds"],
  })
  .refine(
    ({ nested, parameters }) => nested === undefined || Object.keys(parameters).every((key) => !/^split\b/.test(key)),
    {
      error: "Expected no parameter of split where there is nested, which takes its place",
      path: ["parameters"],
    },
  )
  .refine(
    ({ sampler, parameters }) => sampler !== "grid" || Object.values(parameters).every((one) => "choice" in one),
    {
      error: "Expected a choice for each parameter where the sampler is grid",
      path: ["parameters"],
    },
  );
export type Sweep = z.output<typeof sweepSchema>;

/** The ranges of the parameters, in the order of the file. */
export function rangesOf({ parameters }: Sweep): ReadonlyMap<string, Range> {
  return new Map(
    Object.entries(parameters).map(([name, one]): [string, Range] => {
      if ("choice" in one) return [name, { kind: "choice", choices: one.choice }];
      const { low, high, log, int } = one;
      return [name, { kind: int ? "int" : "float", low, high, log }];
    }),
  );
}

/** How many trials a sweep has. */
export function countTrials(sweep: Sweep): number {
  const combinations = [...rangesOf(sweep).values()].reduce(
    (product, range) => product * (range.kind === "choice" ? range.choices.length : 1),
    1,
  );
  return sweep.sampler === "grid" ? Math.min(sweep.trials ?? combinations, combinations) : (sweep.trials ?? 20);
}
