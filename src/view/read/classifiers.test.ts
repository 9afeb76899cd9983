import { expect, it } from "vitest";
import { delongTest } from "../../metrics/index.ts";
import { compareClassifiers } from "./classifiers.ts";
import type { EvaluatedSample, Evaluation } from "./evaluation.ts";

const LABELS = [0, 0, 0, 0, 1, 1, 1, 1];
const FIRST = [0.1, 0.6, 0.3, 0.2, 0.4, 0.9, 0.7, 0.45];
const SECOND = [0.2, 0.1, 0.3, 0.4, 0.8, 0.9, 0.6, 0.45];

const sample = (i: number, probability: number, more: Partial<EvaluatedSample> = {}): EvaluatedSample => ({
  participant: `sub-${i}`,
  session: "ses-M000",
  position: null,
  label: LABELS[i] ?? null,
  outputs: [probability],
  probabilities: [probability],
  metrics: {},
  ...more,
});
const evaluation = (samples: readonly EvaluatedSample[]): Evaluation => ({
  models: 0,
  checkpoint: "final",
  group: "held",
  task: { kind: "classes", labelKey: "label", outputName: "output", activation: "sigmoid" },
  samples,
  metrics: {},
  intervals: {},
  tables: {},
  missing: [],
});
const first = evaluation(FIRST.map((p, i) => sample(i, p)));

it("compares two classifiers on the participants of both, in whichever order", () => {
  const second = evaluation(SECOND.map((p, i) => sample(i, p, { probabilities: [1 - p, p] })).reverse());
  const found = compareClassifiers(first, second);
  // the first is wrong of 1, 4 and 7, the second of 7 alone
  expect(found).toEqual({
    found: true,
    value: {
      participants: 8,
      auc: delongTest(SECOND, FIRST, LABELS),
      decisions: { onlyFirst: 0, onlySecond: 2, statistic: null, pValue: expect.closeTo(0.5, 12) },
    },
  });
});
it.each([
  [FIRST.slice(1).map((p, i) => sample(i + 1, p)), "Their participants are not the same."],
  [FIRST.map((p, i) => sample(i, p, i === 3 ? { label: 1 } : {})), "Their labels of sub-3 are not the same."],
  [FIRST.map((p, i) => sample(i, p, i === 3 ? { label: null } : {})), "The label or the probability of sub-3"],
  [FIRST.map((p, i) => sample(i, p, { probabilities: [0.1, 0.2, 0.7] })), "predictions of two classes"],
  [[...FIRST.map((p, i) => sample(i, p)), sample(7, 0.2)], "sub-7 has several values"],
])("says why two are not compared", (samples, reason) => {
  const found = compareClassifiers(first, evaluation(samples));
  expect(found.found ? "" : found.reason).toContain(reason);
});
