import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DetailTable } from "./detail-table.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "details-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const row = (epoch: number, sub: string, mae: number) => ({
  epoch,
  participant_id: sub,
  session_id: "ses-1",
  mae,
});
const first = [row(1, "sub-1", 0.5), row(1, "sub-2", Number.NaN)];
const second = [row(2, "sub-1", 0.25), row(2, "sub-2", 1)];

describe("the values per sample", () => {
  it("stay in memory, epoch after epoch", () => {
    const table = new DetailTable();
    table.add(first, 1);
    table.finish(1, ["mae"]);
    table.add(second, 2);
    expect(table.rows).toEqual([...first, ...second]);
    expect(table.of(2)).toEqual(second);
    expect(table.file).toBeNull();
  });

  it("are those of the last epoch, where a file has all", () => {
    const path = join(dir, "details.tsv");
    const table = new DetailTable();
    table.keepIn(path);
    for (const [epoch, rows] of [first, second].entries()) {
      table.add(rows, epoch + 1);
      table.finish(epoch + 1, ["mae"]);
    }
    expect(table.rows).toEqual(second);
    const header = "epoch\tparticipant_id\tsession_id\tmae";
    const lines = ["1\tsub-1\tses-1\t0.5", "1\tsub-2\tses-1\t", "2\tsub-1\tses-1\t0.25", "2\tsub-2\tses-1\t1.0"];
    expect(readFileSync(path, "utf8").trim().split("\n")).toEqual([header, ...lines]);

    const other = new DetailTable();
    other.keepIn(join(dir, "other.tsv"));
    other.load(path, 1, ["mae"]);
    expect(other.rows).toEqual(first);
    expect(readFileSync(join(dir, "other.tsv"), "utf8")).toBe(readFileSync(path, "utf8"));
    expect(() => other.load(path, 1, ["mae", "mse"])).toThrow(`${path} lacks the column(s) 'mse'.`);
    expect(other.rows).toEqual(first);
  });

  it("of one epoch are replaced by those of all processes, the others stay", () => {
    const table = new DetailTable();
    table.add(first, 1);
    table.add(second.slice(0, 1), 2);
    table.replace(2, second);
    expect(table.rows).toEqual([...first, ...second]);
    table.replace(null, second);
    expect(table.rows).toEqual(second);
  });
});
