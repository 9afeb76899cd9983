import { expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { TestBatch } from "./fixtures/test-batch.ts";
import { PearsonMetricConfig, R2MetricConfig, SpearmanMetricConfig } from "./index.ts";

// values are compared to those of scipy and scikit-learn in metrics.test.ts, like those of every metric
const configs = [new PearsonMetricConfig(), new R2MetricConfig(), new SpearmanMetricConfig()];

it("leaves out samples with NaN, and names them", () => {
  const live = torch.memory.live().tensors;
  {
    using _scope = torch.scope();
    for (const config of configs) {
      const metric = config.getObject();
      using batch = new TestBatch({ output: [[1], [Number.NaN], [3], [4]], label: [[1], [9], [3], [4]] });
      metric.update(batch);
      expect(metric.aggregate()).toBe(1);
      expect(metric.whyUndefined()[0]?.message).toMatch(/'output' is NaN for sub-001 ses-M000/);
      metric.reset();
      expect(metric.aggregate()).toBeNaN();
    }
  }
  expect(torch.memory.live().tensors).toBe(live);
});

it("says why it is not defined, and what it takes", () => {
  using _scope = torch.scope();
  for (const config of configs) {
    const metric = config.getObject();
    using batch = new TestBatch({ output: [[1], [2]], label: [[5], [5]] });
    metric.update(batch);
    expect(metric.aggregate()).toBeNaN();
    expect(metric.whyUndefined().map(({ message }) => message)).toEqual([
      expect.stringMatching(/all labels are alike/),
    ]);
    using images = new TestBatch({ output: torch.zeros([1, 1, 2, 2]), label: torch.zeros([1, 1, 2, 2]) });
    expect(() => config.getObject().update(images)).toThrow(/wants values, \(N, outputs\).*\[1, 1, 2, 2\]/);
  }
});
