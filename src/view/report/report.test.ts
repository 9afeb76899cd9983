import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { readTsv } from "../../io/tsv/index.ts";
import { makeMaps } from "../fixtures/maps.ts";
import { makeReport } from "./index.ts";

let dir = "";
let trained = "";
let maps = "";
beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "view-report-")));
  ({ maps: trained } = await makeMaps(dir));
});
beforeEach(() => {
  maps = join(dir, "copy");
  rmSync(maps, { recursive: true, force: true });
  cpSync(trained, maps, { recursive: true });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const inMaps = (...parts: string[]) => join(maps, ...parts);
/** Replaces a text in a file. */
function replace(file: string, from: string | RegExp, to: string): void {
  const before = readFileSync(file, "utf8");
  const after = before.replaceAll(new RegExp(from, "g"), () => to);
  expect(after).not.toBe(before);
  writeFileSync(file, after);
}

it("shows figures, tables and what it ran on, in one file that asks nothing of another host", () => {
  const { html } = makeReport([maps]);
  expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
  for (const title of [
    "Loss",
    "Validation auc",
    "ROC curve",
    "Confusion matrix",
    "Calibration",
    "Metrics over 2 folds",
  ]) {
    expect(html).toContain(`<title>${title}</title>`);
  }
  for (const shown of ["Worst cases of the group held", "Time and memory", "Where it ran", "num_epochs", "sub-003"]) {
    expect(html).toContain(shown);
  }
  expect(html).not.toMatch(/\b(?:src|href|srcset|action|data)=|url\(|@import|<(?:link|img|iframe|object|base)\b/);
  const [, policy = ""] = /Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];
  const [, script = ""] = /<script>([\s\S]*?)<\/script>/.exec(html) ?? [];
  expect(policy).toContain(`script-src &#39;sha256-${createHash("sha256").update(script).digest("base64")}&#39;`);
  expect(policy).toMatch(/^default-src &#39;none&#39;/);
  expect(makeReport([maps]).html).toBe(html);
});

it("takes no text of a file for marks", () => {
  const evil = '<script>alert(1)</script><img src=x onerror="alert(2)">';
  replace(
    inMaps("test/group-held/results/split-0/final/metrics/details.tsv"),
    "sub-000",
    `sub-${evil.replaceAll('"', "'")}`,
  );
  replace(inMaps("metrics.json"), '"accuracy": \\{', `"${evil.replaceAll('"', '\\"')}": {`);
  replace(inMaps("training/split-0/validation_metrics/aggregated.tsv"), "accuracy", "</title><b onclick=alert(3)>");
  replace(inMaps("env/environment.txt"), "# platform: .*", `# platform: </pre>${evil}`);
  writeFileSync(inMaps("training/split-1/warning.log"), `2026-11-23 06:58:26 - WARNING: </details>${evil}\n`);
  const { html } = makeReport([maps]);
  expect(html.match(/<script\b/g)).toHaveLength(1);
  expect(html).not.toMatch(/<img\b|<b\b/);
  expect(html.match(/&lt;script&gt;alert\(1\)/g)?.length).toBeGreaterThanOrEqual(4);
  // every figure and every part that was opened is closed
  for (const name of ["svg", "table", "details", "pre", "section", "figure"]) {
    const count = (mark: string) => html.split(mark).length;
    expect(count(`</${name}>`)).toBe(html.match(new RegExp(`<${name}\\b`, "g"))!.length + 1);
  }
});

it("has its tables whole, the worst case first", () => {
  const { tables } = makeReport([maps]);
  expect(tables.map(({ name }) => name)).toEqual([
    "splits",
    "folds",
    "folds-held",
    "cases-validation",
    "cases-held",
    "resources",
  ]);
  const named = (name: string) => tables.find((one) => one.name === name)!;
  const cases = named("cases-held");
  expect(cases.rows).toHaveLength(8);
  const errors = cases.rows.map(({ error }) => Number(error));
  expect(errors).toEqual(errors.toSorted((a, b) => b - a));
  for (const { error, label, output } of cases.rows) {
    const probability = 1 / (1 + Math.exp(-Number(output)));
    expect(error).toBeCloseTo(label === 1 ? 1 - probability : probability, 12);
  }
  const losses = named("cases-validation").rows.map(({ error, loss }) => [error, loss]);
  expect(losses.every(([error, loss]) => error === loss)).toBe(true);
  const [aggregated] = readTsv(inMaps("test/group-held/results/split-1/final/metrics/aggregated.tsv"));
  expect(named("folds-held").rows.find(({ metric }) => metric === "auc")?.["split 1"]).toBe(aggregated?.auc);
  expect(named("folds-held").columns).toContain("split 0 lower");
  expect(named("folds").columns).toEqual(["metric", "mean", "sd", "n", "split 0", "split 1"]);
  expect(named("splits").rows.map(({ state, epoch }) => [state, epoch])).toEqual([
    ["complete", 3],
    ["complete", 3],
  ]);
});

it("shows several side by side, with the options that differ", () => {
  const other = join(dir, "other");
  rmSync(other, { recursive: true, force: true });
  cpSync(trained, other, { recursive: true });
  const optimization = join(other, "training/optimization.json");
  writeFileSync(optimization, readFileSync(optimization, "utf8").replace('"num_epochs": 3', '"num_epochs": 7'));
  const { html, tables } = makeReport([maps, other]);
  expect(html).toContain("Side by side");
  const options = tables.find(({ name }) => name === "options");
  expect(options?.rows).toEqual([{ option: "optimization.num_epochs", copy: "3", other: "7" }]);
  const [loss] = tables.find(({ name }) => name === "comparison")?.rows ?? [];
  expect(loss).toMatchObject({
    metric: "loss",
    "other above the first": 0,
    "other sd above the first": 0,
    "copy n": 2,
  });
  expect(tables.map(({ name }) => name)).toContain("other-cases-held");
  expect(new Set(tables.map(({ name }) => name)).size).toBe(tables.length);
  expect(() => makeReport([maps, `${maps}/`])).toThrow(/is given twice/);
});

it("is made of a training that goes on, and of one of which little is left", () => {
  for (const part of ["models", "validation_metrics", ".clinicadl-ts/complete.json", "logs/computational.tsv"]) {
    rmSync(inMaps("training/split-1", part), { recursive: true });
  }
  const events = inMaps("training/split-1/.clinicadl-ts/events.jsonl");
  const lines = readFileSync(events, "utf8").split("\n");
  writeFileSync(
    events,
    lines
      .slice(
        0,
        lines.findIndex((line) => line.includes('"kind":"epoch","epoch":2')),
      )
      .join("\n"),
  );
  const { html, tables } = makeReport([maps]);
  expect(tables.find(({ name }) => name === "splits")?.rows[1]).toMatchObject({
    state: "running",
    epoch: 1,
    epochs: 3,
  });
  expect(html).toContain("Without split 1");
  for (const part of [
    "env",
    "test",
    "prediction",
    "metrics.json",
    "training/split-0/logs",
    "training/split-0/models",
  ]) {
    rmSync(inMaps(part), { recursive: true });
  }
  expect(makeReport([trained, maps]).html).toMatch(
    /Side by side[\s\S]*has no metrics of &#39;final&#39; on validation data/,
  );
  const bare = makeReport([maps]).html;
  expect(bare).toMatch(/There is no \S*environment\.txt/);
  expect(bare).toMatch(/There is no \S*metrics\.json/);
});
