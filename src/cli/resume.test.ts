import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TrainingCheckpointCallback } from "../callbacks/index.ts";
import { cohortSplit, makeCohort } from "../train/fixtures/cohort.ts";
import { toyModel } from "../train/fixtures/toy.ts";
import { Trainer } from "../train/index.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "cli-resume-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const cli = join(import.meta.dirname, "index.ts");
const split = (maps: string) => join(dir, maps, "training/split-0");

it("goes on with a complete training up to more epochs, as if it had been asked for them at first", async () => {
  const bids = makeCohort(dir, 12);
  for (const [name, numEpochs] of [
    ["short", 2],
    ["long", 4],
  ] as const) {
    const callbacks = [new TrainingCheckpointCallback({ everyNEpochs: 3 })];
    using trainer = new Trainer({ maps: join(dir, name), model: toyModel(), optimization: { numEpochs }, callbacks });
    await trainer.train(cohortSplit(bids), { computational: { gpu: false, seed: 3 } });
  }
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [cli, "resume", join(dir, "short"), ...args], { encoding: "utf8" });
  expect(run("--split", "0").stderr).toMatch(/is complete: there is nothing to resume.*numEpochs/);
  expect(run("--split", "x").stderr).toMatch(/Give a number/);
  const { status, stdout, stderr } = run("--split", "0", "--num-epochs", "4", "--json");
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ maps: join(dir, "short"), folds: [{ split: 0, did: "resumed" }] });
  for (const file of ["models/final/model.pt", "logs/training_loss.tsv", "validation_metrics/details.tsv"]) {
    const [one, other] = ["short", "long"].map((maps) => readFileSync(join(split(maps), file)));
    expect(one?.equals(other ?? Buffer.of()), file).toBe(true);
  }
});
