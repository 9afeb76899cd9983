import { callLossUnreduced, type LossFunction, prepareTarget, targetWeights } from "../losses/index.ts";
import type { Tensor } from "../torch/index.ts";
import { type ComparedFields, FieldMetric } from "./field-metric.ts";
import { type MetricReduction, rowsOf } from "./reduce.ts";

/** What a sample brings to the loss: the sum over its elements, and what a mean divides it by. */
export interface LossSum {
  readonly sum: number;
  readonly count: number;
}

/**
 * A training loss, over all samples of a data set: what the loss would give if they were one batch. The mean of a
 * weighted loss of class indices is therefore weighted, as in training.
 */
export class LossMetric extends FieldMetric<LossSum> {
  readonly optimum = "min";
  readonly #loss: LossFunction & { reduction?: string };
  readonly #reduction: MetricReduction;

  constructor(fields: ComparedFields, loss: LossFunction, reduction: MetricReduction) {
    super(fields);
    this.#loss = loss;
    this.#reduction = reduction;
  }

  protected override compare(pred: Tensor, label: Tensor | null): LossSum[] {
    // half precision is for the network only
    const output = pred.to({ dtype: "float32" });
    if (label === null) throw new Error("LossMetric compares the output to a label: give it a 'labelKey'.");
    const target = prepareTarget(this.#loss, output, label);
    const losses = rowsOf(callLossUnreduced(this.#loss, output, target));
    const weights = targetWeights(this.#loss, target);
    const counts = weights === null ? null : rowsOf(weights);
    return losses.map((row, i) => ({ sum: total(row), count: counts === null ? row.length : total(counts[i] ?? []) }));
  }

  protected override aggregateData(data: readonly LossSum[]): number {
    const sum = total(data.map((d) => d.sum));
    return Math.fround(this.#reduction === "sum" ? sum : sum / total(data.map((d) => d.count)));
  }
}

function total(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
