import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CrossEntropyLossConfig, lossRegistry } from "../losses/index.ts";
import type { NestedArray } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { CONFUSION_MATRIX_NAMES } from "./confusion-matrix.ts";
import { TestBatch } from "./fixtures/test-batch.ts";
import {
  ConfusionMatrixMetricConfig,
  LossMetricConfig,
  MSEMetricConfig,
  metricRegistry,
  ROCAUCMetricConfig,
} from "./index.ts";
import { shortestFloat32 } from "./reduce.ts";

interface Case {
  readonly data: string;
  readonly config: JsonObject;
  readonly loss: JsonObject | null;
  readonly optimum: string;
  readonly samples: readonly (number | null)[];
  readonly aggregate: number | null;
}
const golden = JSON.parse(readFileSync(new URL("./golden/metrics.json", import.meta.url), "utf8")) as {
  readonly data: Record<string, { output: NestedArray[]; label: NestedArray[] }>;
  readonly cases: readonly Case[];
};

function expectClose(value: number, expected: number | null, what: string): void {
  if (expected === null) expect(value, what).toBeNaN();
  else
    expect(Math.abs(value - expected), `${what}: ${value} instead of ${expected}`).toBeLessThan(
      1e-5 * Math.max(1, Math.abs(expected)),
    );
}

describe("metrics, compared to the original", () => {
  for (const { data, config, loss, optimum, samples, aggregate } of golden.cases) {
    const name = `${config.name_} ${config.metric_name ?? config.average ?? ""} ${config.reduction ?? ""} ${loss === null ? "" : JSON.stringify(loss)} on ${data}`;
    it(name, () => {
      const { output, label } = golden.data[data]!;
      const half = Math.floor(output.length / 2);
      const live = torch.memory.live().tensors;
      const read = metricRegistry.get(String(config.name_))!.fromDict(config);
      expect(JSON.stringify(read.toDict())).toBe(JSON.stringify(config));
      expect(read.optimum()).toBe(optimum);
      const lossModule = loss === null ? null : lossRegistry.get(String(loss.name_))!.fromDict(loss).getObject();
      const metric = read.getObject(lossModule === null ? null : { getLossFunctions: () => ({ loss: lossModule }) });
      const values: number[] = [];
      for (const [from, to] of [
        [0, half],
        [half, output.length],
      ] as const) {
        const batch = new TestBatch({ output: output.slice(from, to), label: label.slice(from, to) });
        values.push(...metric.update(batch));
        batch.dispose();
      }
      for (const [i, value] of values.entries()) expectClose(value, samples[i] as number | null, `sample ${i}`);
      expectClose(metric.aggregate(), aggregate, "aggregate");
      metric.reset();
      expect(metric.aggregate()).toBeNaN();
      lossModule?.dispose();
      expect(torch.memory.live().tensors).toBe(live);
    });
  }
});

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
