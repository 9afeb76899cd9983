import type { Accepted } from "../losses/index.ts";
import type { Tensor } from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import {
  binaryLabels,
  type Compared,
  type ComparedFields,
  classIndices,
  FieldMetric,
  listed,
  requireLabels,
  requireOneClass,
} from "./field-metric.ts";
import type { Undefined } from "./metric.ts";
import { rowsOf } from "./reduce.ts";

/** How the values of several classes are merged: plain mean, mean weighted by positives, or all elements together. */
export type Average = "macro" | "weighted" | "micro";

export interface RankingOptions {
  readonly average: Average;
  /** Each class against all others, or each pair of classes; null, or not there: labels have a column per class. */
  readonly multiClass?: "ovr" | "ovo" | null;
}

/** What ranking metrics keep of a sample: scores and labels of each class. */
export interface Ranked {
  readonly scores: readonly number[];
  readonly labels: readonly number[];
}

/** The area under a curve; NaN where it is not defined. */
export type Curve = (scores: readonly number[], labels: readonly number[]) => number;

/** The area under a curve that ranks the samples by score: needs both classes, so one sample alone gives NaN. */
export class RankingMetric extends FieldMetric<Ranked> {
  readonly optimum = "max";
  readonly #name: string;
  readonly #curve: Curve;
  readonly #options: RankingOptions;

  /** @param name how messages name it. */
  constructor(name: string, curve: Curve, fields: ComparedFields, options: RankingOptions) {
    super(fields);
    this.#name = name;
    this.#curve = curve;
    this.#options = options;
  }

  protected override get shownName(): string {
    return this.#name;
  }
  protected override acceptedLabels(): Accepted {
    return this.#options.multiClass ? this.#indices(null) : binaryLabels(this.#name);
  }
  #indices(classes: number | null): Accepted {
    const remedy = "Code classes as 0, 1, 2 …, or one column per class with 0 and 1.";
    return classIndices(this.#name, "labels", classes, remedy);
  }
  protected override readonly nanConsequence = "the metric is not defined";

  protected override compare(pred: Tensor, label: Tensor | null, { label: source, isNan }: Compared): Ranked[] {
    if (label === null) throw new ConfigError(`${this.#name} compares the output to a label: give it a 'labelKey'.`);
    if (pred.ndim > 2 || label.ndim > 2) {
      throw new ConfigError(
        `${this.#name} wants one value per class, (N, C). The output has shape [${pred.shape.join(", ")}] and the label [${label.shape.join(", ")}].`,
      );
    }
    const scores = rowsOf(pred);
    const [s, l] = [scores[0]?.length ?? 0, label.shape[1] ?? 1];
    const indices = Boolean(this.#options.multiClass) && l === 1 && s > 1;
    if (s !== l && !indices) {
      throw new ConfigError(
        `${this.#name}: the output has ${s} classes and the label ${l}. Labels must be one-hot, like the output, or indices of classes where 'multiClass' says how they are compared.`,
      );
    }
    requireLabels(indices ? this.#indices(s) : binaryLabels(this.#name), label, source);
    if (this.#options.multiClass === "ovo" && l > 1) requireOneClass(this.#name, label, source);
    const labels = indices ? rowsOf(label).map(([index = Number.NaN]) => oneHot(index, s)) : rowsOf(label);
    return scores.map((score, i) => {
      // postprocessing may have made a number of NaN
      return { scores: isNan[i] === true ? score.map(() => Number.NaN) : score, labels: labels[i] ?? [] };
    });
  }

  /** Where a class has positive or negative samples only. */
  override whyUndefined(): Undefined[] {
    const classes = (this.samples[0]?.labels ?? []).map((_, c) => new Set(this.samples.map(({ labels }) => labels[c])));
    const one = [...classes.entries()].filter(([, found]) => found.size === 1);
    const binary = classes.length === 1;
    const mixed = new Set(classes.flatMap((found) => [...found]));
    if (one.length === 0 || (this.#options.average === "micro" && mixed.size > 1)) return super.whyUndefined();
    const named = one.map(([c, found]) => `${binary ? "" : `of class ${c} `}${[...found].join()}`);
    const message = `all labels ${binary ? "are" : "of one or more classes are alike:"} ${listed(named)}, and it needs both 0 and 1. Validate on samples of every class (stratified splits)`;
    return [...super.whyUndefined(), { cause: `one class: ${named.join()}`, message }];
  }

  protected override aggregateData(data: readonly Ranked[]): number {
    if (this.#options.average === "micro") {
      return this.#curve(
        data.flatMap((d) => d.scores),
        data.flatMap((d) => d.labels),
      );
    }
    const classes = data[0]?.scores.length ?? 0;
    if (this.#options.multiClass === "ovo" && classes > 1) return this.#pairwise(data, classes);
    let sum = 0;
    let weights = 0;
    for (let c = 0; c < classes; c++) {
      const labels = data.map((d) => d.labels[c] ?? Number.NaN);
      const weight = this.#options.average === "macro" || classes === 1 ? 1 : labels.reduce((a, b) => a + b, 0);
      const scores = data.map((d) => d.scores[c] ?? Number.NaN);
      sum += weight * this.#curve(scores, labels);
      weights += weight;
    }
    return sum / weights;
  }

  /** Of each two classes, the mean of how well the score of each tells it from the other. */
  #pairwise(data: readonly Ranked[], classes: number): number {
    let [sum, weights] = [0, 0];
    for (let a = 0; a < classes; a++) {
      for (let b = a + 1; b < classes; b++) {
        const both = data.filter(({ labels }) => labels[a] !== 0 || labels[b] !== 0);
        const of = (c: number): number =>
          this.#curve(
            both.map(({ scores }) => scores[c] ?? Number.NaN),
            both.map(({ labels }) => labels[c] ?? Number.NaN),
          );
        const weight = this.#options.average === "macro" ? 1 : both.length / data.length;
        sum += (weight * (of(a) + of(b))) / 2;
        weights += weight;
      }
    }
    return sum / weights;
  }
}

/** NaN where the index is. */
function oneHot(index: number, classes: number): number[] {
  return Array.from({ length: classes }, (_, c) => (Number.isNaN(index) ? index : Number(c === index)));
}

/** Whether labels are 0 and 1, and both are there. */
export function bothClasses(labels: readonly number[]): boolean {
  return labels.every((l) => l === 0 || l === 1) && labels.includes(0) && labels.includes(1);
}

/** Runs of equal scores, in the order of `indices`. */
export function* ties(indices: readonly number[], scores: readonly number[]): Generator<readonly number[]> {
  for (let start = 0; start < indices.length; ) {
    let end = start + 1;
    while (end < indices.length && scores[indices[end] ?? 0] === scores[indices[start] ?? 0]) end++;
    yield indices.slice(start, end);
    start = end;
  }
}
