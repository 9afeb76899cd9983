import { describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { TestBatch } from "./fixtures/test-batch.ts";
import { DiceMetricConfig } from "./index.ts";

// its values are compared to the original's in metrics.test.ts, like those of every metric
describe("DiceMetric", () => {
  it("has no value where a class is nowhere in the label, or counts it, as it is told", () => {
    using _scope = torch.scope();
    const output = torch.zeros([1, 2, 4]);
    const label = torch.zeros([1, 2, 4]);
    const of = (ignoreEmpty: boolean) => {
      const metric = new DiceMetricConfig({ ignoreEmpty }).getObject();
      using batch = new TestBatch({ output: output.clone(), label: label.clone() });
      metric.update(batch);
      return [metric.aggregate(), metric.whyUndefined().map(({ message }) => message)];
    };
    expect([of(true), of(false)]).toEqual([
      [Number.NaN, ["no class that counts is in the label of any sample"]],
      [1, []],
    ]);
  });
  it("refuses what is neither 0 nor 1, no index of a class, or of another shape", () => {
    using _scope = torch.scope();
    const update = (options: object, output: torch.Tensor, label: torch.Tensor) => () =>
      new DiceMetricConfig(options).getObject().update(new TestBatch({ output, label }));
    expect(update({}, torch.full([1, 2, 4], 0.5), torch.zeros([1, 2, 4]))).toThrow(/outputs that are 0 or 1/);
    expect(update({}, torch.zeros([1, 2, 4]), torch.full([1, 2, 4], 2))).toThrow(/labels that are 0 or 1/);
    expect(update({}, torch.zeros([1, 3, 4]), torch.full([1, 1, 4], 3))).toThrow(/0 to 2/);
    expect(update({ numClasses: 3 }, torch.full([1, 1, 4], 7), torch.zeros([1, 1, 4]))).toThrow(/indices of 3 classes/);
    expect(update({}, torch.zeros([1, 3, 4]), torch.zeros([1, 2, 4]))).toThrow(/\[1, 2, 4\]/);
    expect(() => new DiceMetricConfig({ returnWithLabel: true as false })).toThrow(/returnWithLabel/);
  });
});
