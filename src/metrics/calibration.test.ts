import { expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { TestBatch } from "./fixtures/test-batch.ts";
import { BrierMetricConfig, CalibrationErrorMetricConfig } from "./index.ts";

// values are compared to scikit-learn's, or those of the definition, in metrics.test.ts, like those of every metric
function evaluate(config: BrierMetricConfig | CalibrationErrorMetricConfig, output: number[][], label: number[][]) {
  using _scope = torch.scope();
  const metric = config.getObject();
  using batch = new TestBatch({ output, label });
  metric.update(batch);
  return { value: metric.aggregate(), why: metric.whyUndefined(), tables: metric.tables() };
}

it("tells of each bin what was claimed, and how often it was so", () => {
  const live = torch.memory.live().tensors;
  const config = new CalibrationErrorMetricConfig({ bins: 4 });
  const { value, tables } = evaluate(config, [[0], [0.25], [0.5], [1], [1]], [[0], [1], [0], [1], [0]]);
  // the upper bound of a bin is in it
  expect(tables).toEqual({
    reliability: [
      { lower: 0, upper: 0.25, n: 2, probability: 0.125, frequency: 0.5 },
      { lower: 0.25, upper: 0.5, n: 1, probability: 0.5, frequency: 0 },
      { lower: 0.75, upper: 1, n: 2, probability: 1, frequency: 0.5 },
    ],
  });
  expect(value).toBeCloseTo((2 * 0.375 + 0.5 + 2 * 0.5) / 5, 12);
  expect(torch.memory.live().tensors).toBe(live);
});

for (const config of [new BrierMetricConfig(), new CalibrationErrorMetricConfig()]) {
  it(`${config.name_} leaves out samples with NaN, and says what it takes`, () => {
    const { value, why } = evaluate(config, [[Number.NaN], [0.75]], [[1], [1]]);
    expect(value).toBe(config.name_ === "BrierMetric" ? 0.0625 : 0.25);
    expect(why[0]?.message).toMatch(/'output' is NaN for sub-000/);
    expect(evaluate(config, [[Number.NaN]], [[1]]).value).toBeNaN();
    expect(() => evaluate(config, [[0.5], [1.5]], [[1], [1]])).toThrow(
      /sub-001.*'output' is 1.5.*probabilities.*sigmoid/s,
    );
    expect(() => evaluate(config, [[0.5, 0.25]], [[1]])).toThrow(/sub-000.*add up to 0.75, not 1.*softmax/s);
    expect(() => evaluate(config, [[0.5, 0.5]], [[2]])).toThrow(/sub-000.*indices of 2 classes/s);
    expect(() => evaluate(config, [[0.5]], [[2]])).toThrow(/sub-000.*0 or 1/s);
    expect(() => evaluate(config, [[0.5, 0.5]], [[1, 0, 0]])).toThrow(/\[1, 2\] and the label \[1, 3\]/);
  });
}
