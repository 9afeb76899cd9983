import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DataFrameError } from "../../utils/exceptions.ts";
import { floatColumns, formatTsv, parseTsv, type Row, readParticipants, readTsv, writeTsv } from "./index.ts";

const golden = JSON.parse(readFileSync(new URL("./golden/tables.json", import.meta.url), "utf8")) as {
  text: string;
  rows: Row[];
  dtypes: Record<string, string>;
  written: string;
}[];
const folder = mkdtempSync(join(tmpdir(), "tsv-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("against pandas", () => {
  it.each(golden.map((g) => [g.text, g] as const))("%j", (text, expected) => {
    const rows = parseTsv(text, "table");
    const finite = (row: Row): Row =>
      Object.fromEntries(
        Object.entries(row).map(([k, v]) => [k, Number.isFinite(v) || typeof v !== "number" ? v : null]),
      );
    expect(rows.map(finite)).toEqual(expected.rows);
    expect([...floatColumns(rows)].sort()).toEqual(
      Object.keys(expected.dtypes)
        .filter((c) => expected.dtypes[c] === "float64")
        .sort(),
    );
    expect(formatTsv(rows)).toBe(expected.written);
  });
});

describe("writeTsv", () => {
  it("follows the columns asked for, and reads back", () => {
    const path = join(folder, "deep", "a.tsv");
    const rows: Row[] = [
      { epoch: 1, loss: 0.5, x: null },
      { epoch: 2, loss: 2, x: Number.NaN },
    ];
    writeTsv(path, rows, ["loss", "epoch"]);
    expect(readFileSync(path, "utf8")).toBe("loss\tepoch\n0.5\t1\n2.0\t2\n");
    writeTsv(path, [{ a: 1 }, { a: 2 }], ["a"], { floats: ["a"] });
    expect(readFileSync(path, "utf8")).toBe("a\n1.0\n2.0\n");
    writeTsv(path, [], ["a", "b"]);
    expect(readTsv(path)).toEqual([]);
    writeTsv(path, [{ a: null }]);
    expect(readFileSync(path, "utf8")).toBe('a\n""\n');
  });
});

describe("readParticipants", () => {
  const write = (text: string): string => {
    const path = join(folder, "p.tsv");
    writeFileSync(path, text);
    return path;
  };
  it("names the file and the columns found", () => {
    const path = write("subject\tsession_id\nsub-1\tses-1\n");
    expect(() => readParticipants(path)).toThrow(DataFrameError);
    expect(() => readParticipants(path)).toThrow(
      `${path} lacks the column 'participant_id'. It has: subject, session_id.`,
    );
  });
  it("refuses duplicates, missing names, empty tables and missing files", () => {
    expect(() => readParticipants(write("participant_id\tsession_id\nsub-1\tses-1\nsub-1\tses-1\n"))).toThrow(
      /twice: rows 1 and 2/,
    );
    expect(() => readParticipants(write("participant_id\tsession_id\nsub-1\t\n"))).toThrow(
      /row 1 has null as 'session_id'/,
    );
    expect(() => readParticipants(write("participant_id\tsession_id\n"))).toThrow(/has no rows/);
    expect(() => readParticipants(write(""))).toThrow(/is empty/);
    expect(() => readParticipants(join(folder, "none.tsv"))).toThrow(/there is no such file/);
  });
});
