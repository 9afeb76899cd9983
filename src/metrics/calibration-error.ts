import { z } from "zod";
import { configClass } from "../utils/config.ts";
import { compared, fields, type MetricConfig } from "./config.ts";
import type { ComparedFields } from "./field-metric.ts";
import type { MetricTables, Optimum } from "./metric.ts";
import { type Forecast, knownOf, ProbabilityMetric } from "./probabilities.ts";

/**
 * The expected calibration error (Naeini et al. 2015; Guo et al. 2017, arXiv:1706.04599): how far probabilities are from how often it was so, on average over
 * bins of equal width, weighted by their samples. 0 at best. `validate` and `test` write the bins in `reliability.tsv`. Not in ClinicaDL 2.0.0,
 * which cannot read it.
 *
 * The output is the probability of label 1, (N, 1), which is compared with how often the label is 1; or those of all classes, (N, C), of which the greatest is
 * compared with how often that class is right. It depends on the number of bins: publish it.
 *
 * @throws ConfigError naming participants whose outputs are no probabilities; DataFrameError for labels that are no classes.
 * @example
 * ```ts
 * using batch = batchOf([[0.9], [0.6], [0.4], [0.1]], [[1], [0], [1], [0]]);
 * const metric = new CalibrationErrorMetricConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 0.3500
 * ```
 */
export class CalibrationErrorMetricConfig
  extends configClass(
    "CalibrationErrorMetric",
    z.strictObject({
      ...fields,

      /** Into how many bins the probabilities from 0 to 1 are sorted; the upper bound of each is in it. Default 15. */
      bins: z.int().positive().default(15),
    }),
  )
  implements MetricConfig
{
  optimum(): Optimum {
    return "min";
  }
  getObject(): CalibrationErrorMetric {
    return new CalibrationErrorMetric(compared(this), this.bins);
  }
}

/** What {@link CalibrationErrorMetricConfig} builds. */
export class CalibrationErrorMetric extends ProbabilityMetric {
  readonly #bins: number;
  constructor(fields: ComparedFields, bins: number) {
    super(fields);
    this.#bins = bins;
  }
  protected override get shownName(): string {
    return "CalibrationErrorMetric";
  }
  protected override score(forecasts: readonly Forecast[]): number {
    const off = sorted(forecasts, this.#bins).map(({ n, claimed, right }) => (n === 0 ? 0 : Math.abs(claimed - right)));
    return off.reduce((sum, distance) => sum + distance, 0) / forecasts.length;
  }
  /** A row for each bin that has samples. */
  override tables(): MetricTables {
    const rows = sorted(knownOf(this.samples), this.#bins).flatMap(({ n, claimed, right }, i) => {
      const bounds = { lower: i / this.#bins, upper: (i + 1) / this.#bins };
      return n === 0 ? [] : [{ ...bounds, n, probability: claimed / n, frequency: right / n }];
    });
    return { reliability: rows };
  }
}

interface Bin {
  n: number;
  /** Sum of the probabilities. */
  claimed: number;
  /** How many it was true of. */
  right: number;
}

function sorted(forecasts: readonly Forecast[], bins: number): Bin[] {
  const found = Array.from({ length: bins }, (): Bin => ({ n: 0, claimed: 0, right: 0 }));
  for (const { probabilities, label } of forecasts) {
    const claimed = Math.max(...probabilities);
    const isRight = probabilities.length === 1 ? label === 1 : probabilities.indexOf(claimed) === label;
    const bin = found[Math.min(bins - 1, Math.max(0, Math.ceil(claimed * bins) - 1))];
    if (bin === undefined) continue;
    bin.n += 1;
    bin.claimed += claimed;
    bin.right += Number(isRight);
  }
  return found;
}
