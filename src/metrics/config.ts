import { z } from "zod";
import type { LossFunction } from "../losses/index.ts";
import type { PostprocessingHandler } from "../transforms/index.ts";
import type { ToDict } from "../utils/config.ts";
import type { ComparedFields } from "./field-metric.ts";
import type { Metric, Optimum } from "./metric.ts";
import { postprocessingOf, postprocessingSchema } from "./postprocessing.ts";

/** The part of a model that a metric may need. */
export interface HasLossFunctions {
  /** The field with which metrics compare the output, unless they are told otherwise. */
  readonly labelKey?: string;
  getLossFunctions(): Readonly<Record<string, LossFunction>>;
}

/**
 * A config that builds a metric. Common options: `predKey` ("output") and `labelKey` (the model's, or "label" without a
 * model), the fields of the batch that are compared; `postprocessing` (none), transforms applied to a copy of the batch first.
 */
export interface MetricConfig extends ToDict {
  readonly name_: string;
  isGiven?(option: string): boolean;
  /** The same with other options. */
  with?(changes: { readonly labelKey?: string; readonly postprocessing?: PostprocessingHandler }): MetricConfig;
  optimum(): Optimum;
  /** @param model needed by the loss metric only. */
  getObject(model?: HasLossFunctions | null): Metric;
}

/** The fields that every metric has. */
export const fields = {
  /** The field of the batch with the output; default "output". */
  predKey: z.string().default("output"),

  /** The field with which it is compared; default that of the model, or "label" without one. */
  labelKey: z.string().nullable().default("label"),

  /** Transforms that are applied to a copy of the batch first; default none. */
  postprocessing: postprocessingSchema,
};
/** MONAI's option, which ClinicaDL refuses. */
export const getNotNans = z
  .literal(false, "The count of values that are not NaN is not available: leave 'getNotNans' to false")
  .default(false);
/** How the values of samples are merged. */
export const reduction = z.enum(["mean", "sum"]).default("mean");
/** How the values of classes are merged. */
export const average = z.enum(["macro", "weighted", "micro"]).default("macro");

/** What a metric compares, of its config. */
export function compared(config: z.output<z.ZodObject<typeof fields>>): ComparedFields {
  return {
    predKey: config.predKey,
    labelKey: config.labelKey,
    postprocessing: postprocessingOf(config.postprocessing),
  };
}

/** The config with the model's `labelKey`, unless it was given one of its own. */
export function withLabelKeyOf(model: HasLossFunctions | null, config: MetricConfig): MetricConfig {
  const labelKey = model?.labelKey;
  // a config of one's own may be any object that builds a metric
  if (labelKey === undefined || !("labelKey" in config) || config.labelKey === labelKey) return config;
  if (config.isGiven?.("labelKey") !== false) return config;
  return config.with?.({ labelKey }) ?? config;
}
