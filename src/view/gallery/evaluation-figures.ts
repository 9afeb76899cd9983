import {
  type Confusion,
  calibrationFigure,
  confusionFigure,
  type FigureOptions,
  histogramFigure,
  precisionRecallFigure,
  type ReliabilityBin,
  regressionFigure,
  reliabilityBins,
  rocFigure,
  type ScoredFold,
} from "../figures/index.ts";
import type { EvaluatedSample, Evaluation } from "../read/index.ts";
import { fileName, type GalleryFigure } from "./gallery-figure.ts";

/** The evaluation of one split's model, or of an ensemble. */
export interface NamedEvaluation {
  /** As `split 0`. */
  readonly name: string;
  readonly evaluation: Evaluation;
}

/** What the models of several splits gave on the same kind of data. @param group what the files are called after; null: validation data. */
export function evaluationFigures(evaluations: readonly NamedEvaluation[], group: string | null): GalleryFigure[] {
  const task = evaluations[0]?.evaluation.task;
  if (task === undefined) return [];
  const figure = (name: string, draw: (options?: FigureOptions) => string): GalleryFigure => ({
    name: `${fileName(group ?? "validation")}-${name}`,
    part: "evaluation",
    draw,
  });
  switch (task.kind) {
    case "classes":
      return classFigures(evaluations, task.labelKey ?? "label", figure);
    case "quantity": {
      const samples = evaluations.flatMap(({ name, evaluation }) =>
        evaluation.samples.flatMap((sample) => predicted(sample, name)),
      );
      const quantity = task.labelKey ?? "label";
      return samples.length === 0
        ? []
        : [figure("regression", (options) => regressionFigure(samples, { ...options, quantity }))];
    }
    case "other":
      return [];
  }
}

type Make = (name: string, draw: (options?: FigureOptions) => string) => GalleryFigure;

function classFigures(evaluations: readonly NamedEvaluation[], label: string, figure: Make): GalleryFigure[] {
  const samples = evaluations.flatMap(({ evaluation }) => evaluation.samples.flatMap(classified));
  if (samples.length === 0) return fromTables(evaluations, label, figure);
  const classes = Math.max(2, ...samples.map(({ probabilities }) => probabilities.length));
  const names = Array.from({ length: classes }, (_, c) => `${label} ${c}`);
  const counts = names.map((_, i) =>
    names.map((_, j) => samples.filter((one) => one.label === i && decided(one) === j).length),
  );
  const all = samples.filter((sample) => sample.label < classes);
  const confusion = figure("confusion", (options) => confusionFigure({ classes: names, counts }, options));
  const probabilityOf = ({ probabilities }: Classified, c: number) => probabilities[c] ?? 0;
  const histogram = (c: number) =>
    figure("outputs", (options) =>
      histogramFigure(
        {
          xLabel: `Probability of ${names[c]}`,
          distributions: names.map((name, i) => ({
            name,
            values: all.flatMap((sample) => (sample.label === i ? [probabilityOf(sample, c)] : [])),
          })),
        },
        options,
      ),
    );
  if (classes > 2) {
    // each class against the others, of all splits together
    const folds = names.map((name, c): ScoredFold => ({ name, samples: all.map((sample) => scored(sample, c)) }));
    return [
      figure("roc", (options) => rocFigure(folds, { ...options, mean: false })),
      figure("precision_recall", (options) => precisionRecallFigure(folds, { ...options, mean: false })),
      confusion,
    ];
  }
  const folds = evaluations.map(
    ({ name, evaluation }): ScoredFold => ({
      name,
      samples: evaluation.samples.flatMap(classified).map((sample) => scored(sample, 1)),
    }),
  );
  const bins = reliabilityBins(all.map((sample) => ({ ...scored(sample, 1), probability: probabilityOf(sample, 1) })));
  return [
    figure("roc", (options) => rocFigure(folds, options)),
    figure("precision_recall", (options) => precisionRecallFigure(folds, options)),
    confusion,
    figure("calibration", (options) => calibrationFigure(bins, options)),
    histogram(1),
  ];
}

interface Classified {
  readonly participant: string;
  readonly label: number;
  /** Of each class; of two classes, too. */
  readonly probabilities: readonly number[];
}

/** A sample with a class and probabilities; nothing where one is not known. */
function classified({ participant, label, probabilities }: EvaluatedSample): Classified[] {
  if (label === null || !Number.isInteger(label) || label < 0 || probabilities === null) return [];
  const [only = 0, ...others] = probabilities;
  return [{ participant, label, probabilities: others.length === 0 ? [1 - only, only] : probabilities }];
}

/** The likeliest class; of two that are as likely the second, as a threshold of 0.5 has it. */
function decided({ probabilities }: Classified): number {
  if (probabilities.length === 2) return (probabilities[1] ?? 0) >= 0.5 ? 1 : 0;
  return probabilities.indexOf(Math.max(...probabilities));
}

function scored({ participant, label, probabilities }: Classified, c: number): ScoredFold["samples"][number] {
  return { participant, label: label === c ? 1 : 0, score: probabilities[c] ?? 0 };
}

function predicted({ participant, session, label, outputs }: EvaluatedSample, fold: string) {
  const [value = null] = outputs;
  if (label === null || value === null || outputs.length > 1) return [];
  return [{ label, predicted: value, fold, name: `${participant} ${session}` }];
}

/** Of an evaluation whose outputs were not kept: what its metrics have counted. */
function fromTables(evaluations: readonly NamedEvaluation[], label: string, figure: Make): GalleryFigure[] {
  const confusion = countedConfusion(evaluations, label);
  const bins = countedBins(evaluations);
  return [
    ...(confusion === null ? [] : [figure("confusion", (options) => confusionFigure(confusion, options))]),
    ...(bins.length === 0 ? [] : [figure("calibration", (options) => calibrationFigure(bins, options))]),
  ];
}

/** The counts of the first metric that has some, of two classes. */
function countedConfusion(evaluations: readonly NamedEvaluation[], name: string): Confusion | null {
  const rows = evaluations
    .flatMap(({ evaluation }) => evaluation.tables.confusion_matrix ?? [])
    .filter((row) => row.class === null);
  const own = rows.filter(({ metric }) => metric === rows[0]?.metric);
  if (own.length === 0) return null;
  const count = (label: number, predicted: number): number =>
    own.reduce((sum, row) => sum + (row.label === label && row.predicted === predicted ? Number(row.n) : 0), 0);
  return {
    classes: [`${name} 0`, `${name} 1`],
    counts: [0, 1].map((label) => [0, 1].map((predicted) => count(label, predicted))),
  };
}

/** The bins of the first metric that has some, over the splits. */
function countedBins(evaluations: readonly NamedEvaluation[]): ReliabilityBin[] {
  const rows = evaluations.flatMap(({ evaluation }) => evaluation.tables.reliability ?? []);
  const own = rows.filter(({ metric, n }) => metric === rows[0]?.metric && Number(n) > 0);
  return [...Map.groupBy(own, ({ lower }) => Number(lower))]
    .sort(([a], [b]) => a - b)
    .map(([lower, members]) => {
      const n = members.reduce((sum, row) => sum + Number(row.n), 0);
      const mean = (column: string) => members.reduce((sum, row) => sum + Number(row.n) * Number(row[column]), 0) / n;
      const [first] = members;
      return {
        lower,
        upper: Number(first?.upper),
        n,
        participants: n,
        probability: mean("probability"),
        frequency: mean("frequency"),
      };
    });
}
