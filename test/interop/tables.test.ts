import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finding } from "./finding.mjs";
import { compareTables } from "./tables.mjs";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "clinicadl-tables-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const RECORDED = "epoch\tparticipant_id\tloss\tauc\n1\tsub-1\t0.5\t\n1\tsub-2\t0.25\t\n2\tsub-1\t0.125\t1.0\n";

/** What is found between what was recorded and another table. */
function compared(text: string, options = {}): { largest: number; count: number } {
  const [a, b] = ["a.tsv", "b.tsv"].map((name) => join(folder, name)) as [string, string];
  writeFileSync(a, RECORDED);
  writeFileSync(b, text);
  return compareTables(a, b, options);
}

describe("comparing tables of a MAPS", () => {
  it("finds no difference where only the order and the spelling differ", () => {
    const text = "participant_id\tepoch\tauc\tloss\nsub-2\t1\t\t0.25\nsub-1\t2\t1\t0.1250\nsub-1\t1\t\t0.5\n";
    expect(compared(text)).toEqual({ largest: 0, count: 4 });
  });

  it("finds the largest difference, absolute or relative, of the rows asked for", () => {
    const text = RECORDED.replace("0.25", "0.3").replace("0.125", "0.12");
    expect(compared(text).largest).toBeCloseTo(0.05, 12);
    expect(compared(text, { relative: true }).largest).toBeCloseTo(0.05 / 0.3, 12);
    expect(compared(text, { keep: (row: { epoch: string }) => row.epoch === "2" }).largest).toBeCloseTo(0.005, 12);
  });

  it("has NaN infinitely far from every number", () => {
    expect(compared(RECORDED.replace("0.25\t", "0.25\t0.5")).largest).toBe(Number.POSITIVE_INFINITY);
    expect(compared(RECORDED.replace("1.0", "")).largest).toBe(Number.POSITIVE_INFINITY);
  });

  it("does not compare other rows, columns or participants", () => {
    expect(() => compared(RECORDED.replace("auc", "accuracy"))).toThrow(
      /columns: .*a.tsv has auc, .*b.tsv has accuracy/,
    );
    expect(() => compared(`${RECORDED}2\tsub-2\t0.5\t1\n`)).toThrow(/number of rows: .* has 3, .* has 4/);
    expect(() => compared(RECORDED.replace("sub-2", "sub-3"))).toThrow(/row: .* has 1 sub-2, .* has 1 sub-3/);
    expect(() => compared(RECORDED.replace("0.125\t1.0", "0.125"))).toThrow("a cell is missing");
  });
});

describe("a row of the table of findings", () => {
  const errands = (error: string | null) => ({ errorOf: () => error });
  const row = { direction: "here → there", operation: "test", tolerance: 1e-4, needs: [] };
  const ok = (compared: () => { largest: number; count: number }) =>
    finding("toy", { ...row, compared }, errands(null)).ok;

  it("is ok up to the tolerance, and not beyond it, without a number or without values", () => {
    expect(ok(() => ({ largest: 1e-4, count: 1 }))).toBe(true);
    expect(ok(() => ({ largest: 1.1e-4, count: 1 }))).toBe(false);
    expect(ok(() => ({ largest: Number.NaN, count: 1 }))).toBe(false);
    expect(ok(() => ({ largest: 0, count: 0 }))).toBe(false);
  });

  it("is not ok when what it needs failed, or it cannot be compared", () => {
    const never = () => {
      throw new Error("other rows");
    };
    expect(finding("toy", { ...row, compared: never }, errands(null))).toMatchObject({
      ok: false,
      error: "other rows",
    });
    const failed = finding("toy", { ...row, compared: () => ({ largest: 0, count: 1 }) }, errands("no such model"));
    expect(failed).toMatchObject({ ok: false, error: "no such model" });
  });
});
