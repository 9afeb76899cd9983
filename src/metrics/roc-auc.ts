import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { average, compared, fields, type MetricConfig } from "./config.ts";
import type { Optimum } from "./metric.ts";
import { bothClasses, RankingMetric, ties } from "./ranking.ts";

/**
 * Area under the ROC curve; labels 0 and 1, one column per class. Of several classes, as `sklearn.metrics.roc_auc_score`; with `multiClass`, labels may
 * be the index of the class, (N, 1), too.
 *
 * @example
 * ```ts
 * using batch = batchOf([[0.9], [0.6], [0.4], [0.1]], [[1], [0], [1], [0]]);
 * const metric = new ROCAUCMetricConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 0.7500
 * ```
 */
export class ROCAUCMetricConfig
  extends configClass(
    "ROCAUCMetric",
    z.strictObject({
      ...fields,
      /** How the values of classes are merged: "macro" (default: all alike), "weighted" (by how often they are) or "micro" (all decisions together). */
      average,

      /** How several classes are compared: each with all others together, "ovr", or each pair of classes alone, "ovo"; default null: as columns of their own, which are those of "ovr". */
      multiClass: z.enum(["ovr", "ovo"]).nullable().default(null),
    }),
    {
      ours: { multiClass: null },
      finish(parsed, what) {
        if (parsed.multiClass !== "ovo" || parsed.average !== "micro") return parsed;
        throw new ConfigError(
          `${what}: 'average' is "micro", which pairs of classes ('multiClass' "ovo") do not have. Take "macro" or "weighted".`,
        );
      },
    },
  )
  implements MetricConfig
{
  optimum(): Optimum {
    return "max";
  }
  getObject(): RankingMetric {
    return new RankingMetric("ROCAUCMetric", rocAuc, compared(this), this);
  }
}

/** Area under the ROC curve, by the Mann-Whitney statistic; ties count for a half. NaN unless labels are 0 and 1. */
export function rocAuc(scores: readonly number[], labels: readonly number[]): number {
  if (!bothClasses(labels) || scores.some(Number.isNaN)) return Number.NaN;
  const order = scores.map((_, i) => i).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  let negativesBelow = 0;
  let pairs = 0;
  for (const run of ties(order, scores)) {
    const positives = run.reduce((n, i) => n + (labels[i] ?? 0), 0);
    const negatives = run.length - positives;
    pairs += positives * (negativesBelow + negatives / 2);
    negativesBelow += negatives;
  }
  return pairs / (negativesBelow * (labels.length - negativesBelow));
}
