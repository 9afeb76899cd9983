import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CoxPHLoss, DiceLoss, type LossModule } from "../losses/index.ts";
import * as torch from "../torch/index.ts";
import { ConfigError, DataFrameError } from "../utils/exceptions.ts";
import { TestBatch } from "./fixtures/test-batch.ts";
import {
  AveragePrecisionMetricConfig,
  BalancedAccuracyMetricConfig,
  BrierMetricConfig,
  CalibrationErrorMetricConfig,
  ConfusionMatrixMetricConfig,
  LossMetricConfig,
  MAEMetricConfig,
  type MetricConfig,
  MetricsHandler,
  ROCAUCMetricConfig,
} from "./index.ts";

let live = 0;
beforeEach(() => {
  live = torch.memory.live().tensors;
});
afterEach(() => {
  expect(torch.memory.live().tensors).toBe(live);
});
const column = (values: readonly number[]) => values.map((value) => [value]);

/** One batch of these outputs and labels. */
function evaluate(config: MetricConfig, output: readonly number[], label: readonly number[], loss?: torch.nn.Loss) {
  const handler = new MetricsHandler({ m: config });
  handler.initMetrics(loss === undefined ? null : { getLossFunctions: () => ({ loss }) });
  using made = output.length === 0 ? null : new TestBatch({ output: column(output), label: column(label) });
  const samples = made === null ? [] : handler.update(made, 1).map((row) => row.m);
  handler.aggregate(1);
  return { samples, value: handler.getMetricValue("m", 1), why: handler.whyUndefined() };
}

describe("values of the wrong kind are refused, with participants, values and the remedy", () => {
  it("outputs of a confusion matrix that are not binary", () => {
    const run = () => evaluate(new ConfusionMatrixMetricConfig(), [1.25, -0.5, 1], [1, 0, 1]);
    expect(run).toThrow(ConfigError);
    expect(run).toThrow(
      /\(sub-000, ses-M000\): 'output' is 1\.25; \(sub-001, ses-M000\): 'output' is -0\.5\. ConfusionMatrixMetric takes outputs that are 0 or 1\. .*postprocessing.*threshold: 0\.5/,
    );
  });
  it.each<[string, MetricConfig]>([
    ["of a confusion matrix", new ConfusionMatrixMetricConfig()],
    ["of the area under the curve", new ROCAUCMetricConfig()],
    ["of the average precision", new AveragePrecisionMetricConfig()],
  ])("labels %s that are not binary", (_, config) => {
    const run = () => evaluate(config, [1, 0, 1], [1, 2, 1]);
    expect(run).toThrow(DataFrameError);
    expect(run).toThrow(/\(sub-001, ses-M000\): 'label' is 2\. .* takes labels that are 0 or 1.*toOnehot/);
  });
  it.each<MetricConfig>([
    new BalancedAccuracyMetricConfig(),
    new BrierMetricConfig(),
    new CalibrationErrorMetricConfig(),
    new ROCAUCMetricConfig({ multiClass: "ovo" }),
  ])("labels of several classes, or of none, where each sample is of one: $name_", (config) => {
    const metric = config.getObject();
    const output = [1, 2, 3].map(() => [0.5, 0.25, 0.25]);
    const label = [
      [1, 0, 0],
      [1, 0, 1],
      [0, 0, 0],
    ];
    using batch = new TestBatch({ output, label });
    expect(() => metric.update(batch)).toThrow(DataFrameError);
    expect(() => metric.update(batch)).toThrow(
      /\(sub-001, ses-M000\): 2 columns of 'label' are 1, \(sub-002, ses-M000\): 0 columns.*of one class each/,
    );
  });
  it("targets of the loss", () => {
    expect(() => evaluate(new LossMetricConfig(), [1, 0], [1, 2], new torch.nn.BCEWithLogitsLoss())).toThrow(
      /\(sub-001, ses-M000\): 'label' is 2/,
    );
  });
});

describe("why a metric has no value is known", () => {
  it("one class, for the area under the curve", () => {
    const { value, why } = evaluate(new ROCAUCMetricConfig(), [0.5, 0.25], [1, 1]);
    expect(value).toBeNaN();
    expect(why).toEqual([
      { metric: "m", cause: "one class: 1", message: expect.stringMatching(/all labels are 1, and it needs both/) },
    ]);
    expect(evaluate(new ROCAUCMetricConfig(), [0.5, 0.25], [1, 0]).why).toEqual([]);
  });
  it("a denominator of 0, for the confusion matrix", () => {
    const { value, why } = evaluate(new ConfusionMatrixMetricConfig({ metricName: "tpr" }), [1, 0], [0, 0]);
    expect(value).toBeNaN();
    expect(why[0]?.message).toMatch(/the denominator of 'tpr' is 0, with 0 labels that are 1 and 2 that are 0/);
  });
  it("NaN in the output: the samples are named, and left out of a mean", () => {
    const rank = evaluate(new ROCAUCMetricConfig(), [0.5, Number.NaN, 0.75], [1, 0, 0]);
    expect(rank.value).toBeNaN();
    expect(rank.why[0]?.message).toMatch(/'output' is NaN for sub-001 ses-M000/);

    const mae = evaluate(new MAEMetricConfig(), [1, Number.NaN, 3], [0, 0, 0]);
    expect(mae.value).toBe(2);
    expect(mae.samples).toEqual([1, Number.NaN, 3]);
    expect(mae.why[0]?.message).toMatch(/'output' is NaN for sub-001 ses-M000; they are left out of it/);
  });
  it("NaN as the loss of a sample", () => {
    class Own extends torch.nn.MSELoss {
      override forward(p: torch.Tensor, y: torch.Tensor): torch.Tensor {
        return p.sub(y).log();
      }
    }
    const { value, why } = evaluate(new LossMetricConfig(), [2, 0], [1, 1], new Own());
    expect(value).toBeNaN();
    expect(why[0]?.message).toMatch(/Own gives NaN for sub-001 ses-M000/);
  });
  it("of a metric of one's own, at least that it is NaN", () => {
    expect(evaluate(new ROCAUCMetricConfig({ average: "weighted" }), [], []).why).toHaveLength(1);
  });
});

describe("a loss of one's own that gives one number whatever its reduction", () => {
  class Own extends torch.nn.MSELoss {
    override forward(p: torch.Tensor, y: torch.Tensor): torch.Tensor {
      const squares = p.sub(y).square();
      return this.reduction === "sum" ? squares.sum() : squares.mean();
    }
  }
  const over = (loss: LossModule, batches: readonly (readonly number[])[]) => {
    const handler = new MetricsHandler({ loss: new LossMetricConfig() });
    handler.initMetrics({ getLossFunctions: () => ({ loss }) });
    const samples = batches.flatMap((output) => {
      const batch = new TestBatch({ output: column(output), label: column(output.map(() => 0)) });
      try {
        return handler.update(batch).map((row) => row.loss);
      } finally {
        batch.dispose();
      }
    });
    handler.aggregate();
    return { samples, value: handler.getMetricValue("loss"), why: handler.whyUndefined() };
  };

  it("has its mean over batches, weighted by their samples, and says so", () => {
    const { samples, value, why } = over(new Own(), [[1, 2, 3], [4]]);
    // of the last batch, which is one sample, the loss is that of the sample
    expect(samples).toEqual([Number.NaN, Number.NaN, Number.NaN, 16]);
    expect(value).toBe(Math.fround((1 + 4 + 9 + 16) / 4));
    expect(why).toEqual([
      {
        metric: "loss",
        cause: 'reduction "none"',
        message: expect.stringMatching(/Own gives one number.*weighted by their samples.*one value per element/),
      },
    ]);
  });
  it("has other advice where it compares the samples of a batch, by its nature", () => {
    const { why } = over(new DiceLoss({ batch: true, sigmoid: true }), [[1, 2], [3]]);
    expect(why.map(({ message }) => message)).toEqual([
      expect.stringMatching(/DiceLoss compares the samples of a batch.*depends on the batch size/),
    ]);
    expect(over(new DiceLoss({ sigmoid: true }), [[1, 2], [3]]).why).toEqual([]);
  });
  it("is refused when it gives something else", () => {
    class Odd extends torch.nn.MSELoss {
      override forward(p: torch.Tensor): torch.Tensor {
        return torch.zeros([(p.shape[0] ?? 0) + 1]);
      }
    }
    expect(() => over(new Odd(), [[1, 2, 3]])).toThrow(
      /Odd: with reduction "none" it gives the shape \(4\) for 3 samples\. It must give one value per element/,
    );
  });
});

it.each(["mean", "sum"] as const)(
  "the %s of Cox's loss is that of all samples, however they are in batches",
  (reduction) => {
    using loss = new CoxPHLoss({ reduction });
    const [risks, times] = [column([0.5, -1, 2, 0.25, 1]), column([3, -5, 4, 7, -2])];
    const of = (...sizes: number[]) => {
      const handler = new MetricsHandler({ loss: new LossMetricConfig() });
      handler.initMetrics({ getLossFunctions: () => ({ loss }) });
      let start = 0;
      for (const size of sizes) {
        const part = (values: number[][]) => values.slice(start, start + size);
        using batch = new TestBatch({ output: part(risks), label: part(times) }, start);
        expect(handler.update(batch).every((row) => Number.isNaN(row.loss))).toBe(true);
        start += size;
      }
      handler.aggregate();
      return { value: handler.getMetricValue("loss"), why: handler.whyUndefined() };
    };
    const expected = torch.tidy(() => loss.call(torch.tensor(risks), torch.tensor(times)).item());
    for (const sizes of [[5], [2, 2, 1], [1, 1, 1, 1, 1]]) expect(of(...sizes)).toEqual({ value: expected, why: [] });
  },
);

describe("labelKey", () => {
  const model = { labelKey: "age", getLossFunctions: () => ({ loss: new torch.nn.MSELoss() }) };
  const written = (handler: MetricsHandler) =>
    JSON.parse(JSON.stringify(handler.toDict())) as { metrics: Record<string, { label_key: string }> };

  it("is the model's unless told otherwise, and written as it is used", () => {
    const metrics = {
      loss: new LossMetricConfig(),
      mae: new MAEMetricConfig(),
      other: new MAEMetricConfig({ labelKey: "label" }),
    };
    const handler = new MetricsHandler({ ...metrics, plain: { name_: "MAEMetric" } });
    handler.initMetrics(model);
    const keys = Object.entries(written(handler).metrics).map(([name, { label_key }]) => [name, label_key]);
    expect(keys).toEqual([
      ["loss", "age"],
      ["mae", "age"],
      ["other", "label"],
      ["plain", "age"],
    ]);
    expect(handler.neededFields().map(({ field }) => field)).toEqual(["age", "age", "label", "age"]);
    handler.addMetrics({ more: new MAEMetricConfig() });
    expect(written(handler).metrics.more?.label_key).toBe("age");
    // what was written was told
    const back = MetricsHandler.fromDict(handler.toDict());
    back.initMetrics({ ...model, labelKey: "score" });
    expect(back.toDict()).toEqual(handler.toDict());
  });
  it("is 'label' without a model", () => {
    const handler = new MetricsHandler({ mae: new MAEMetricConfig() });
    handler.initMetrics();
    expect(written(handler).metrics.mae?.label_key).toBe("label");
  });
});
