import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Row } from "../../io/tsv/index.ts";
import * as torch from "../../torch/index.ts";
import { TestBatch } from "../fixtures/test-batch.ts";
import {
  BalancedAccuracyMetricConfig,
  bootstrap,
  ConfusionMatrixMetricConfig,
  checkStatistics,
  groupTable,
  intervalTable,
  MAEMetricConfig,
  MetricsHandler,
  ownTables,
  replaceRows,
} from "../index.ts";

/** Four participants, of whom the first has two sessions, and each session two patches. */
const sessions = ["sub-1 a", "sub-1 b", "sub-2 a", "sub-3 a", "sub-4 a"];
const errors = [1, 3, 2, 2, 6, 4, 1, 1, 9, 9];
const data: Row[] = sessions.map((session, i) => {
  const [participant_id = "", session_id = ""] = session.split(" ");
  return { participant_id, session_id, sex: i < 3 ? "F" : "M", age: [50, 61, 70, null, 75][i] ?? null };
});

function evaluated() {
  using _scope = torch.scope();
  const metric = new MAEMetricConfig().getObject();
  using batch = new TestBatch({ output: errors.map((e) => [e]), label: errors.map(() => [0]) });
  metric.update(batch);
  const samples = data.flatMap(({ participant_id, session_id }) => [0, 1].map(() => ({ participant_id, session_id })));
  return { metrics: { mae: metric }, samples: samples as Row[], data };
}
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

it("draws participants with all that they have, not their sessions or patches", () => {
  const [row] = intervalTable(evaluated(), { n: 500, seed: 3 });
  const units = [errors.slice(0, 4), errors.slice(4, 6), errors.slice(6, 8), errors.slice(8)];
  const expected = bootstrap(units, (drawn) => Math.fround(mean(drawn.flat())), { n: 500, seed: 3 });
  expect(row).toEqual({
    ...{ metric: "mae", value: expected.value, lower: expected.lower, upper: expected.upper },
    ...{ level: 0.95, method: "bca", n_resamples: 500, n_defined: 500, seed: 3, stratified_by: null },
    ...{ n_participants: 4, n_samples: 10 },
  });
  // with all of a stratum alike, its draws are, too: F are sub-1 and sub-2, M sub-3 and sub-4
  const [stratified] = intervalTable(evaluated(), { n: 500, stratify: "sex", method: "percentile" });
  expect(stratified?.lower).toBeGreaterThanOrEqual(
    Math.fround(mean([...units.slice(0, 1).flat(), 1, 1, 1, 1].slice(0, 8))),
  );
  expect(stratified?.upper).toBeLessThanOrEqual(mean([5, 5, 9, 9]));
});

it("has the metrics of each group, and bands of numbers", () => {
  const rows = groupTable(evaluated(), ["sex", { column: "age", cuts: [75, 61] }], null);
  expect(rows).toEqual([
    { column: "sex", group: "F", metric: "mae", value: 3, n_participants: 2, n_samples: 6 },
    { column: "sex", group: "M", metric: "mae", value: 5, n_participants: 2, n_samples: 4 },
    { column: "age", group: "<61", metric: "mae", value: 2, n_participants: 1, n_samples: 2 },
    { column: "age", group: "[61, 75)", metric: "mae", value: 3.5, n_participants: 2, n_samples: 4 },
    { column: "age", group: ">=75", metric: "mae", value: 9, n_participants: 1, n_samples: 2 },
    { column: "age", group: "n/a", metric: "mae", value: 1, n_participants: 1, n_samples: 2 },
  ]);
  const [women] = groupTable(evaluated(), ["sex"], { n: 100, method: "percentile" });
  expect(women).toMatchObject({ value: 3, lower: 2, upper: 5, n_resamples: 100 });
});

it("counts NaN in a column as missing: in no band, no group and no stratum of its own", () => {
  const given = evaluated();
  const withNan = data.map((row) => ({ ...row, age: row.age ?? Number.NaN }));
  for (const by of ["age", { column: "age", cuts: [61, 75] }]) {
    expect(groupTable({ ...given, data: withNan }, [by], null)).toEqual(groupTable(given, [by], null));
  }
  const options = { n: 50, stratify: "age" };
  expect(intervalTable({ ...given, data: withNan }, options)).toEqual(intervalTable(given, options));
});

it("says at the start what is wrong", () => {
  const check = (options: object) => () => checkStatistics("test", data, options);
  expect(check({ groups: ["site"] })).toThrow(
    "test: 'groups': the data have no column 'site'. There are: participant_id, session_id, sex, age.",
  );
  expect(check({ groups: [{ column: "sex", cuts: [1] }] })).toThrow(/'sex' is 'F' for sub-1, a, which is no number/);
  expect(check({ groups: [{ column: "age", cuts: [] }] })).toThrow(/groups/);
  expect(check({ intervals: { stratify: "label" } })).toThrow(/no column 'label'/);
  expect(check({ intervals: { method: "bootstrap" } })).toThrow(/'intervals'.*method/s);
  expect(check({ intervals: {}, groups: ["sex"] })).not.toThrow();
});

it("counts what was decided for each label", () => {
  using _scope = torch.scope();
  const metrics = new MetricsHandler({
    three: new BalancedAccuracyMetricConfig(),
    one: new ConfusionMatrixMetricConfig({ predKey: "decided", labelKey: "truth", includeBackground: false }),
    mae: new MAEMetricConfig(),
  });
  metrics.initMetrics();
  const oneHot = [
    [0, 1],
    [1, 0],
    [0, 1],
  ];
  using batch = new TestBatch({
    output: [[0], [2], [2]],
    label: [[0], [2], [0]],
    decided: oneHot,
    truth: [...oneHot.slice(1), [0, 1]],
  });
  metrics.update(batch);
  const tables = ownTables(metrics.metrics ?? {});
  const cell = (metric: string, truth: number, predicted: number, n: number, of: number | null) => ({
    ...{ metric, class: of, label: truth, predicted, n },
  });
  expect(tables.get("confusion_matrix")).toEqual([
    cell("three", 0, 0, 1, null),
    cell("three", 0, 2, 1, null),
    cell("three", 2, 0, 0, null),
    cell("three", 2, 2, 1, null),
    cell("one", 0, 0, 0, 1),
    cell("one", 0, 1, 1, 1),
    cell("one", 1, 0, 1, 1),
    cell("one", 1, 1, 1, 1),
  ]);
  expect(tables.get("reliability")).toEqual([]);
});

it("replaces the rows of the same metrics in a file", () => {
  const dir = mkdtempSync(join(tmpdir(), "tables-"));
  try {
    const path = join(dir, "intervals.tsv");
    replaceRows(
      path,
      ["a", "b"],
      [
        { metric: "a", value: 1, n_samples: 2 },
        { metric: "b", value: Number.NaN, n_samples: 2 },
      ],
    );
    replaceRows(path, ["a"], [{ metric: "a", value: 0.5, n_samples: 3 }]);
    expect(readFileSync(path, "utf8")).toBe("metric\tvalue\tn_samples\nb\t\t2\na\t0.5\t3\n");
    replaceRows(path, ["a", "b"], []);
    expect(() => readFileSync(path)).toThrow(/ENOENT/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
