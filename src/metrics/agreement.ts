import type { Tensor } from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { type Compared, type ComparedFields, FieldMetric, listed, sameShape } from "./field-metric.ts";
import type { Undefined } from "./metric.ts";
import { rowsOf } from "./reduce.ts";

/** What metrics of agreement keep of a sample: its values, and those of its label. */
export interface Pair {
  readonly pred: readonly number[];
  readonly label: readonly number[];
}

/** How well predicted values agree with labels, of all samples; NaN where that is not defined. */
export type Agreement = (pred: readonly number[], label: readonly number[]) => number;

/** A metric of how values agree over all samples, of each output alone, then their mean: one sample alone gives NaN. Samples with NaN are left out. */
export class AgreementMetric extends FieldMetric<Pair> {
  readonly optimum = "max";
  readonly #name: string;
  readonly #agreement: Agreement;

  /** @param name how messages name it. */
  constructor(name: string, agreement: Agreement, fields: ComparedFields) {
    super(fields);
    this.#name = name;
    this.#agreement = agreement;
  }

  protected override get shownName(): string {
    return this.#name;
  }

  protected override compare(pred: Tensor, label: Tensor | null, { isNan }: Compared): Pair[] {
    const truth = sameShape(this.#name, pred, label);
    if (pred.ndim !== 2) {
      throw new ConfigError(
        `${this.#name} wants values, (N, outputs). The output has shape [${pred.shape.join(", ")}]: compare images voxel by voxel, with MAEMetric or SSIMMetric.`,
      );
    }
    const [preds, labels] = [rowsOf(pred), rowsOf(truth)];
    return preds.map((row, i) => (isNan[i] === true ? { pred: [], label: [] } : { pred: row, label: labels[i] ?? [] }));
  }

  protected override aggregateData(data: readonly Pair[]): number {
    const whole = data.filter(({ pred }) => pred.length > 0);
    const outputs = whole[0]?.pred.length ?? 0;
    let sum = 0;
    for (let k = 0; k < outputs; k++) {
      const of = (side: keyof Pair): number[] => whole.map((pair) => pair[side][k] ?? Number.NaN);
      sum += this.#agreement(of("pred"), of("label"));
    }
    return sum / outputs;
  }

  /** Where all labels, or all outputs, are alike. */
  override whyUndefined(): Undefined[] {
    const why = super.whyUndefined();
    const whole = this.samples.filter(({ pred }) => pred.length > 0);
    const alike = (["label", "pred"] as const).filter((side) =>
      (whole[0]?.[side] ?? []).some((value, k) => whole.every((pair) => pair[side][k] === value)),
    );
    if (whole.length > 0 && alike.length > 0 && Number.isNaN(this.aggregate())) {
      const named = listed(alike.map((side) => (side === "pred" ? "outputs" : "labels")));
      why.push({
        cause: `${named} alike`,
        message: `all ${named} are alike, so that nothing can agree with their differences`,
      });
    }
    return why;
  }
}

/** Sums of squares of deviations from the means, and of their products. */
export function deviations(
  a: readonly number[],
  b: readonly number[],
): { readonly aa: number; readonly bb: number; readonly ab: number } {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [aa, bb, ab] = [0, 0, 0];
  a.forEach((value, i) => {
    const [x, y] = [value - meanA, (b[i] ?? 0) - meanB];
    aa += x * x;
    bb += y * y;
    ab += x * y;
  });
  return { aa, bb, ab };
}
