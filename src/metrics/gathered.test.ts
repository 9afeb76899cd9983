import { expect, it } from "vitest";
import { leavingNoTensor } from "../torch/fixtures/leaving-no-tensor.ts";
import { TestBatch } from "./fixtures/test-batch.ts";
import {
  AveragePrecisionMetricConfig,
  BalancedAccuracyMetricConfig,
  CalibrationErrorMetricConfig,
  ConcordanceIndexMetricConfig,
  ConfusionMatrixMetricConfig,
  MAEMetricConfig,
  type MetricConfig,
  PearsonMetricConfig,
  ROCAUCMetricConfig,
} from "./index.ts";

const outputs = [[0.2], [0.6], [0.1], [0.7], [0.9], [0.4]];
const decided = outputs.map(([score = 0]) => [Math.round(score)]);
/** In the order of a data set of which each of two processes sees one class only. */
const labels = [[0], [0], [0], [1], [1], [1]];

const METRICS: readonly [name: string, config: MetricConfig, outputs?: number[][]][] = [
  ["AUC", new ROCAUCMetricConfig()],
  ["average precision", new AveragePrecisionMetricConfig()],
  ["sensitivity", new ConfusionMatrixMetricConfig({ metricName: "sensitivity" }), decided],
  // a formula on one vector means nothing: counts are merged, whoever has seen them
  ["f1 of samples", new ConfusionMatrixMetricConfig({ metricName: "f1 score", computeSample: true }), decided],
  ["balanced accuracy", new BalancedAccuracyMetricConfig(), decided],
  ["calibration error", new CalibrationErrorMetricConfig()],
  ["concordance", new ConcordanceIndexMetricConfig()],
  ["MAE", new MAEMetricConfig()],
  ["Pearson", new PearsonMetricConfig()],
];

it.each(METRICS)(
  "a process that has seen no sample says of all what one that has seen them says: %s",
  (_name, config, given = outputs) => {
    leavingNoTensor(() => {
      const seen = (from: number, to: number) => {
        const metric = config.getObject();
        using batch = new TestBatch({ output: given.slice(from, to), label: labels.slice(from, to) }, from);
        metric.update(batch);
        return metric;
      };
      const whole = seen(0, 6);
      const parts = [...seen(0, 3).samples, ...seen(3, 6).samples];
      for (const metric of [config.getObject(), seen(0, 3)]) {
        metric.takeSamples(parts);
        expect(metric.aggregate()).toBe(whole.aggregate());
        expect(metric.tables()).toEqual(whole.tables());
        expect(metric.whyUndefined()).toEqual(whole.whyUndefined());
      }
      expect(whole.whyUndefined()).toEqual([]);
    });
  },
);

it("labels of one class alone are told, whoever has seen them", () => {
  leavingNoTensor(() => {
    const auc = new ROCAUCMetricConfig().getObject();
    using batch = new TestBatch({ output: outputs.slice(0, 3), label: labels.slice(0, 3) });
    auc.update(batch);
    const other = new ROCAUCMetricConfig().getObject();
    other.takeSamples(auc.samples);
    expect(other.whyUndefined()).toEqual(auc.whyUndefined());
    expect(other.whyUndefined()[0]?.message).toMatch(/all labels are 0/);
  });
});
