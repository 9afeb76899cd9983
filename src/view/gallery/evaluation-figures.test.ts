import { describe, expect, it } from "vitest";
import { all, parseXml } from "../fixtures/xml.ts";
import type { EvaluatedSample, Evaluation, Task } from "../read/index.ts";
import { evaluationFigures, type NamedEvaluation } from "./evaluation-figures.ts";

const CLASSES: Task = { kind: "classes", labelKey: "diagnosis", outputName: "output", activation: "softmax" };

function evaluation(
  split: number,
  task: Task,
  samples: readonly Partial<EvaluatedSample>[],
  tables: Evaluation["tables"] = {},
): NamedEvaluation {
  const whole = samples.map((sample, i) => ({
    participant: `sub-${i}`,
    session: "ses-M000",
    position: null,
    label: null,
    outputs: [],
    probabilities: null,
    metrics: {},
    ...sample,
  }));
  const rest = { models: split, checkpoint: "final", group: "held", metrics: {}, intervals: {}, missing: [] };
  return { name: `split ${split}`, evaluation: { ...rest, task, samples: whole, tables } };
}
const draw = (evaluations: readonly NamedEvaluation[], name: string) =>
  parseXml(
    evaluationFigures(evaluations, "held")
      .find((figure) => figure.name === name)!
      .draw(),
  );
const texts = (evaluations: readonly NamedEvaluation[], name: string) =>
  all(draw(evaluations, name), "text").map(({ text }) => text);

describe("of classes", () => {
  it("counts each fold's decisions, and takes a probability of 0.5 for yes", () => {
    const task: Task = { ...CLASSES, activation: "sigmoid" };
    const folds = [0, 1].map((split) =>
      evaluation(split, task, [
        { label: 0, probabilities: [0.2] },
        { label: 0, probabilities: [0.5] },
        { label: 1, probabilities: [0.9] },
        // what is not known does not count
        { label: null, probabilities: [0.9] },
        { label: 1, probabilities: null },
      ]),
    );
    expect(evaluationFigures(folds, "held").map(({ name }) => name)).toEqual(
      ["roc", "precision_recall", "confusion", "calibration", "outputs"].map((name) => `held-${name}`),
    );
    const shown = texts(folds, "held-confusion");
    expect(shown.filter((text) => /^\d+$/.test(text))).toEqual(["2", "2", "0", "2"]);
    expect(shown).toContain("diagnosis 1");
    expect(texts(folds, "held-roc")).toContain("split 1: AUC 1.000");
    expect(texts(folds, "held-outputs")).toContain("diagnosis 0 (n = 4)");
    // |0.2 − 0| + |0.5 − 0| + |0.9 − 1|, a third of the samples each
    expect(texts(folds, "held-calibration")).toContain("expected calibration error 0.267, 6 samples");
  });

  it("has each of several classes against the others, without a mean", () => {
    const samples = [
      { label: 0, probabilities: [0.6, 0.3, 0.1] },
      { label: 1, probabilities: [0.5, 0.4, 0.1] },
      { label: 2, probabilities: [0.1, 0.1, 0.8] },
      { label: 1, probabilities: [0.2, 0.7, 0.1] },
    ];
    const shown = texts([evaluation(0, CLASSES, samples)], "held-roc");
    // 0.6 is above all others of class 0; of class 1, 0.4 and 0.7 are above 0.3 and 0.1
    expect(shown).toEqual(
      expect.arrayContaining(["diagnosis 0: AUC 1.000", "diagnosis 1: AUC 1.000", "diagnosis 2: AUC 1.000"]),
    );
    expect(shown.some((text) => text.startsWith("mean"))).toBe(false);
    const counts = texts([evaluation(0, CLASSES, samples)], "held-confusion").filter((text) => /^\d+$/.test(text));
    expect(counts).toEqual(["1", "0", "0", "1", "1", "0", "0", "0", "1"]);
  });

  it("has what its metrics have counted where outputs were not kept", () => {
    const confusion = [
      [0, 0, 5],
      [0, 1, 1],
      [1, 0, 2],
      [1, 1, 4],
    ].map(([label = 0, predicted = 0, n = 0]) => ({ metric: "accuracy", class: null, label, predicted, n }));
    const other = [{ metric: "f1", class: null, label: 0, predicted: 0, n: 99 }];
    const reliability = [
      { metric: "ece", lower: 0, upper: 0.5, n: 6, probability: 0.25, frequency: 0 },
      { metric: "ece", lower: 0.5, upper: 1, n: 0, probability: null, frequency: null },
    ];
    const tables = { confusion_matrix: [...confusion, ...other], reliability };
    const folds = [0, 1].map((split) => evaluation(split, CLASSES, [{ label: 1 }], tables));
    expect(texts(folds, "held-confusion").filter((text) => /^\d+$/.test(text))).toEqual(["10", "2", "4", "8"]);
    expect(texts(folds, "held-calibration")).toContain("expected calibration error 0.250, 12 samples");
    expect(evaluationFigures([evaluation(0, CLASSES, [{ label: 1 }])], null)).toEqual([]);
  });
});

it("of quantities has predicted against actual, the folds in their colours", () => {
  const task: Task = { kind: "quantity", labelKey: "age", outputName: "output", activation: null };
  const folds = [0, 1].map((split) =>
    evaluation(split, task, [
      { label: 60 + split, outputs: [61] },
      { label: 70, outputs: [71 + split] },
      { label: null, outputs: [1] },
    ]),
  );
  const svg = draw(folds, "held-regression");
  // errors 1, 1, 0 and 2; 1 - 6 / 90.75
  expect(all(svg, "text").map(({ text }) => text)).toContain("mean absolute error 1, R² 0.934, 4 samples");
  expect(all(svg, "title").map(({ text }) => text)).toContain("sub-1 ses-M000: 72 for 70");
  const colours = new Set(all(svg, "circle").map(({ attributes }) => attributes.fill));
  expect(colours.size).toBe(2);
});

it("of anything else has none", () => {
  const task: Task = { kind: "other", labelKey: null, outputName: "output", activation: null };
  expect(evaluationFigures([evaluation(0, task, [{ outputs: [1] }])], "held")).toEqual([]);
  expect(evaluationFigures([], "held")).toEqual([]);
});
