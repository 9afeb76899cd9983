import { describe, expect, it } from "vitest";
import { CrossEntropyLossConfig } from "../losses/index.ts";
import * as torch from "../torch/index.ts";
import { CONFUSION_MATRIX_NAMES } from "./confusion-matrix.ts";
import { compareMetric } from "./fixtures/golden.ts";
import { TestBatch } from "./fixtures/test-batch.ts";
import {
  ConfusionMatrixMetricConfig,
  LossMetricConfig,
  MSEMetricConfig,
  metricRegistry,
  ROCAUCMetricConfig,
} from "./index.ts";
import { shortestFloat32 } from "./reduce.ts";

for (const name of metricRegistry.names) compareMetric(name);

describe("where the original is wrong", () => {
  it("weighs a weighted loss in validation as in training (D49), also per sample", () => {
    using _scope = torch.scope();
    const loss = new CrossEntropyLossConfig({ weight: [1, 20, 3] }).getObject();
    const output = torch.randn([6, 3]);
    const ids = torch.tensor([0, 1, 2, 1, 0, 2], { dtype: "int64" });
    const batch = new TestBatch({ output: output.clone(), label: ids.clone() });
    const metric = new LossMetricConfig().getObject({ getLossFunctions: () => ({ loss }) });
    const samples = metric.update(batch);
    const expected = (loss.call(output, ids) as torch.Tensor).item();
    expect(metric.aggregate()).toBeCloseTo(expected, 5);
    expect(samples).toHaveLength(6);
    expect(loss.reduction).toBe("mean");
  });
  it("does not call it a perfect score when nothing is defined", () => {
    const metric = new ConfusionMatrixMetricConfig({ metricName: "recall", computeSample: true }).getObject();
    using _scope = torch.scope();
    metric.update(new TestBatch({ output: torch.zeros([2, 1, 2, 2]), label: torch.zeros([2, 1, 2, 2]) }));
    expect(metric.aggregate()).toBeNaN();
  });
});

describe("metric options", () => {
  it("has the 48 names of the confusion matrix", () => {
    expect(Object.keys(CONFUSION_MATRIX_NAMES)).toHaveLength(48);
    expect(() => new ConfusionMatrixMetricConfig({ metricName: "recal" as "recall" })).toThrow(/metricName/);
  });
  it("refuses what MONAI offers and ClinicaDL does not", () => {
    expect(() => new MSEMetricConfig({ getNotNans: true as false })).toThrow(/getNotNans/);
  });
  it("says which shapes do not match", () => {
    using _scope = torch.scope();
    const batch = new TestBatch({ output: torch.zeros([2, 3]), label: torch.zeros([2]) });
    expect(() => new MSEMetricConfig().getObject().update(batch)).toThrow(/\[2, 3\].*\[2, 1\]/);
    expect(() => new ROCAUCMetricConfig().getObject().update(batch)).toThrow(/3 classes/);
    expect(() => new LossMetricConfig({ lossName: "mse" }).getObject({ getLossFunctions: () => ({}) })).toThrow(
      /lossName/,
    );
  });
  it("writes single precision with its own digits", () => {
    expect(String(shortestFloat32(Math.fround(0.69580257)))).toBe("0.69580257");
    expect(String(shortestFloat32(Math.fround(0.1)))).toBe("0.1");
    expect(shortestFloat32(Number.NaN)).toBeNaN();
    expect(shortestFloat32(1 / 3)).toBe(0.33333334);
  });
});
