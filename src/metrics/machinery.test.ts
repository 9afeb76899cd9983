import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Batch } from "../data/dataloader/index.ts";
import { DataPoint, ScalarImage } from "../data/structures/index.ts";
import { loadConfig, saveConfig } from "../io/json/index.ts";
import { BCEWithLogitsLossConfig } from "../losses/index.ts";
import * as torch from "../torch/index.ts";
import { AsDiscreteConfig } from "../transforms/index.ts";
import type { JsonObject } from "../utils/config.ts";
import {
  CannotReadFieldError,
  CannotReadJsonFieldError,
  ConfigError,
  MissingFieldsError,
  WrongFieldsError,
} from "../utils/exceptions.ts";
import { TestBatch } from "./fixtures/test-batch.ts";
import {
  ConfusionMatrixMetricConfig,
  LossMetricConfig,
  MAEMetricConfig,
  Metric,
  type MetricLike,
  MetricsHandler,
  ROCAUCMetricConfig,
} from "./index.ts";

const model = { getLossFunctions: () => ({ loss: new BCEWithLogitsLossConfig().getObject() }) };

/** A batch of the data loader, with outputs. */
function batchOf(outputs: readonly number[], labels: readonly number[]): Batch {
  const batch = new Batch(
    outputs.map(
      (_, i) =>
        new DataPoint({
          image: new ScalarImage(torch.zeros([1, 2, 2, 2]).keep()),
          participantId: `sub-${i}`,
          sessionId: "ses-M000",
          fields: { label: labels[i] ?? 0 },
        }),
    ),
  );
  batch.addField("output", torch.tensor(outputs.map((x) => [x])));
  return batch;
}

function values(metrics: Readonly<Record<string, MetricLike>>, batch: Batch) {
  const handler = new MetricsHandler(metrics);
  handler.initMetrics(model);
  handler.update(batch);
  handler.aggregate();
  return handler;
}

describe("postprocessing (D17)", () => {
  const discrete = [new AsDiscreteConfig({ threshold: 0, include: ["output"] })];
  const metrics: Readonly<Record<string, MetricLike>> = {
    loss: new LossMetricConfig(),
    acc: new ConfusionMatrixMetricConfig({ metricName: "accuracy", postprocessing: discrete }),
    auc: new ROCAUCMetricConfig(),
    mae: new MAEMetricConfig({ postprocessing: discrete }),
  };
  it("changes what its own metric sees, whatever the order of the metrics", () => {
    const [outputs, labels] = [
      [-2, 0.5, 1.5, -0.5],
      [0, 1, 1, 1],
    ];
    const softplus = (x: number) => Math.log1p(Math.exp(x));
    const loss = outputs.map((x, i) => softplus(x) - x * labels[i]!).reduce((a, b) => a + b) / 4;
    for (const order of [
      ["loss", "acc", "auc", "mae"],
      ["acc", "mae", "loss", "auc"],
      ["mae", "auc", "acc", "loss"],
    ]) {
      using _scope = torch.scope();
      const batch = batchOf(outputs, labels);
      const handler = values(Object.fromEntries(order.map((name) => [name, metrics[name]!])), batch);
      expect(handler.columns).toEqual(order);
      const [row] = handler.df;
      expect(row).toMatchObject({ acc: 0.75, auc: 1, mae: 0.25 });
      expect(row?.loss).toBeCloseTo(loss, 5);
      expect(batch.getField("output").flatten().toArray()).toEqual(outputs);
      batch.dispose();
    }
  });
  it("is recorded with the metric, and read back", () => {
    const config = new MAEMetricConfig({ postprocessing: discrete, predKey: "scores", labelKey: null });
    const dict = config.toDict();
    expect(dict.postprocessing).toMatchObject({ name_: "PostprocessingHandler", transforms: [{ threshold: 0 }] });
    expect(MAEMetricConfig.fromDict(dict).toDict()).toEqual(dict);
    const own = new MAEMetricConfig({ postprocessing: [(point) => point] });
    expect(() => MAEMetricConfig.fromDict(own.toDict())).toThrow(/'postprocessing'.*cannot be read back/);
  });
  it("compares the fields that it is told to", () => {
    using _scope = torch.scope();
    const batch = new TestBatch({ scores: [1, 2], truth: [1, 4], output: [0, 0], label: [9, 9] });
    const { df } = values({ mae: new MAEMetricConfig({ predKey: "scores", labelKey: "truth" }) }, batch);
    expect(df[0]?.mae).toBe(1);
    expect(() => values({ mae: new MAEMetricConfig({ labelKey: null }) }, batch)).toThrow(/'labelKey'/);
    batch.dispose();
  });
});

describe("what is not defined (D17b)", () => {
  it("is NaN per sample and over all, and an empty cell", () => {
    using _scope = torch.scope();
    const batch = new TestBatch({ output: torch.zeros([2, 1, 2, 2]), label: torch.zeros([2, 1, 2, 2]) });
    const recall = new ConfusionMatrixMetricConfig({ metricName: "recall", computeSample: true });
    const handler = values({ recall }, batch);
    expect(handler.detailedDf.map((row) => row.recall)).toEqual([NaN, NaN]);
    expect(handler.getMetricValue("recall")).toBeNaN();
    const folder = mkdtempSync(join(tmpdir(), "metrics-"));
    handler.save(join(folder, "a.tsv"), join(folder, "d.tsv"));
    expect(readFileSync(join(folder, "d.tsv"), "utf8").split("\n")[1]).toBe("sub-000\tses-M000\t");
    rmSync(folder, { recursive: true });
    batch.dispose();
  });
  it("does not hide what is: one sample of two", () => {
    using _scope = torch.scope();
    const label = torch.tensor([[[0, 0]], [[1, 1]]]);
    const batch = new TestBatch({ output: torch.ones([2, 1, 2]), label });
    const recall = new ConfusionMatrixMetricConfig({ metricName: "recall", computeSample: true });
    const handler = values({ recall }, batch);
    expect(handler.detailedDf.map((row) => row.recall)).toEqual([NaN, 1]);
    expect(handler.getMetricValue("recall")).toBe(1);
    batch.dispose();
  });
});

/** The example of `Metric`. */
class Bias extends Metric<number> {
  readonly optimum = "min";
  protected override accumulate(batch: Batch): number[] {
    const difference = batch.getField("output").sub(batch.getField("label"));
    return [...(difference.flatten(1).mean([1]).toTypedArray() as Float32Array)];
  }
  protected override aggregateData(data: readonly number[]): number {
    return data.reduce((a, b) => a + b, 0) / data.length;
  }
}

describe("Metric", () => {
  it("gives the value of each sample, and of all since the last reset, holding no tensor", () => {
    const live = torch.memory.live().tensors;
    const bias = new Bias();
    expect(bias.aggregate()).toBeNaN();
    for (const shift of [1, 3]) {
      const batch = new TestBatch({ output: [[shift], [shift + 1]], label: [[0], [0]] });
      expect(bias.update(batch)).toEqual([shift, shift + 1]);
      batch.dispose();
    }
    expect(bias.aggregate()).toBe(2.5);
    bias.reset();
    expect(bias.aggregate()).toBeNaN();
    expect(torch.memory.live().tensors).toBe(live);
  });
});

describe("MetricsHandler", () => {
  it("brings batches to the CPU unless told otherwise", () => {
    using _scope = torch.scope();
    for (const metricsOnCpu of [true, false]) {
      const devices: unknown[] = [];
      const batch = Object.assign(new TestBatch({ output: [1], label: [0] }), {
        to: (options: { device: string }) => devices.push(options.device),
      });
      const handler = new MetricsHandler({ mae: new MAEMetricConfig(), metricsOnCpu });
      handler.initMetrics();
      handler.update(batch as unknown as TestBatch);
      expect(devices).toEqual(metricsOnCpu ? ["cpu"] : []);
      batch.dispose();
    }
  });
  it("must be initialised, with a model if it has losses", () => {
    const handler = new MetricsHandler({ loss: new LossMetricConfig() });
    expect(handler.metrics).toBeNull();
    using _scope = torch.scope();
    const batch = new TestBatch({ output: [1], label: [0] });
    expect(() => handler.update(batch)).toThrow(/initMetrics/);
    expect(() => handler.aggregate()).toThrow(/initMetrics/);
    expect(() => handler.initMetrics()).toThrow(/the model whose loss/);
    const bare = { getLossFunctions: () => ({ loss: (a: torch.Tensor) => a.sum() }) };
    expect(() => handler.initMetrics(bare)).toThrow(/'loss' has no 'reduction'/);
    handler.initMetrics(model);
    expect(handler.metrics?.loss?.optimum).toBe("min");
    batch.dispose();
  });
  it("has the values of an epoch, or the last", () => {
    const handler = new MetricsHandler({ mae: new MAEMetricConfig() });
    handler.initMetrics();
    expect(() => handler.getMetricValue("mae")).toThrow(/no value of the metric 'mae'/);
    for (const [epoch, output] of [
      [1, 3],
      [3, 5],
    ] as const) {
      using _scope = torch.scope();
      handler.reset();
      const batch = new TestBatch({ output: [output], label: [1] });
      handler.update(batch, epoch);
      handler.aggregate(epoch);
      batch.dispose();
    }
    expect(handler.getMetricValues()).toEqual([{ epoch: 3, mae: 4 }]);
    expect(handler.getMetricValues(1)).toEqual([{ epoch: 1, mae: 2 }]);
    expect(handler.getMetricValues(2)).toEqual([]);
    expect(handler.getDetailedMetricValues(3)).toHaveLength(1);
    expect(() => handler.checkMetricName("loss")).toThrow(ConfigError);
    handler.reset({ resetDf: true });
    expect([handler.df, handler.detailedDf]).toEqual([[], []]);
  });
  it("refuses names of columns, and what is no metric", () => {
    for (const name of ["epoch", "participant_id", "session_id"]) {
      expect(() => new MetricsHandler({ [name]: new MAEMetricConfig() })).toThrow(/column of the tables/);
    }
    expect(() => new MetricsHandler({ mae: 3 as never })).toThrow(/'mae' got 3/);
    expect(() => new MetricsHandler({ mae: { name_: "MAE" } })).toThrow(/'mae' got the name 'MAE'.*MAEMetric/);
    expect(() => new MetricsHandler({ metrics_on_cpu: true })).toThrow(/'metrics_on_cpu' got true/);
  });
  it("gives a subset of its own, and does not change with it (D51)", () => {
    const handler = new MetricsHandler({ mae: new MAEMetricConfig(), loss: new LossMetricConfig(), bias: new Bias() });
    handler.initMetrics(model);
    const subset = handler.subset(["bias", "mae"]);
    expect(subset.metricNames).toEqual(["mae", "bias"]);
    subset.removeMetrics("mae");
    subset.addMetrics({ auc: new ROCAUCMetricConfig() });
    expect([subset.metricNames, handler.metricNames]).toEqual([
      ["bias", "auc"],
      ["mae", "loss", "bias"],
    ]);
    expect(Object.keys(handler.metrics ?? {})).toEqual(["mae", "loss", "bias"]);
  });
  it("is read strictly, naming the metric that cannot be read", () => {
    const handler = new MetricsHandler({ mae: new MAEMetricConfig(), bias: new Bias(), metricsOnCpu: false });
    const dict = handler.toDict();
    expect(dict).toMatchObject({ name_: "MetricsHandler", metrics: { bias: "<Bias object>" }, metrics_on_cpu: false });
    const fails = (changed: JsonObject, given = {}): CannotReadFieldError => {
      try {
        MetricsHandler.fromDict(changed, given);
      } catch (error) {
        expect(error).toBeInstanceOf(CannotReadFieldError);
        return error as CannotReadFieldError;
      }
      throw new Error("it was read");
    };
    expect(fails(dict).fieldNames).toEqual(["bias"]);
    const damaged = { ...dict, metrics: { mae: { name_: "MAEMetric" } } };
    expect(fails(damaged).fieldNames).toEqual(["mae"]);
    expect(fails(damaged).message).toMatch(/'mae' cannot be read.*missing/);
    expect(fails({ ...dict, metrics: [] }).fieldNames).toEqual(["metrics"]);
    expect(fails({ ...dict, metrics_on_cpu: "yes" }, { bias: new Bias() }).fieldNames).toEqual(["metrics_on_cpu"]);
    expect(() => MetricsHandler.fromDict({ ...dict, epochs: 1 })).toThrow(WrongFieldsError);
    expect(() => MetricsHandler.fromDict({ metrics: {} })).toThrow(MissingFieldsError);
    expect(fails({ ...dict, name_: "Other" }).fieldNames).toEqual(["name_"]);
    const read = MetricsHandler.fromDict(dict, { bias: new Bias(), auc: new ROCAUCMetricConfig(), metricsOnCpu: true });
    expect([read.metricNames, read.metricsOnCpu]).toEqual([["mae", "bias", "auc"], true]);
    expect(MetricsHandler.fromDict(dict, { bias: new Bias() }).metricsOnCpu).toBe(false);

    const path = join(mkdtempSync(join(tmpdir(), "metrics-")), "metrics.json");
    saveConfig(handler, path);
    expect(loadConfig(MetricsHandler, path, { bias: new Bias() }).toDict()).toEqual(dict);
    expect(() => loadConfig(MetricsHandler, path)).toThrow(CannotReadJsonFieldError);
    rmSync(join(path, ".."), { recursive: true });
  });
});
