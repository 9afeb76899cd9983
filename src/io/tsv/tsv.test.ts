import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { DataFrameError } from "../../utils/exceptions.ts";
import { forgetWarnings, receiveWarnings } from "../../utils/warnings.ts";
import {
  floatColumns,
  formatTsv,
  parseTsv,
  type Row,
  readParticipants,
  readTsv,
  readTsvColumns,
  writeTsv,
} from "./index.ts";

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

describe("files as they are", () => {
  const path = join(folder, "as-is.tsv");
  const write = (bytes: Uint8Array | string): string => {
    writeFileSync(path, bytes);
    return path;
  };
  const text = "participant_id\tsex\nsub-1\tMädchen\nsub-2\tJunge\n";
  const rows = [
    { participant_id: "sub-1", sex: "Mädchen" },
    { participant_id: "sub-2", sex: "Junge" },
  ];
  const utf16le = Buffer.from(`\uFEFF${text}`, "utf16le");

  it.each([
    ["UTF-8", Buffer.from(text)],
    ["UTF-8 with a byte order mark", Buffer.from(`\uFEFF${text}`)],
    ["UTF-16, little end first", utf16le],
    ["UTF-16, big end first", Buffer.from(utf16le).swap16()],
  ])("%s is read", (_, bytes) => {
    expect(readTsv(write(bytes))).toEqual(rows);
    expect(readTsvColumns(path)).toEqual(["participant_id", "sex"]);
  });

  it("another encoding is an error with file, line, byte and remedy, so that categories do not merge", () => {
    const latin1 = Buffer.from(text, "latin1");
    expect(() => readTsv(write(latin1))).toThrow(DataFrameError);
    expect(() => readTsv(path)).toThrow(
      /as-is\.tsv, line 2: the byte 0xe4 at offset 26 is not UTF-8\. Save the file as UTF-8, .*iconv -f latin1 -t utf-8/,
    );
    expect(latin1[26]).toBe(0xe4);
    expect(() => readTsvColumns(path)).toThrow(/line 2: the byte 0xe4/);
    // after a sign that stands for a damaged letter, and at the end of the file
    const cut = Buffer.concat([Buffer.from("a\r\n\uFFFD\r\n"), Buffer.from("é").subarray(0, 1)]);
    expect(() => readTsv(write(cut))).toThrow(/line 3: the byte 0xc3 at offset 8 /);
    expect(() => readTsv(write(utf16le.subarray(2)))).toThrow(
      /as-is\.tsv: the byte at offset 1 is 0x00, .*UTF-16 without/,
    );
    expect(() => readTsv(write(utf16le.subarray(0, 21)))).toThrow(/UTF-16LE, but not all of it is/);
  });

  it("a letter that another program lost already is a warning", () => {
    const said: string[] = [];
    forgetWarnings();
    receiveWarnings((message) => said.push(message));
    try {
      readTsv(write("a\tb\n1\tM\uFFFDdchen\n"));
    } finally {
      receiveWarnings((message) => process.stderr.write(message));
    }
    expect(said).toEqual([expect.stringMatching(/as-is\.tsv, line 2: there is the sign U\+FFFD/)]);
  });

  it("a quote that is never closed, or in a later row only, is an error with its line", () => {
    expect(() => parseTsv('a\tb\r\n1\tx\r\n2\t"y\r\n3\tz\r\n', "t")).toThrow(
      /^t, line 3: a cell begins with a quote that is never closed, .*: "\\"y\\r\\n3/,
    );
    expect(() => parseTsv('a\tb\n"x\nx"\t1\n\n"y\t2\n3\tz"\n4\t4\n', "t")).toThrow(
      /^t, line 5: a cell begins with a quote that is closed in a later row only/,
    );
    expect(parseTsv('a\tb\n"x\rx"\t1\n', "t")).toEqual([{ a: "x\rx", b: 1 }]);
  });

  it("a cell beyond the columns is an error with its line", () => {
    expect(() => parseTsv("a\tb\n1\t2\n\n1\t2\t3\n", "t")).toThrow(/^t, line 4: 3 cells, but there are 2 columns; "3"/);
  });

  it("integers are exact up to 2^53, and text beyond, alone or among fractions", () => {
    const big = "a\tb\tc\n9007199254740991\t9007199254740993\t1.5\n-16777217\t1\t9007199254740993\n";
    expect(parseTsv(big, "t")).toEqual([
      { a: 9007199254740991, b: "9007199254740993", c: "1.5" },
      { a: -16777217, b: "1", c: "9007199254740993" },
    ]);
    expect(formatTsv(parseTsv(big, "t"))).toBe(big);
  });

  it("participants and sessions stay text, whatever they look like", () => {
    const ids = "participant_id\tsession_id\n001\t007\n1e5\tNA\n";
    expect(parseTsv(ids, "t")).toEqual([
      { participant_id: "001", session_id: "007" },
      { participant_id: "1e5", session_id: "NA" },
    ]);
  });
});

describe("any table", () => {
  const cell = fc
    .string({ unit: fc.constantFrom("a", "é", '"', " ", ".", "1", "-", "\u2028") })
    .map((text) => `x${text}`);
  const table = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 });
  it("reads back as it was written", () => {
    const wild = fc.oneof(
      cell,
      fc.string({ unit: fc.constantFrom("x", '"', "\t") }),
      fc.string({ unit: fc.constantFrom("x", '"', "\r", "\n") }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(wild, wild), { minLength: 1 }), (cells) => {
        const rows = cells.map(([a, b], i): Row => ({ i, a: `x${a}`, b: `${b}x` }));
        expect(parseTsv(formatTsv(rows), "t")).toEqual(rows);
      }),
    );
  });
  it("is the same whatever its lines end with", () => {
    const ends = fc.array(fc.constantFrom("\n", "\r\n", "\r", "\n\n", "\r\r\n"), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(table, ends, (cells, lineEnds) => {
        const rows = cells.map(([a, b]): Row => ({ a, b }));
        let n = 0;
        const text = formatTsv(rows).replace(/\n/g, () => lineEnds[n++ % lineEnds.length] ?? "\n");
        expect(parseTsv(text, "t")).toEqual(rows);
      }),
    );
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
  it("refuses names with characters that are not seen, and shows them", () => {
    for (const id of ["sub-\u001b[31m1", "sub-1\u0085", "sub-\u202e1"]) {
      expect(() => readParticipants([{ participant_id: id, session_id: "ses-1" }])).toThrow(
        /row 1 has 'sub-.*\\(x1b|x85|u202e).*' as 'participant_id'/,
      );
    }
    expect(() => readParticipants(write('participant_id\tsession_id\nsub-1\t"ses-\n1"\n'))).toThrow(
      /row 1 has 'ses-\\n1' as 'session_id'/,
    );
  });
  it("takes a table without sessions for participants with one each, where that is asked for", () => {
    const path = write("participant_id\tage\n001\t60.0\n002\t61.0\n");
    const rows = readParticipants(path, { sessionsOptional: true });
    expect(rows[0]).toEqual({ participant_id: "001", age: 60, session_id: "ses-none" });
    expect([...floatColumns(rows)]).toEqual(["age"]);
    expect(() => readParticipants(path)).toThrow(/lacks the column 'session_id'/);
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

it("a pipe or a folder in the place of a table is an error, not a wait for ever", () => {
  const pipe = join(folder, "pipe.tsv");
  expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
  expect(() => readTsv(pipe)).toThrow(DataFrameError);
  expect(() => readTsv(pipe)).toThrow(/Cannot read the table .*pipe\.tsv is a pipe.*[^.]\.$/);
  expect(() => readTsv(folder)).toThrow(/is a folder/);
});
