import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readTsv } from "../io/tsv/index.ts";
import { makeMaps } from "../view/fixtures/maps.ts";
import { makeReport } from "../view/report/index.ts";

let dir = "";
let maps = "";
beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "cli-report-")));
  ({ maps } = await makeMaps(dir));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function report(...args: readonly string[]) {
  const cli = join(import.meta.dirname, "index.ts");
  return spawnSync(process.execPath, [cli, "report", ...args], { encoding: "utf8", cwd: dir });
}

it("writes the page, and its tables where they are asked for", () => {
  const { status, stdout, stderr } = report("maps", "--tables", "tables", "--json");
  expect(status, stderr).toBe(0);
  const { html, tables } = makeReport([maps]);
  const { files } = JSON.parse(stdout) as { files: string[] };
  expect(files).toEqual([join(dir, "report.html"), ...tables.map(({ name }) => join(dir, "tables", `${name}.tsv`))]);
  expect(readFileSync(join(dir, "report.html"), "utf8")).toBe(html);
  expect(readdirSync(join(dir, "tables"))).toHaveLength(tables.length);
  const cases = tables.find(({ name }) => name === "cases-held");
  expect(readTsv(join(dir, "tables", "cases-held.tsv"))).toEqual(
    cases?.rows.map((row) => Object.fromEntries(cases.columns.map((column) => [column, row[column] ?? null]))),
  );
});

it("replaces nothing unasked, and says what is no MAPS", () => {
  expect(report("maps", "--out", "once.html").stdout).toBe(`${join(dir, "once.html")}\n`);
  const again = report("maps", "--out", "once.html");
  expect([again.status, again.stderr]).toEqual([
    1,
    expect.stringMatching(/^clinicadl: .*once\.html exists\..*--overwrite/),
  ]);
  expect(report("maps", "--out", "once.html", "--overwrite").status).toBe(0);
  const none = report("none", "--out", "none.html");
  expect([none.status, none.stderr]).toEqual([1, expect.stringMatching(/none does not exist/)]);
  expect(readdirSync(dir)).not.toContain("none.html");
  expect(report("--help").stdout.split("\n").length).toBeLessThan(30);
});
