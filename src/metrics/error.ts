import type { Tensor } from "../torch/index.ts";
import { type ComparedFields, FieldMetric, sameShape } from "./field-metric.ts";
import { type MetricReduction, reduceIgnoringNan, rowsOf } from "./reduce.ts";

/** Errors whose mean over a sample's elements is its value. */
export type ErrorKind = "MSEMetric" | "MAEMetric" | "RMSEMetric";

/** Mean squared, mean absolute or root mean squared error of each sample, then merged over samples. */
export class ErrorMetric extends FieldMetric<number> {
  readonly optimum = "min";
  readonly #kind: ErrorKind;
  readonly #reduction: MetricReduction;

  constructor(kind: ErrorKind, fields: ComparedFields, reduction: MetricReduction) {
    super(fields);
    this.#kind = kind;
    this.#reduction = reduction;
  }

  protected override get shownName(): string {
    return this.#kind;
  }
  protected override compare(pred: Tensor, label: Tensor | null): number[] {
    const target = sameShape(this.#kind, pred, label);
    const difference = target
      .to({ dtype: "float32" })
      .sub(pred.to({ dtype: "float32" }))
      .flatten(1);
    const errors = this.#kind === "MAEMetric" ? difference.abs() : difference.square();
    const means = errors.mean([1]);
    return rowsOf(this.#kind === "RMSEMetric" ? means.sqrt() : means).flat();
  }

  protected override aggregateData(data: readonly number[]): number {
    return Math.fround(reduceIgnoringNan(data, this.#reduction));
  }
}
