import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { LoggerCallback } from "../callbacks/index.ts";
import { toyModel, toySplit } from "../train/fixtures/toy.ts";
import { Trainer } from "../train/index.ts";
import { makeMaps } from "../view/fixtures/maps.ts";

const clinicadl = (...args: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, "index.ts"), ...args], { encoding: "utf8" });

it("shows experiments side by side", async () => {
  const dir = mkdtempSync(join(tmpdir(), "cli compare-"));
  const callbacks = [new LoggerCallback({ progressBar: false })];
  {
    using trainer = new Trainer({ maps: join(dir, "a"), model: toyModel(), optimization: { numEpochs: 1 }, callbacks });
    await trainer.train(toySplit(), { computational: { gpu: false, seed: 1 } });
  }
  cpSync(join(dir, "a"), join(dir, "b"), { recursive: true });
  const table = join(dir, "b/training/split-0/models/final/validation_metrics/aggregated.tsv");
  const [head, values = ""] = readFileSync(table, "utf8").split("\n");
  const loss = Number(values.split("\t").at(-1));
  writeFileSync(table, `${head}\n${values.replace(/[^\t]*$/, String(loss + 0.5))}\n`);
  const model = join(dir, "b/model.json");
  writeFileSync(model, readFileSync(model, "utf8").replace('"lr": 0.01', '"lr": 0.02'));

  const { stdout, stderr, status } = clinicadl("compare", join(dir, "a"), join(dir, "b"));
  expect([status, stderr]).toEqual([0, ""]);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/));
  expect(lines[0]).toEqual(["metric", "a", "b", "b − a"]);
  expect(lines[1]?.at(-1)).toBe("0.5 (1)");
  expect(lines.slice(-2)).toEqual([
    ["option", "a", "b"],
    ["model.optimizer.lr", "0.01", "0.02"],
  ]);
  expect(JSON.parse(clinicadl("compare", "--json", join(dir, "a"), join(dir, "a")).stdout)).toMatchObject({
    options: [],
  });
  expect(clinicadl("compare", join(dir, "a"))).toMatchObject({
    status: 1,
    stderr: "clinicadl: Give at least two MAPS to compare.\n",
  });
  rmSync(dir, { recursive: true });
});

it("tests whether models that predicted the same people differ", async () => {
  const dir = mkdtempSync(join(tmpdir(), "cli compare-"));
  const { maps } = await makeMaps(dir);
  const other = join(dir, "other");
  cpSync(maps, other, { recursive: true });
  const arguments_ = ["compare", maps, other, "--group", "held"];
  const lines = clinicadl(...arguments_).stdout.split("\n");
  const tested = lines.filter((line) => line.startsWith("split-")).map((line) => line.split(/ {2,}/));
  expect(tested.map(([models, pair]) => [models, pair])).toEqual([
    ["split-0", "other − maps"],
    ["split-1", "other − maps"],
  ]);
  // the same models: no difference, of which the tests say that it is none
  expect(tested.map((words) => [words[4], words[6], words[7], words[8]])).toEqual([
    ["0", "1", "0, 0", "1"],
    ["0", "1", "0, 0", "1"],
  ]);
  const { tests } = JSON.parse(clinicadl(...arguments_, "--json").stdout);
  expect(tests).toHaveLength(2);
  expect(tests[0]).toMatchObject({ models: "split-0", experiment: 1, test: { value: { participants: 4 } } });
  rmSync(join(other, "prediction"), { recursive: true });
  expect(clinicadl(...arguments_).stdout).toContain("not tested: no models of both have predicted this group");
  rmSync(dir, { recursive: true });
});
