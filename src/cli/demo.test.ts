import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Trainer } from "../train/index.ts";
import { type DemoResult, demoTable, runDemo } from "./demo.ts";
import { generateCohort } from "./generate/index.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "clinicadl-demo-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it("trains every fold of a small cohort, and leaves a MAPS that opens", async () => {
  const said: string[] = [];
  const result: DemoResult = await runDemo(
    { output: folder, participants: 8, folds: 2, epochs: 1, seed: 42, workers: 1, permuteLabels: false },
    (line) => said.push(line),
  );
  expect(result.folds.map((fold) => fold.split)).toEqual([0, 1]);
  for (const fold of result.folds) {
    expect(fold.loss).toBeGreaterThan(0);
    for (const score of [fold.accuracy, fold.balancedAccuracy, fold.auc]) {
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
    }
  }
  expect(result.mean.loss).toBeCloseTo(((result.folds[0]?.loss ?? 0) + (result.folds[1]?.loss ?? 0)) / 2, 12);
  expect(demoTable(result).split("\n")).toHaveLength(4);
  expect(said.join("\n")).toContain("simulated");
  const trainer = await Trainer.fromMaps(result.maps);
  expect(trainer.optimization.numEpochs).toBe(1);
  trainer.dispose();
});

it("has an example that runs as it is", async () => {
  const here = join(folder, "example");
  await generateCohort({ output: join(here, "bids"), participants: 8 });
  const example = fileURLToPath(new URL("../../examples/train.ts", import.meta.url));
  await promisify(execFile)(process.execPath, [example], { cwd: here });
  for (const split of [0, 1, 2, 3]) {
    expect(existsSync(join(here, "maps", "training", `split-${split}`, "models", "final", "model.pt"))).toBe(true);
  }
});
