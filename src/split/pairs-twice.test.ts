/** A pair that is in a table twice, as in that of a `ConcatDataset`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Row, readTsv } from "../io/tsv/index.ts";
import { makeKFold, makeSplit, reportSplits } from "./index.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pairs-twice-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const rows = Array.from({ length: 12 }, (_, i) => ({
  participant_id: `sub-${i}`,
  session_id: "ses-M000",
  diagnosis: i % 2 === 0 ? "CN" : "AD",
  age: 60 + i / 2,
}));
const bare = rows.map(({ participant_id, session_id }): Row => ({ participant_id, session_id }));
const options = () => ({ outputDir: dir, seed: 3, longitudinal: true });

describe("a pair that is there twice", () => {
  it("has the value that one of its rows has, whichever comes first", () => {
    const folds = [rows, [...rows, ...bare], [...bare, ...rows]].map((table) =>
      makeKFold(table, { ...options(), nSplits: 3, stratification: "diagnosis" }),
    );
    const tables = folds.map((folder) => readTsv(join(folder, "split-0", "train_baseline.tsv")));
    expect(tables[0]).toHaveLength(8);
    expect(tables.slice(1)).toEqual([tables[0], tables[0]]);
    const reports = folds.map((folder) => reportSplits(folder, [...bare, ...rows], { columns: ["diagnosis", "age"] }));
    expect(reports[0]?.rows.filter(({ statistic }) => statistic === "missing")).toEqual([]);
    expect(reports[0]?.rows.find(({ statistic }) => statistic === "sessions")).toMatchObject({ train: 8, other: 4 });
    expect(reports.slice(1)).toEqual([reports[0], reports[0]]);
  });
  it("is an error where its rows have several values, and that column counts", () => {
    const other = [...rows, ...rows.map((row) => ({ ...row, diagnosis: "MCI" }))];
    const several = /\(sub-0, ses-M000\) has several values in 'diagnosis': 'CN', 'MCI'/;
    expect(() => makeKFold(other, { ...options(), nSplits: 3, stratification: "diagnosis" })).toThrow(several);
    const folder = makeSplit(other, { ...options(), nTest: 4 });
    expect(() => reportSplits(folder, other, { columns: ["diagnosis"] })).toThrow(/has several values in 'diagnosis'/);
    expect(reportSplits(folder, other, { columns: ["age"] }).rows[0]).toMatchObject({ train: 8, other: 4 });
  });
});

it("a report takes the first session as people number them", () => {
  const sessions = rows.flatMap((row) => [
    { ...row, session_id: "ses-M6" },
    { ...row, session_id: "ses-M12", age: row.age + 100 },
  ]);
  const folder = makeSplit(sessions, { ...options(), nTest: 4 });
  const mean = reportSplits(folder, sessions, { columns: ["age"] }).rows.find(({ statistic }) => statistic === "mean");
  expect(mean?.train).toBeLessThan(70);
  expect(mean?.other).toBeLessThan(70);
});
