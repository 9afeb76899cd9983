import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readJson } from "../io/json/index.ts";
import type { Row } from "../io/tsv/index.ts";
import { ConfigError, DataFrameError } from "../utils/exceptions.ts";
import { snakeToCamel } from "../utils/names.ts";
import { naturalOrder } from "../utils/natural-order.ts";
import { RandomState } from "../utils/random/index.ts";
import { chiSquaredTest, tTest } from "../utils/stats/index.ts";
import { makeKFold } from "./make-kfold.ts";
import { makeSplit, NoSplitFoundError } from "./make-split.ts";
import { numpyArgsort } from "./sort-sessions.ts";

interface Golden {
  tables: Record<string, Row[]>;
  cases: {
    function: "make_kfold" | "make_split";
    table: string;
    options: Record<string, unknown>;
    folder: string;
    files: Record<string, string>;
  }[];
  numpy: { seed: number; random: number[]; permutation: number[]; after: number[] };
  tests: { test: "t" | "chi2"; a: number[]; b: number[]; p: number }[];
}
const golden: Golden = JSON.parse(readFileSync(new URL("./golden/splits.json", import.meta.url), "utf8"));

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "clinicadl-split-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const rows = (n: number): Row[] =>
  Array.from({ length: n }, (_, i) => ({
    participant_id: `sub-${i}`,
    session_id: "ses-M000",
    sex: i % 2 ? "F" : "M",
    age: 60 + i,
  }));

describe("as ClinicaDL does", () => {
  it.each(golden.cases.map((c) => [`${c.function} ${c.table} ${JSON.stringify(c.options)}`, c] as const))(
    "%s",
    (_, c) => {
      const options = Object.fromEntries(Object.entries(c.options).map(([k, v]) => [snakeToCamel(k), v]));
      const table = golden.tables[c.table]!;
      const make = c.function === "make_kfold" ? makeKFold : makeSplit;
      const path = make(table, { ...options, outputDir: dir });
      expect(basename(path)).toBe(c.folder);
      const files = readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((f) => f.isFile())
        .map((f) => join(f.parentPath, f.name).slice(path.length + 1))
        .sort();
      expect(files).toEqual(Object.keys(c.files).sort());
      for (const file of files) {
        const text = readFileSync(join(path, file), "utf8");
        if (file.endsWith(".json")) expect(JSON.parse(text)).toEqual(JSON.parse(c.files[file]!));
        else if (file.includes("stats")) expect(text.split("\n")[0]).toBe(c.files[file]!.split("\n")[0]);
        else expect(text).toBe(c.files[file]);
      }
    },
  );

  it("RandomState gives NumPy's stream", () => {
    const state = new RandomState(golden.numpy.seed);
    expect(golden.numpy.random.map(() => state.random())).toEqual(golden.numpy.random);
    expect(state.permutation(1000)).toEqual(golden.numpy.permutation);
    expect(golden.numpy.after.map(() => state.random())).toEqual(golden.numpy.after);
    expect(() => new RandomState(-1)).toThrow(/-1/);
  });

  it.each(golden.tests.map((t) => [t.test, t] as const))(
    "the p-value of the %s test is SciPy's",
    (_, { test, a, b, p }) => {
      const got = test === "t" ? tTest(a, b) : chiSquaredTest(a, b);
      expect(Math.abs(got - p)).toBeLessThanOrEqual(1e-10 * p);
    },
  );
});

it("numpyArgsort sorts, whatever the input", () => {
  const state = new RandomState(1);
  for (const n of [0, 1, 15, 16, 17, 500, 3000]) {
    const keys = Array.from({ length: n }, (_, i) =>
      n === 3000 ? `k${Math.abs(i - 1500)}` : `k${state.interval(20)}`,
    );
    const order = numpyArgsort(keys);
    expect(order.toSorted((a, b) => a - b)).toEqual(keys.map((_, i) => i));
    expect(order.map((i) => keys[i])).toEqual(keys.toSorted());
  }
});

describe("the baseline", () => {
  const baselineOf = (sessions: string[]): string[] => {
    const table = [1, 2, 3, 4].flatMap((i) =>
      sessions.map((session_id): Row => ({ participant_id: `sub-${i}`, session_id })),
    );
    const path = makeKFold(table, { nSplits: 2, seed: 1, outputDir: dir });
    const rows = readFileSync(join(path, "split-0", "train_baseline.tsv"), "utf8")
      .trim()
      .split("\n")
      .slice(1);
    return [...new Set(rows.map((row) => row.split("\t")[1]!))];
  };
  it.each([
    [["ses-M6", "ses-M12"], "ses-M6"],
    [["ses-10", "ses-2"], "ses-2"],
    [["ses-M12", "ses-M06", "ses-M0"], "ses-M0"],
    [["ses-M048", "ses-M12"], "ses-M12"],
    [["ses-M12", "ses-baseline"], "ses-baseline"],
    [["ses-m06", "ses-bl", "ses-1year"], "ses-bl"],
    [["ses-20240131", "ses-20231231"], "ses-20231231"],
    [["ses-2b", "ses-2a", "ses-10"], "ses-2a"],
  ])("of %j is %s, as people number sessions", (sessions, first) => {
    expect(baselineOf(sessions)).toEqual([first]);
    expect(baselineOf(sessions.toReversed())).toEqual([first]);
  });
  it("puts names that differ in zeros only in the order of text, whatever the order of rows", () => {
    expect(baselineOf(["ses-M6", "ses-M06"])).toEqual(["ses-M06"]);
    expect(["b", "a", "10", "9", "9a", "", "A"].sort(naturalOrder)).toEqual(["", "9", "9a", "10", "A", "a", "b"]);
  });
  it("of a table without sessions is the one that each participant has", () => {
    const path = makeKFold([{ participant_id: "sub-1" }, { participant_id: "sub-2" }], {
      nSplits: 2,
      seed: 1,
      outputDir: dir,
    });
    expect(readFileSync(join(path, "split-0", "train.tsv"), "utf8")).toMatch(
      /^participant_id\tsession_id\nsub-\d\tses-none\n$/,
    );
  });
});

describe("makeKFold", () => {
  it("keeps a participant on one side", () => {
    const table = rows(11).flatMap((row) => [row, { ...row, session_id: "ses-M012" }]);
    const path = makeKFold(table, { nSplits: 3, outputDir: dir, seed: 1, longitudinal: true });
    const read = (i: number, file: string): Set<string> =>
      new Set(
        readFileSync(join(path, `split-${i}`, file), "utf8")
          .trim()
          .split("\n")
          .slice(1)
          .map((l) => l.split("\t")[0]!),
      );
    for (let i = 0; i < 3; i++) {
      expect(read(i, "train.tsv").intersection(read(i, "validation.tsv")).size).toBe(0);
      expect(read(i, "train.tsv").union(read(i, "validation.tsv")).size).toBe(11);
    }
  });

  it("leaves nothing behind when there are too many folds", () => {
    expect(() => makeKFold(rows(5), { nSplits: 50, outputDir: dir })).toThrow(/50.*5 participants/);
    expect(() => makeKFold(rows(5), { nSplits: 4, outputDir: dir, stratification: true })).toThrow(ConfigError);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("numbers the folder when it is taken, and records a drawn seed", () => {
    const paths = [1, 2, 3].map(() => makeKFold(rows(8), { nSplits: 2, outputDir: dir }));
    expect(paths.map((p) => basename(p))).toEqual(["2_fold", "2_fold_2", "2_fold_3"]);
    const seeds = paths.map((p) => readJson(join(p, "kfold_config.json")).seed);
    expect(seeds.every((seed) => Number.isInteger(seed))).toBe(true);
    expect(new Set(seeds).size).toBe(3);
    const again = makeKFold(rows(8), { nSplits: 2, outputDir: dir, seed: seeds[0] as number });
    const file = join("split-1", "train.tsv");
    expect(readFileSync(join(again, file), "utf8")).toBe(readFileSync(join(paths[0]!, file), "utf8"));
  });

  it("refuses what it cannot stratify on", () => {
    expect(() => makeKFold(rows(8), { outputDir: dir, stratification: "age" })).toThrow(/continuous/);
    expect(() => makeKFold(rows(8), { outputDir: dir, stratification: "sexe" })).toThrow(/'sexe'.*sex/);
    expect(() => makeKFold(rows(8), { nSplits: 2, outputDir: dir, stratifcation: true } as never)).toThrow(
      /stratifcation/,
    );
    expect(() => makeKFold(rows(8), {})).toThrow(/outputDir/);
    const gap = rows(8).map((row, i) => (i === 3 ? { ...row, sex: null } : row));
    expect(() => makeKFold(gap, { nSplits: 2, outputDir: dir, stratification: true })).toThrow(DataFrameError);
    expect(() => makeKFold(rows(8), { nSplits: 2, outputDir: dir, subsetName: "train" })).toThrow(/subsetName/);
  });
});

it("makeSplit refuses thresholds and numbers that are none", () => {
  for (const options of [
    { pCategoricalThreshold: 1.5 },
    { pContinuousThreshold: -0.1 },
    { nTest: -1 },
    { nTest: 9 },
    { nTryMax: 0 },
    { seed: -1 },
    { seed: 2 ** 32 },
    { stratification: ["weight"] },
  ]) {
    expect(() => makeSplit(rows(9), { outputDir: dir, ...options })).toThrow(
      new RegExp(`'${Object.keys(options)[0]}'|'weight'`),
    );
  }
  expect(() => makeSplit(rows(9), {})).toThrow(/outputDir/);
  expect(readdirSync(dir)).toEqual([]);
});

describe("makeSplit", () => {
  it("tests counts, so that a large uneven split is refused (D-split)", () => {
    expect(chiSquaredTest([5, 5], [3, 7])).toBeCloseTo(0.1675, 3);
    expect(chiSquaredTest([500, 500], [300, 700])).toBeLessThan(1e-40);
    const path = makeSplit(rows(200), {
      outputDir: dir,
      stratification: ["sex"],
      seed: 0,
      nTest: 0.5,
      pCategoricalThreshold: 0.9,
    });
    const [, fProportion] = readFileSync(join(path, "split_categorical_stats.tsv"), "utf8").split("\n");
    const [label, , statistic, train, test] = fProportion!.split("\t");
    expect([label, statistic]).toEqual(["sex", "proportion"]);
    expect(Math.abs(Number(train) - Number(test))).toBeLessThan(0.02);
  });

  it("says so when no split is even enough, and leaves nothing behind", () => {
    expect(() =>
      makeSplit(rows(9), { outputDir: dir, stratification: ["sex"], nTest: 3, pCategoricalThreshold: 1, nTryMax: 20 }),
    ).toThrow(NoSplitFoundError);
    expect(() => makeSplit(rows(9), { outputDir: dir, nTest: 9 })).toThrow(/9 participants/);
    expect(readdirSync(dir)).toEqual([]);
  });
});
