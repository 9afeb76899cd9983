import { z } from "zod";
import type { Accepted } from "../losses/index.ts";
import type { Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { compared, fields, getNotNans, type MetricConfig, reduction } from "./config.ts";
import {
  binaryLabels,
  type Compared,
  type ComparedFields,
  FieldMetric,
  requireBinaryOutput,
  requireLabels,
  sameShape,
} from "./field-metric.ts";
import type { MetricTables, Optimum, Undefined } from "./metric.ts";
import { type MetricReduction, reduceIgnoringNan, rowsOf } from "./reduce.ts";

/** Counts of one sample and one class. */
export interface Confusion {
  readonly tp: number;
  readonly fp: number;
  readonly tn: number;
  readonly fn: number;
}

/** What is kept of a sample: all that is told of them, since another process may have seen it. */
export interface Counted {
  /** Of each class that counts. */
  readonly classes: readonly Confusion[];
  /** The number of the first of them; null of a single one. */
  readonly firstClass: number | null;
  /** Vectors have one element per class: a formula on one of them means nothing. */
  readonly isVector: boolean;
}

const UNKNOWN: Confusion = { tp: Number.NaN, fp: Number.NaN, tn: Number.NaN, fn: Number.NaN };

type Formula = (c: Confusion) => number;

/** NaN where the denominator is 0 or undefined. */
function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? Number.NaN : numerator / denominator;
}
const tpr: Formula = ({ tp, fn }) => ratio(tp, tp + fn);
const tnr: Formula = ({ tn, fp }) => ratio(tn, tn + fp);
const ppv: Formula = ({ tp, fp }) => ratio(tp, tp + fp);
const npv: Formula = ({ tn, fn }) => ratio(tn, tn + fn);

const FORMULAS = {
  tpr,
  tnr,
  ppv,
  npv,
  fnr: ({ tp, fn }) => ratio(fn, tp + fn),
  fpr: ({ tn, fp }) => ratio(fp, tn + fp),
  fdr: ({ tp, fp }) => ratio(fp, tp + fp),
  for: ({ tn, fn }) => ratio(fn, tn + fn),
  pt: (c) => ratio(Math.sqrt(tpr(c) * (1 - tnr(c))) + tnr(c) - 1, tpr(c) + tnr(c) - 1),
  ts: ({ tp, fp, fn }) => ratio(tp, tp + fn + fp),
  acc: ({ tp, fp, tn, fn }) => ratio(tp + tn, tp + fp + tn + fn),
  ba: (c) => (tpr(c) + tnr(c)) / 2,
  f1: ({ tp, fp, fn }) => ratio(2 * tp, 2 * tp + fn + fp),
  mcc: ({ tp, fp, tn, fn }) => ratio(tp * tn - fp * fn, Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))),
  fm: (c) => Math.sqrt(ppv(c) * tpr(c)),
  bm: (c) => tpr(c) + tnr(c) - 1,
  mk: (c) => ppv(c) + npv(c) - 1,
} as const satisfies Record<string, Formula>;
type FormulaName = keyof typeof FORMULAS;

/** Quantities where less is better. */
const ERRORS: ReadonlySet<FormulaName> = new Set(["fnr", "fpr", "fdr", "for", "pt"]);

/** Every accepted name of the 17 quantities. */
export const CONFUSION_MATRIX_NAMES = {
  sensitivity: "tpr",
  recall: "tpr",
  hit_rate: "tpr",
  true_positive_rate: "tpr",
  tpr: "tpr",
  specificity: "tnr",
  selectivity: "tnr",
  true_negative_rate: "tnr",
  tnr: "tnr",
  precision: "ppv",
  positive_predictive_value: "ppv",
  ppv: "ppv",
  "negative predictive value": "npv",
  npv: "npv",
  "miss rate": "fnr",
  false_negative_rate: "fnr",
  fnr: "fnr",
  "fall out": "fpr",
  false_positive_rate: "fpr",
  fpr: "fpr",
  "false discovery rate": "fdr",
  fdr: "fdr",
  false_omission_rate: "for",
  for: "for",
  prevalence_threshold: "pt",
  pt: "pt",
  "threat score": "ts",
  critical_success_index: "ts",
  ts: "ts",
  csi: "ts",
  accuracy: "acc",
  acc: "acc",
  "balanced accuracy": "ba",
  ba: "ba",
  "f1 score": "f1",
  f1: "f1",
  "matthews correlation coefficient": "mcc",
  mcc: "mcc",
  "fowlkes mallows index": "fm",
  fm: "fm",
  informedness: "bm",
  bookmaker_informedness: "bm",
  bm: "bm",
  youden_index: "bm",
  youden: "bm",
  markedness: "mk",
  deltap: "mk",
  mk: "mk",
} as const satisfies Record<string, FormulaName>;
export type ConfusionMatrixName = keyof typeof CONFUSION_MATRIX_NAMES;

export interface ConfusionMatrixOptions {
  readonly metricName: ConfusionMatrixName;
  /** Whether the first channel counts. */
  readonly includeBackground: boolean;
  /** The formula on each sample, then merged, instead of the formula on merged counts. */
  readonly computeSample: boolean;
  readonly reduction: MetricReduction;
}

/** Whether less or more of a quantity is better. */
export function confusionMatrixOptimum(name: ConfusionMatrixName): "min" | "max" {
  return ERRORS.has(CONFUSION_MATRIX_NAMES[name]) ? "min" : "max";
}

/** A quantity of the confusion matrix of binary (0 or 1) outputs and labels, (N, C) or (N, C, …). */
export class ConfusionMatrixMetric extends FieldMetric<Counted> {
  readonly optimum: "min" | "max";
  readonly #options: ConfusionMatrixOptions;

  constructor(fields: ComparedFields, options: ConfusionMatrixOptions) {
    super(fields);
    this.#options = options;
    this.optimum = confusionMatrixOptimum(options.metricName);
  }

  protected override acceptedLabels(): Accepted {
    return binaryLabels("ConfusionMatrixMetric");
  }

  protected override compare(output: Tensor, field: Tensor | null, compared: Compared): Counted[] {
    let label = sameShape("ConfusionMatrixMetric", output, field);
    requireBinaryOutput("ConfusionMatrixMetric", output, compared.pred);
    requireLabels(this.acceptedLabels(), label, compared.label);
    let pred = output;
    const isVector = pred.ndim <= 2 || (pred.ndim === 3 && pred.shape[2] === 1);
    const channels = pred.shape[1] ?? 1;
    const firstClass = channels === 1 ? null : this.#options.includeBackground ? 0 : 1;
    if (firstClass === 1) {
      pred = pred.narrow(1, 1, channels - 1);
      label = label.narrow(1, 1, channels - 1);
    }
    const p = pred.to({ dtype: "float32" }).reshape([pred.shape[0] ?? 0, pred.shape[1] ?? 1, -1]);
    const y = label.to({ dtype: "float32" }).reshape(p.shape);
    const size = p.shape[2] ?? 0;
    const sum = p.add(y);
    const tps = rowsOf(sum.eq(2).sum([2]));
    const tns = rowsOf(sum.eq(0).sum([2]));
    const positives = rowsOf(y.sum([2]));
    return positives.map((row, i) => {
      const classes = row.map((positive, c): Confusion => {
        if (compared.isNan[i] === true) return UNKNOWN;
        const tp = tps[i]?.[c] ?? 0;
        const tn = tns[i]?.[c] ?? 0;
        return { tp, fp: size - positive - tn, tn, fn: positive - tp };
      });
      return { classes, firstClass, isVector };
    });
  }

  /** Of several classes, each alone. */
  override tables(): MetricTables {
    const [{ classes, firstClass } = { classes: [], firstClass: null }] = this.samples;
    const rows = classes.flatMap((_, c) => {
      const sum = (of: keyof Confusion): number => knownSum(this.samples.map((sample) => sample.classes[c]?.[of] ?? 0));
      const place = { class: firstClass === null ? null : firstClass + c };
      return [
        { ...place, label: 0, predicted: 0, n: sum("tn") },
        { ...place, label: 0, predicted: 1, n: sum("fp") },
        { ...place, label: 1, predicted: 0, n: sum("fn") },
        { ...place, label: 1, predicted: 1, n: sum("tp") },
      ];
    });
    return { confusion_matrix: rows };
  }

  override whyUndefined(): Undefined[] {
    const why = super.whyUndefined();
    if (!Number.isNaN(this.aggregate())) return why;
    const all = this.samples.flatMap(({ classes }) => classes);
    const [positive, negative] = [
      knownSum(all.map(({ tp, fn }) => tp + fn)),
      knownSum(all.map(({ tn, fp }) => tn + fp)),
    ];
    const message = `the denominator of '${this.#options.metricName}' is 0, with ${positive} labels that are 1 and ${negative} that are 0. Evaluate on samples of both classes, or look at whether the output is the same for all`;
    return [...why, { cause: "denominator", message }];
  }

  protected override aggregateData(data: readonly Counted[]): number {
    const { metricName, computeSample, reduction } = this.#options;
    const formula: Formula = FORMULAS[CONFUSION_MATRIX_NAMES[metricName]];
    if (computeSample && data[0]?.isVector === false) return Math.fround(merge(data, reduction, formula));
    return Math.fround(
      formula({
        tp: merge(data, reduction, (c) => c.tp),
        fp: merge(data, reduction, (c) => c.fp),
        tn: merge(data, reduction, (c) => c.tn),
        fn: merge(data, reduction, (c) => c.fn),
      }),
    );
  }
}

/** Without what is NaN. */
function knownSum(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + (Number.isNaN(value) ? 0 : value), 0);
}

/** Over the classes of each sample, then over samples. */
function merge(data: readonly Counted[], reduction: MetricReduction, value: Formula): number {
  return reduceIgnoringNan(
    data.map(({ classes }) => reduceIgnoringNan(classes.map(value), reduction)),
    reduction,
  );
}

/**
 * A quantity of the confusion matrix (`metricName`, "hit_rate") of binary outputs and labels. With several samples,
 * counts are averaged before the formula, or, with `computeSample`, values after it.
 *
 * @example
 * ```ts
 * using batch = batchOf([[0.9], [0.6], [0.4], [0.1]], [[1], [0], [1], [0]]);
 * const metric = new ConfusionMatrixMetricConfig({ metricName: "sensitivity", postprocessing: [new AsDiscreteConfig({ include: ["output"], threshold: 0.5 })] }).getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 0.5000
 * ```
 */
export class ConfusionMatrixMetricConfig
  extends configClass(
    "ConfusionMatrixMetric",
    z.strictObject({
      /** Always false: the count of values that are not NaN is not available. */
      getNotNans,
      ...fields,

      /** What is computed of the confusion matrix, in the words of MONAI: "hit_rate" (default), "precision", "f1 score", … */
      metricName: z
        .enum(Object.keys(CONFUSION_MATRIX_NAMES) as [ConfusionMatrixName, ...ConfusionMatrixName[]])
        .default("hit_rate"),

      /** Whether class 0 counts, too; default true. */
      includeBackground: z.boolean().default(true),

      /** Whether it is computed for each sample, and then merged, instead of for all counts together; default false. */
      computeSample: z.boolean().default(false),

      /** How the values of samples are merged: "mean" (default) or "sum". */
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
