import { z } from "zod";
import type { LossFunction } from "../losses/index.ts";
import { configClass, type ToDict } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import {
  CONFUSION_MATRIX_NAMES,
  ConfusionMatrixMetric,
  type ConfusionMatrixName,
  confusionMatrixOptimum,
} from "./confusion-matrix.ts";
import type { ComparedFields } from "./field-metric.ts";
import { LossMetric } from "./loss-metric.ts";
import type { Metric, Optimum } from "./metric.ts";
import { postprocessingOf, postprocessingSchema } from "./postprocessing.ts";
import { RankingMetric } from "./ranking.ts";
import { ErrorMetric } from "./regression.ts";

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
  fields?(): Record<string, unknown>;
  isGiven?(option: string): boolean;
  optimum(): Optimum;
  /** @param model needed by the loss metric only. */
  getObject(model?: HasLossFunctions | null): Metric;
}

const fields = {
  predKey: z.string().default("output"),
  labelKey: z.string().nullable().default("label"),
  postprocessing: postprocessingSchema,
};
const getNotNans = z
  .literal(false, "The count of values that are not NaN is not available: leave 'getNotNans' to false")
  .default(false);
const reduction = z.enum(["mean", "sum"]).default("mean");
const average = z.enum(["macro", "weighted", "micro"]).default("macro");

function compared(config: z.output<z.ZodObject<typeof fields>>): ComparedFields {
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
  if (config.fields === undefined || config.isGiven?.("labelKey") !== false) return config;
  const Class = config.constructor as new (fields: Record<string, unknown>) => MetricConfig;
  return new Class({ ...config.fields(), labelKey });
}

/** One of the model's losses (`lossName`, as in `Model.getLossFunctions`), over the whole data set. */
export class LossMetricConfig
  extends configClass("LossMetric", z.strictObject({ ...fields, lossName: z.string().default("loss") }))
  implements MetricConfig
{
  optimum(): Optimum {
    return "min";
  }
  getObject(model: HasLossFunctions | null = null): LossMetric {
    if (model === null)
      throw new ConfigError("LossMetricConfig needs the model whose loss it computes: initMetrics(model).");
    const losses = model.getLossFunctions();
    const loss = losses[this.lossName];
    if (loss === undefined) {
      throw new ConfigError(
        `LossMetricConfig: 'lossName' got '${this.lossName}', but the model's losses are ${Object.keys(losses)
          .map((name) => `'${name}'`)
          .join(", ")}.`,
      );
    }
    if (loss.reduction !== "mean" && loss.reduction !== "sum") {
      throw new ConfigError(
        `LossMetricConfig: the loss '${this.lossName}' has no 'reduction' that is "mean" or "sum", so it cannot be computed per sample.`,
      );
    }
    return new LossMetric(compared(this), loss, loss.reduction);
  }
}

/** Area under the ROC curve; labels 0 and 1, one column per class. */
export class ROCAUCMetricConfig
  extends configClass("ROCAUCMetric", z.strictObject({ ...fields, average }))
  implements MetricConfig
{
  optimum(): Optimum {
    return "max";
  }
  getObject(): RankingMetric {
    return new RankingMetric("ROCAUCMetric", compared(this), this.average);
  }
}

/** Average precision; labels 0 and 1, one column per class. */
export class AveragePrecisionMetricConfig
  extends configClass("AveragePrecisionMetric", z.strictObject({ ...fields, average }))
  implements MetricConfig
{
  optimum(): Optimum {
    return "max";
  }
  getObject(): RankingMetric {
    return new RankingMetric("AveragePrecisionMetric", compared(this), this.average);
  }
}

/**
 * A quantity of the confusion matrix (`metricName`, "hit_rate") of binary outputs and labels. With several samples,
 * counts are averaged before the formula, or, with `computeSample`, values after it.
 */
export class ConfusionMatrixMetricConfig
  extends configClass(
    "ConfusionMatrixMetric",
    z.strictObject({
      getNotNans,
      ...fields,
      metricName: z
        .enum(Object.keys(CONFUSION_MATRIX_NAMES) as [ConfusionMatrixName, ...ConfusionMatrixName[]])
        .default("hit_rate"),
      includeBackground: z.boolean().default(true),
      computeSample: z.boolean().default(false),
      reduction,
    }),
  )
  implements MetricConfig
{
  optimum(): Optimum {
    return confusionMatrixOptimum(this.metricName);
  }
  getObject(): ConfusionMatrixMetric {
    return new ConfusionMatrixMetric(compared(this), this);
  }
}

/** Mean squared error. */
export class MSEMetricConfig
  extends configClass("MSEMetric", z.strictObject({ getNotNans, ...fields, reduction }))
  implements MetricConfig
{
  optimum(): Optimum {
    return "min";
  }
  getObject(): ErrorMetric {
    return new ErrorMetric("MSEMetric", compared(this), this.reduction);
  }
}

/** Mean absolute error. */
export class MAEMetricConfig
  extends configClass("MAEMetric", z.strictObject({ getNotNans, ...fields, reduction }))
  implements MetricConfig
{
  optimum(): Optimum {
    return "min";
  }
  getObject(): ErrorMetric {
    return new ErrorMetric("MAEMetric", compared(this), this.reduction);
  }
}

/** Root mean squared error of each sample. */
export class RMSEMetricConfig
  extends configClass("RMSEMetric", z.strictObject({ getNotNans, ...fields, reduction }))
  implements MetricConfig
{
  optimum(): Optimum {
    return "min";
  }
  getObject(): ErrorMetric {
    return new ErrorMetric("RMSEMetric", compared(this), this.reduction);
  }
}
