/** What metrics of probabilities share. */
import type { Accepted } from "../losses/index.ts";
import { refusal, refusedValues } from "../losses/index.ts";
import type { Tensor } from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import {
  binaryLabels,
  type Compared,
  classIndices,
  FieldMetric,
  requireLabels,
  requireOneClass,
} from "./field-metric.ts";
import { rowsOf } from "./reduce.ts";

/** The probabilities that a sample was given, and what it is. */
export interface Forecast {
  /** Of each class; a single one is that of label 1. NaN where there is none. */
  readonly probabilities: readonly number[];
  /** Index of the class; of a single probability 0 or 1. */
  readonly label: number;
}

/** Half precision rounds each probability to 1/256 or so. */
const SUM_TOLERANCE = 0.02;

/** A metric of probabilities, (N, 1) with labels 0 and 1, or (N, C) with labels that are indices, (N, 1), or one column per class. */
export abstract class ProbabilityMetric extends FieldMetric<Forecast> {
  readonly optimum = "min";
  /** How messages name it. */
  protected abstract override get shownName(): string;

  /** Of forecasts that there are. */
  protected abstract score(forecasts: readonly Forecast[]): number;

  protected override aggregateData(data: readonly Forecast[]): number {
    const known = knownOf(data);
    return known.length === 0 ? Number.NaN : this.score(known);
  }

  protected override compare(
    pred: Tensor,
    label: Tensor | null,
    { pred: output, label: source, isNan }: Compared,
  ): Forecast[] {
    const what = this.shownName;
    if (label === null) throw new ConfigError(`${what} compares the output to a label: give it a 'labelKey'.`);
    const [classes = 1, columns = 1] = [pred.shape[1], label.shape[1]];
    if (pred.ndim !== 2 || label.ndim !== 2 || (columns > 1 && columns !== classes)) {
      throw new ConfigError(
        `${what} wants probabilities, (N, 1) of label 1 or (N, C) of each class, and as label an index, or one column per class. The output has shape [${pred.shape.join(", ")}] and the label [${label.shape.join(", ")}].`,
      );
    }
    const refused = refusedValues(probabilityRule(what, output.field, classes), pred);
    if (refused !== null) throw new ConfigError(refusal(probabilityRule(what, output.field, classes), output, refused));
    const remedy = "Code classes as 0, 1, 2 …, or one column per class with 0 and 1.";
    const rule = columns > 1 || classes === 1 ? binaryLabels(what) : classIndices(what, "labels", classes, remedy);
    requireLabels(rule, label, source);
    if (columns > 1) requireOneClass(what, label, source);
    const truth = rowsOf(label).map((row) => (columns > 1 ? row.indexOf(1) : (row[0] ?? Number.NaN)));
    return rowsOf(pred).map((probabilities, i) => {
      const sum = probabilities.reduce((a, b) => a + b, 0);
      if (classes > 1 && Math.abs(sum - 1) > SUM_TOLERANCE) {
        const { participantId, sessionId } = source.participants[i] ?? {};
        throw new ConfigError(
          `(${participantId}, ${sessionId}): the probabilities of '${output.field}' add up to ${sum}, not 1. ${probabilityRule(what, output.field, classes).remedy}`,
        );
      }
      return isNan[i] === true
        ? { probabilities: [Number.NaN], label: Number.NaN }
        : { probabilities, label: truth[i] ?? Number.NaN };
    });
  }
}

/** Those of samples without NaN. */
export function knownOf(data: readonly Forecast[]): Forecast[] {
  return data.filter(({ label }) => !Number.isNaN(label));
}

function probabilityRule(by: string, field: string, classes: number): Accepted {
  return {
    by,
    expected: "outputs that are probabilities, from 0 to 1",
    remedy: `Make them so with postprocessing: [new ActivationsConfig({ include: ["${field}"], ${classes > 1 ? "softmax" : "sigmoid"}: true })].`,
    integer: false,
    min: 0,
    max: 1,
    ignored: null,
    nan: true,
  };
}
