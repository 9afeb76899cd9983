import { z } from "zod";
import { type Accepted, refusal, refusedValues, type ValueSource } from "../losses/index.ts";
import type { Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { compared, fields, type MetricConfig } from "./config.ts";
import { type Compared, classIndices, FieldMetric, requireLabels, requireOneClass } from "./field-metric.ts";
import type { MetricTables, Optimum } from "./metric.ts";
import { rowsOf } from "./reduce.ts";

/**
 * Balanced accuracy of any number of classes: the mean over classes of the share of their samples that is recognised. Of two classes it is (sensitivity +
 * specificity) / 2. As `sklearn.metrics.balanced_accuracy_score`. Not in ClinicaDL 2.0.0, which cannot read it, and whose "balanced accuracy" of
 * `ConfusionMatrixMetric` pools all classes.
 *
 * The output is (N, C) with a score for each class, of which the greatest decides, or (N, 1) with the index of the class. The label is (N, 1) with the index, or
 * (N, C) with 1 for the class and 0 for the others.
 *
 * @throws ConfigError for other shapes, and for outputs (N, 1) that are no index of a class, such as logits; DataFrameError naming participants and labels that are no index of a class.
 * @example
 * ```ts
 * using batch = batchOf([[2, 1, 0], [0, 2, 1], [1, 0, 2], [0, 1, 2]], [[0], [1], [2], [1]]);
 * const metric = new BalancedAccuracyMetricConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 0.8333
 * ```
 */
export class BalancedAccuracyMetricConfig
  extends configClass("BalancedAccuracyMetric", z.strictObject(fields))
  implements MetricConfig
{
  optimum(): Optimum {
    return "max";
  }
  getObject(): BalancedAccuracyMetric {
    return new BalancedAccuracyMetric(compared(this));
  }
}

/** The class of a sample, and the one that was decided; NaN where there is none. */
interface Decision {
  readonly label: number;
  readonly decided: number;
}

const WHAT = "BalancedAccuracyMetric";

/** Labels that are indices, of so many classes; null: it is not known of how many. */
function indices(classes: number | null): Accepted {
  return classIndices(WHAT, "labels", classes, "Code classes as 0, 1, 2 …, or one column per class with 0 and 1.");
}

/** What {@link BalancedAccuracyMetricConfig} builds. */
export class BalancedAccuracyMetric extends FieldMetric<Decision> {
  readonly optimum = "max";

  protected override acceptedLabels(): Accepted {
    return indices(null);
  }

  protected override compare(
    pred: Tensor,
    label: Tensor | null,
    { pred: output, label: source, isNan }: Compared,
  ): Decision[] {
    if (label === null) throw new ConfigError(`${WHAT} compares the output to a label: give it a 'labelKey'.`);
    const [classes = 1, columns = 1] = [pred.shape[1], label.shape[1]];
    if (pred.ndim !== 2 || label.ndim !== 2 || (columns > 1 && columns !== classes)) {
      throw new ConfigError(
        `${WHAT} wants scores of classes, (N, C), or the index of one, (N, 1), and as label an index, or one column per class. The output has shape [${pred.shape.join(", ")}] and the label [${label.shape.join(", ")}].`,
      );
    }
    const known = columns > 1 ? 2 : classes > 1 ? classes : null;
    requireLabels(indices(known), label, source);
    if (columns > 1) requireOneClass(WHAT, label, source);
    if (classes === 1) requireIndexOutput(pred, output);
    const [decided, truth] = [classOf(pred), classOf(label)];
    return truth.map((index, i) => {
      const found = isNan[i] === true ? Number.NaN : (decided[i] ?? Number.NaN);
      return { label: Number.isNaN(found) ? Number.NaN : index, decided: found };
    });
  }

  override tables(): MetricTables {
    const known = this.samples.filter(({ label }) => !Number.isNaN(label));
    const classes = [...new Set(known.flatMap(({ label, decided }) => [label, decided]))].sort((a, b) => a - b);
    const count = (truth: number, found: number): number =>
      known.filter(({ label, decided }) => label === truth && decided === found).length;
    const rows = classes.flatMap((label) =>
      classes.map((predicted) => ({ class: null, label, predicted, n: count(label, predicted) })),
    );
    return { confusion_matrix: rows };
  }

  protected override aggregateData(data: readonly Decision[]): number {
    const recognised = new Map<number, { right: number; all: number }>();
    for (const { label, decided } of data) {
      if (Number.isNaN(label)) continue;
      const { right, all } = recognised.get(label) ?? { right: 0, all: 0 };
      recognised.set(label, { right: right + (decided === label ? 1 : 0), all: all + 1 });
    }
    const recalls = [...recognised.values()].map(({ right, all }) => right / all);
    return recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length;
  }
}

/** @throws ConfigError naming participants and outputs that are scores, and no index: they equal no label, and the value would be 0. */
function requireIndexOutput(pred: Tensor, source: ValueSource): void {
  const remedy = `Decide with postprocessing: [new ActivationsConfig({ include: ["${source.field}"], sigmoid: true }), new AsDiscreteConfig({ include: ["${source.field}"], threshold: 0.5 })].`;
  const rule = classIndices(WHAT, "outputs", null, remedy);
  const refused = refusedValues(rule, pred);
  if (refused !== null) throw new ConfigError(refusal(rule, source, refused));
}

function classOf(values: Tensor): number[] {
  return rowsOf((values.shape[1] ?? 1) > 1 ? values.argmax(1, true) : values).flat();
}
