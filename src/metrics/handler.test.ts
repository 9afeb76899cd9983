import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readTsv } from "../io/tsv/index.ts";
import * as torch from "../torch/index.ts";
import type { PostprocessingHandler } from "../transforms/index.ts";
import { TestBatch } from "./fixtures/test-batch.ts";
import {
  ConfusionMatrixMetricConfig,
  LossMetricConfig,
  MAEMetricConfig,
  Metric,
  MetricsHandler,
  MSEMetricConfig,
} from "./index.ts";
import { postprocessingOf } from "./postprocessing.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "metrics-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

class Count extends Metric<number> {
  readonly optimum = "max";
  protected override accumulate(batch: { length: number }): number[] {
    return Array<number>(batch.length).fill(1);
  }
  protected override aggregateData(data: readonly number[]): number {
    return data.length;
  }
}

function evaluated(handler: MetricsHandler, epoch: number | null): void {
  using _scope = torch.scope();
  handler.reset();
  for (const [output, label] of [
    [
      [1, 0],
      [1, 1],
    ],
    [
      [0, 1],
      [1, 1],
    ],
  ] as const) {
    handler.update(new TestBatch({ output: [...output], label: [...label] }), epoch);
  }
  handler.aggregate(epoch);
}

describe("MetricsHandler", () => {
  it("fills the tables", () => {
    const handler = new MetricsHandler({
      mae: new MAEMetricConfig(),
      recall: { name_: "ConfusionMatrixMetric", metricName: "recall" },
    });
    expect(() => handler.aggregate()).toThrow(/initMetrics/);
    handler.initMetrics();
    evaluated(handler, 1);
    evaluated(handler, 2);
    expect(handler.df).toEqual([
      { epoch: 1, mae: 0.5, recall: 0.5 },
      { epoch: 2, mae: 0.5, recall: 0.5 },
    ]);
    expect(handler.detailedDf).toHaveLength(8);
    expect(handler.detailedDf[1]).toEqual({
      epoch: 1,
      participant_id: "sub-001",
      session_id: "ses-M000",
      mae: 1,
      recall: 0,
    });
    expect(handler.columns).toEqual(["epoch", "mae", "recall"]);
    expect(handler.detailedColumns).toEqual(["epoch", "participant_id", "session_id", "mae", "recall"]);
    expect(handler.getMetricValue("mae")).toBe(0.5);
    expect(handler.getMetricValue("mae", 1)).toBe(0.5);
    expect(() => handler.getMetricValue("mae", 7)).toThrow(/epoch 7/);
    expect(() => handler.getMetricValue("mea")).toThrow(/'mae', 'recall'/);
    expect(handler.getDetailedMetricValues(2)).toHaveLength(4);
  });
  it("adds, removes and selects metrics", () => {
    const handler = new MetricsHandler({ mae: new MAEMetricConfig(), n: new Count() });
    handler.initMetrics();
    evaluated(handler, null);
    expect(handler.df).toEqual([{ mae: 0.5, n: 4 }]);
    handler.addMetrics({ mse: new MSEMetricConfig() });
    expect(handler.df).toEqual([{ mae: 0.5, n: 4, mse: null }]);
    expect(() => handler.addMetrics({ mse: new MSEMetricConfig() })).toThrow(/already/);
    handler.removeMetrics("n");
    const subset = handler.subset(["mse"]);
    expect(subset.metricNames).toEqual(["mse"]);
    expect(subset.metrics).not.toBeNull();
    expect(handler.metricNames).toEqual(["mae", "mse"]);
    expect(() => handler.subset(["acc"])).toThrow(/acc/);
  });
  it("goes to JSON and back, but for metrics of one's own", () => {
    const handler = new MetricsHandler({ mae: new MAEMetricConfig(), n: new Count() });
    const dict = handler.toDict();
    expect(Object.keys(dict)).toEqual(["name_", "metrics", "metrics_on_cpu"]);
    expect(() => MetricsHandler.fromDict(dict)).toThrow(/'n'.*<Count object>/);
    expect(MetricsHandler.fromDict(dict, { n: new Count() }).metricNames).toEqual(["mae", "n"]);
    expect(() => MetricsHandler.fromDict({ name_: "MetricsHandler" })).toThrow(/metrics_on_cpu/);
  });
  it("saves, loads and merges tables", () => {
    const [path, details] = [join(dir, "aggregated.tsv"), join(dir, "details.tsv")];
    const options = { mae: new MAEMetricConfig(), ba: new ConfusionMatrixMetricConfig({ metricName: "ba" }) };
    const handler = new MetricsHandler(options);
    handler.initMetrics();
    handler.save(path, details);
    expect(readFileSync(path, "utf8").trim()).toBe("mae\tba");
    evaluated(handler, 1);
    handler.save(path, details);
    expect(readFileSync(details, "utf8").split("\n")[1]).toMatch(/^1\tsub-000\tses-M000\t0(\.0)?\t$/);
    const loaded = new MetricsHandler(options);
    loaded.load(path, details);
    expect(loaded.df).toEqual(handler.df);
    expect(loaded.detailedDf).toEqual(handler.detailedDf);

    const more = new MetricsHandler({ mse: new MSEMetricConfig() });
    more.initMetrics();
    evaluated(more, 1);
    more.merge(path, details);
    expect(readFileSync(path, "utf8").split("\n")[0]).toBe("epoch\tmae\tba\tmse");
    expect(readFileSync(details, "utf8").trim().split("\n")).toHaveLength(5);
    expect(() => new MetricsHandler({ acc: new MAEMetricConfig() }).load(path)).toThrow(/'acc'/);
  });
  describe("that keeps its details in a file", () => {
    const options = { mae: new MAEMetricConfig(), ba: new ConfusionMatrixMetricConfig({ metricName: "ba" }) };
    const kept = (name: string) => {
      const handler = new MetricsHandler(options);
      handler.initMetrics();
      handler.keepDetailsIn(join(dir, name));
      return handler;
    };
    const read = (name: string) => readFileSync(join(dir, name), "utf8");

    it("holds the rows of one epoch, however many there were, and saves those of all", () => {
      const whole = new MetricsHandler(options);
      whole.initMetrics();
      const handler = kept("kept.tsv");
      for (const [i, one] of [whole, handler].entries()) {
        one.save(join(dir, "a.tsv"), join(dir, `none-${i}.tsv`), { upTo: 0 });
        for (let epoch = 1; epoch <= 5; epoch++) evaluated(one, epoch);
        one.save(join(dir, "a.tsv"), join(dir, `all-${i}.tsv`));
      }
      expect(handler.detailedDf).toHaveLength(4);
      expect(handler.getDetailedMetricValues(5)).toEqual(whole.getDetailedMetricValues(5));
      expect([read("none-1.tsv"), read("all-1.tsv")]).toEqual([read("none-0.tsv"), read("all-0.tsv")]);
    });
    it("goes on from what was saved, with other metrics too", () => {
      const first = kept("first.tsv");
      for (const epoch of [1, 2]) evaluated(first, epoch);
      first.save(join(dir, "a.tsv"), join(dir, "details.tsv"));
      const other = kept("other.tsv");
      other.load(join(dir, "a.tsv"), join(dir, "details.tsv"));
      expect(other.detailedDf).toEqual(first.detailedDf);
      evaluated(other, 3);
      other.save(join(dir, "a.tsv"), join(dir, "details.tsv"));
      expect(read("details.tsv").trim().split("\n")).toHaveLength(13);
      other.removeMetrics("ba");
      other.addMetrics({ mse: new MSEMetricConfig() });
      other.save(join(dir, "a.tsv"), join(dir, "details.tsv"));
      expect(read("details.tsv").split("\n")[1]).toBe("1\tsub-000\tses-M000\t0.0\t");
      expect(() => kept("more.tsv").load(join(dir, "a.tsv"), join(dir, "details.tsv"))).toThrow(/'ba'/);
    });
    it("has none before the first evaluation, whatever was saved", () => {
      const handler = kept("kept.tsv");
      handler.save(join(dir, "a.tsv"), join(dir, "details.tsv"));
      handler.load(join(dir, "a.tsv"), join(dir, "details.tsv"));
      expect(handler.detailedDf).toEqual([]);
      evaluated(handler, 1);
      handler.save(join(dir, "a.tsv"), join(dir, "details.tsv"));
      expect(read("details.tsv").trim().split("\n")).toHaveLength(5);
    });
  });
  it("lets no metric change what the next one sees (D17)", () => {
    using _scope = torch.scope();
    const doubled = {
      transforms: ["twice"],
      batchApply(batch: TestBatch): TestBatch {
        batch.addField("output", batch.getField("output").mul(2));
        return batch;
      },
    } as unknown as PostprocessingHandler;
    const batch = new TestBatch({ output: [1, 2], label: [0, 0] });
    const copy = postprocessingOf(doubled).apply(batch);
    expect(copy.getField("output").toArray()).toEqual([2, 4]);
    expect(batch.getField("output").toArray()).toEqual([1, 2]);
  });
});

describe("tables, compared to the original", () => {
  const golden = JSON.parse(readFileSync(new URL("./golden/metrics.json", import.meta.url), "utf8")) as {
    readonly data: Record<string, { output: number[][]; label: number[][] }>;
    readonly tables: Record<string, readonly [aggregated: string, details: string]>;
  };
  const { output, label } = golden.data["binary-ties"]!;
  const model = { getLossFunctions: () => ({ loss: new torch.nn.BCEWithLogitsLoss() }) };
  const evaluate = (handler: MetricsHandler, epoch: number | null) => {
    using _scope = torch.scope();
    handler.reset();
    for (const [from, to] of [
      [0, 5],
      [5, 12],
    ] as const) {
      const batch = new TestBatch({ output: output.slice(from, to), label: label.slice(from, to) }, from);
      handler.update(batch, epoch);
      batch.dispose();
    }
    handler.aggregate(epoch);
  };
  const paths = () => [join(dir, "aggregated.tsv"), join(dir, "details.tsv")] as const;
  const written = () => paths().map((path) => readFileSync(path, "utf8"));
  /** The mean of single precision numbers depends on the order in which they are added. */
  const short = (texts: readonly string[]) =>
    texts.map((text) => text.replace(/\d+\.\d{9,}/g, (number) => Number(number).toPrecision(6)));
  it("are written byte for byte, whatever metrics come and go", () => {
    const handler = new MetricsHandler({ auc: { name_: "ROCAUCMetric" }, loss: new LossMetricConfig() });
    handler.initMetrics(model);
    const check = (name: string) => {
      handler.save(...paths());
      expect(short(written())).toEqual(short(golden.tables[name] ?? []));
    };
    check("none");
    evaluate(handler, 1);
    evaluate(handler, 2);
    check("epochs");
    handler.addMetrics({ mae: new MAEMetricConfig() });
    evaluate(handler, 3);
    check("more");
    const loaded = new MetricsHandler({ mae: new MAEMetricConfig(), auc: { name_: "ROCAUCMetric" } });
    loaded.load(...paths());
    expect(loaded.getMetricValue("mae", 1)).toBeNaN();
    handler.removeMetrics("loss");
    check("fewer");
  });
  it("are merged with those of another handler", () => {
    const handler = new MetricsHandler({ loss: new LossMetricConfig() });
    handler.initMetrics(model);
    evaluate(handler, null);
    handler.save(...paths());
    expect(short(written())).toEqual(short(golden.tables.test ?? []));
    const other = new MetricsHandler({ rmse: { name_: "RMSEMetric" } });
    other.initMetrics();
    evaluate(other, null);
    other.merge(...paths());
    expect(short(written())).toEqual(short(golden.tables.merged ?? []));
  });
  it("keep their columns when there were no rows yet", () => {
    const handler = new MetricsHandler({ loss: new LossMetricConfig(), auc: { name_: "ROCAUCMetric" } });
    handler.save(...paths());
    const other = new MetricsHandler({ mae: new MAEMetricConfig() });
    other.initMetrics();
    other.merge(...paths());
    expect(written()).toEqual(["loss\tauc\tmae\n", "participant_id\tsession_id\tloss\tauc\tmae\n"]);
    evaluate(other, null);
    other.merge(...paths());
    expect(readTsv(paths()[1])[0]).toEqual({
      participant_id: "sub-000",
      session_id: "ses-M000",
      loss: null,
      auc: null,
      mae: 1.5,
    });
  });
});
