import { expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { TestBatch } from "./fixtures/test-batch.ts";
import { BalancedAccuracyMetricConfig } from "./index.ts";

// values are compared to scikit-learn's in metrics.test.ts, like those of every metric
function evaluate(output: number[][], label: number[][]) {
  using _scope = torch.scope();
  const metric = new BalancedAccuracyMetricConfig().getObject();
  using batch = new TestBatch({ output, label });
  return { samples: metric.update(batch), value: metric.aggregate() };
}

it("is the mean of recalls, where the pooled one of the confusion matrix is another", () => {
  const live = torch.memory.live().tensors;
  const scores = [
    [3, 1, 0],
    [0, 2, 1],
    [1, 0, 0],
    [0, 0, 5],
  ];
  // recalls: 1/2 of class 0, 0 of class 1, 1 of class 2
  expect(evaluate(scores, [[0], [0], [1], [2]])).toEqual({ samples: [1, 0, 0, 1], value: 0.5 });
  const oneHot = [
    [1, 0, 0],
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];
  expect(evaluate(scores, oneHot).value).toBe(0.5);
  expect(evaluate([[0], [1], [0], [2]], [[0], [0], [1], [2]]).value).toBe(0.5);
  expect(torch.memory.live().tensors).toBe(live);
});

it("leaves out samples with NaN, and is NaN without any", () => {
  expect(
    evaluate(
      [
        [Number.NaN, 1],
        [0, 1],
      ],
      [[0], [1]],
    ),
  ).toEqual({ samples: [Number.NaN, 1], value: 1 });
  expect(evaluate([[Number.NaN, 1]], [[0]]).value).toBeNaN();
});

it("says which labels and shapes it takes", () => {
  expect(() => evaluate([[1, 0]], [[2]])).toThrow(/sub-000.*indices of 2 classes: 0 to 1/s);
  expect(() => evaluate([[1, 0]], [[0.5]])).toThrow(/indices of 2 classes/);
  // before a training
  const [need] = new BalancedAccuracyMetricConfig().getObject().neededFields();
  expect(need?.accepted).toMatchObject({ by: "BalancedAccuracyMetric", integer: true, min: 0 });
  // logits and probabilities equal no label: the value would be 0
  expect(() => evaluate([[-1.5], [2]], [[0], [1]])).toThrow(/sub-000.*'output' is -1.5.*sigmoid.*threshold/s);
  expect(evaluate([[Number.NaN], [1]], [[0], [1]]).value).toBe(1);
  expect(() => evaluate([[1, 0]], [[0, 0, 1]])).toThrow(/\[1, 2\] and the label \[1, 3\]/);
});
