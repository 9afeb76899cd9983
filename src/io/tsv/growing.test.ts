import { createHash } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { GrowingTable } from "./growing.ts";
import type { Row } from "./types.ts";
import { formatTsv } from "./write.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "growing-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const columns = ["epoch", "participant_id", "mae"];
const floats = { floats: ["mae"] };
const rowsOf = (epoch: number, count = 3): Row[] =>
  Array.from({ length: count }, (_, i) => ({ epoch, participant_id: `sub-ü${i}`, mae: i === 1 ? null : i / 3 }));
const text = (...epochs: number[]) =>
  formatTsv(
    epochs.flatMap((epoch) => rowsOf(epoch)),
    columns,
    floats,
  );
const read = (name: string) => readFileSync(join(dir, name), "utf8");
const sumOf = (name: string) => ({
  size: statSync(join(dir, name)).size,
  sha256: createHash("sha256")
    .update(readFileSync(join(dir, name)))
    .digest("hex"),
});
const begin = (name = "deep/table.tsv") => new GrowingTable(join(dir, name), columns, floats);

it("has the text of a table that is written at once, and knows the checksum of each copy", () => {
  const table = begin();
  expect(table.copyTo(join(dir, "0.tsv"))).toEqual(sumOf("0.tsv"));
  for (const epoch of [1, 2]) {
    table.append(rowsOf(epoch));
    expect(table.copyTo(join(dir, `${epoch}.tsv`))).toEqual(sumOf(`${epoch}.tsv`));
  }
  expect([read("0.tsv"), read("1.tsv"), read("2.tsv")]).toEqual([text(), text(1), text(1, 2)]);
});

it("links to the copy before when no rows were added, and only then", () => {
  const table = begin();
  table.append(rowsOf(1));
  table.copyTo(join(dir, "1.tsv"), join(dir, "none.tsv"));
  table.copyTo(join(dir, "same.tsv"), join(dir, "1.tsv"));
  expect(statSync(join(dir, "same.tsv")).ino).toBe(statSync(join(dir, "1.tsv")).ino);
  table.append(rowsOf(2));
  table.copyTo(join(dir, "2.tsv"), join(dir, "same.tsv"));
  expect([read("same.tsv"), read("2.tsv")]).toEqual([text(1), text(1, 2)]);
});

it("goes on with a table that was written before, byte for byte", () => {
  // numbers as Python writes them are not rounded again
  writeFileSync(join(dir, "before.tsv"), "epoch\tparticipant_id\tmae\n1\tsub-1\t0.10000000149011612\n");
  const table = GrowingTable.from(join(dir, "table.tsv"), join(dir, "before.tsv"), columns, floats);
  table.append(rowsOf(2));
  expect(table.copyTo(join(dir, "copy.tsv"))).toEqual(sumOf("copy.tsv"));
  expect(read("copy.tsv")).toBe(read("before.tsv") + text(2).slice(text().length));
});

it.each([
  ["other columns", "epoch\tparticipant_id\tother\tmae\n1\tsub-1\t7\t0.5\n"],
  ["Windows' line ends", "epoch\tparticipant_id\tmae\r\n1\tsub-1\t0.5\r\n"],
  ["a last row without an end", "epoch\tparticipant_id\tmae\n1\tsub-1\t0.5"],
])("writes a table anew that has %s", (_, before) => {
  writeFileSync(join(dir, "before.tsv"), before);
  const table = GrowingTable.from(join(dir, "table.tsv"), join(dir, "before.tsv"), columns, floats);
  table.append([]);
  // a file of other bytes is not taken for the table, whatever its size
  expect(table.copyTo(join(dir, "copy.tsv"), join(dir, "before.tsv"))).toEqual(sumOf("copy.tsv"));
  expect(read("copy.tsv")).toBe("epoch\tparticipant_id\tmae\n1\tsub-1\t0.5\n");
});

it("gives the last rows, wherever they begin", () => {
  const table = begin();
  expect(table.lastRows(1)).toEqual([]);
  // more than the megabyte that is read at once
  table.append(rowsOf(1, 60_000));
  table.append(rowsOf(11, 30_000));
  table.append(rowsOf(12, 40_000));
  expect(table.lastRows(12)).toEqual(rowsOf(12, 40_000));
  expect(table.lastRows(2)).toEqual([]);
});

it("forgets what an addition that failed has left, and says when something else has changed the file", () => {
  const table = begin("table.tsv");
  appendFileSync(join(dir, "table.tsv"), "1\tsub-");
  expect(() => table.copyTo(join(dir, "copy.tsv"))).toThrow(/table\.tsv has \d+ bytes, \d+ were written/);
  table.append(rowsOf(1));
  table.copyTo(join(dir, "copy.tsv"));
  expect(read("copy.tsv")).toBe(text(1));
});
