import type { Tensor } from "../torch/index.ts";
import { type Compared, type ComparedFields, FieldMetric, sameShape } from "./field-metric.ts";
import type { Optimum } from "./metric.ts";
import { type MetricReduction, reduceIgnoringNan, rowsOf } from "./reduce.ts";

/** The value of each sample, (N,), from its output and its label, (N, …), which have the same shape. */
export type SampleValues = (pred: Tensor, label: Tensor) => Tensor;

/** What a metric of single samples is. */
export interface PerSampleOptions {
  /** How messages name it. */
  readonly name: string;
  readonly optimum: Optimum;
  /** How the values of samples are merged. */
  readonly reduction: MetricReduction;
  readonly values: SampleValues;
}

/** A metric that has a value for each sample, such as an error of its voxels; their mean or sum is that of several. */
export class PerSampleMetric extends FieldMetric<number> {
  readonly optimum: Optimum;
  readonly #options: PerSampleOptions;

  constructor(fields: ComparedFields, options: PerSampleOptions) {
    super(fields);
    this.optimum = options.optimum;
    this.#options = options;
  }

  protected override get shownName(): string {
    return this.#options.name;
  }
  protected override compare(pred: Tensor, label: Tensor | null, { isNan }: Compared): number[] {
    const { name, values } = this.#options;
    const found = rowsOf(values(pred, sameShape(name, pred, label))).flat();
    return found.map((value, i) => (isNan[i] === true ? Number.NaN : value));
  }
  protected override aggregateData(data: readonly number[]): number {
    return Math.fround(reduceIgnoringNan(data, this.#options.reduction));
  }
}

/** Output and label apart, (N, …), flattened to (N, elements), float32. */
export function differences(pred: Tensor, label: Tensor): Tensor {
  return label
    .to({ dtype: "float32" })
    .sub(pred.to({ dtype: "float32" }))
    .flatten(1);
}
