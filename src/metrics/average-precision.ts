import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { average, compared, fields, type MetricConfig } from "./config.ts";
import type { Optimum } from "./metric.ts";
import { bothClasses, RankingMetric, ties } from "./ranking.ts";

/**
 * Average precision; labels 0 and 1, one column per class.
 *
 * @example
 * ```ts
 * using batch = batchOf([[0.9], [0.6], [0.4], [0.1]], [[1], [0], [1], [0]]);
 * const metric = new AveragePrecisionMetricConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 0.8333
 * ```
 */
export class AveragePrecisionMetricConfig
  extends configClass(
    "AveragePrecisionMetric",
    z.strictObject({
      ...fields,
      /** How the values of classes are merged: "macro" (default: all alike), "weighted" (by how often they are) or "micro" (all decisions together). */
      average,
    }),
  )
  implements MetricConfig
{
  optimum(): Optimum {
    return "max";
  }
  getObject(): RankingMetric {
    return new RankingMetric("AveragePrecisionMetric", averagePrecision, compared(this), this);
  }
}

/** Average precision: precision at each score, weighted by the recall gained there. NaN unless labels are 0 and 1. */
export function averagePrecision(scores: readonly number[], labels: readonly number[]): number {
  if (!bothClasses(labels) || scores.some(Number.isNaN)) return Number.NaN;
  const order = scores.map((_, i) => i).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  let seen = 0;
  let found = 0;
  let sum = 0;
  for (const run of ties(order, scores)) {
    const positives = run.reduce((n, i) => n + (labels[i] ?? 0), 0);
    seen += run.length;
    found += positives;
    sum += (positives * found) / seen;
  }
  return sum / found;
}
