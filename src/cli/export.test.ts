import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LoggerCallback } from "../callbacks/index.ts";
import { modelFromDict } from "../models/index.ts";
import * as torch from "../torch/index.ts";
import { cohortSplit, makeCohort } from "../train/fixtures/cohort.ts";
import { toyModel } from "../train/fixtures/toy.ts";
import { Trainer } from "../train/index.ts";

let dir = "";
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "cli export-"));
  const callbacks = [new LoggerCallback({ progressBar: false })];
  using trainer = new Trainer({
    maps: join(dir, "maps"),
    model: toyModel(),
    optimization: { numEpochs: 1 },
    callbacks,
  });
  await trainer.train(cohortSplit(makeCohort(dir, 12)), { computational: { gpu: false, seed: 1 } });
});
afterAll(() => rmSync(dir, { recursive: true }));

const clinicadl = (...args: string[]) => {
  const all = [join(import.meta.dirname, "index.ts"), "export", join(dir, "maps"), ...args];
  return spawnSync(process.execPath, all, { encoding: "utf8" });
};
const final = ["--checkpoint", "split-0_final"];

it("writes weights, options, transforms, a card and checksums, and names nobody", () => {
  const folder = join(dir, "a model");
  const { stdout, stderr, status } = clinicadl(...final, "--output", folder, "--name", "The toy");
  expect([status, stderr, stdout]).toEqual([0, "", `${folder}\n`]);
  const files = ["README.md", "SHA256SUMS", "config.json", "metrics.tsv", "model.safetensors", "preprocessing.json"];
  expect(readdirSync(folder).sort()).toEqual(files);
  for (const line of readFileSync(join(folder, "SHA256SUMS"), "utf8").trimEnd().split("\n")) {
    const [sum, file = ""] = line.split("  ");
    expect(
      createHash("sha256")
        .update(readFileSync(join(folder, file)))
        .digest("hex"),
      file,
    ).toBe(sum);
  }
  const card = readFileSync(join(folder, "README.md"), "utf8");
  expect(card).toContain("# The toy\n");
  expect(card).toContain("| trained on | 8 participants, 8 sessions |");
  expect(card).toMatch(/\| loss \| \d/);
  for (const file of files) {
    const text = readFileSync(join(folder, file), "latin1");
    expect(text, file).not.toContain("sub-0");
    expect(text, file).not.toContain(dir);
  }

  // as the card says
  using model = modelFromDict(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")));
  using _scope = torch.scope();
  model.loadWeights(join(folder, "model.safetensors"));
  const { tensors } = torch.loadSafetensors(join(folder, "model.safetensors"));
  const trained = torch.load(join(dir, "maps/training/split-0/models/final/model.pt")) as Map<string, torch.Tensor>;
  expect([...tensors.keys()].sort()).toEqual([...trained.keys()].sort());
  for (const [name, tensor] of trained) expect(tensors.get(name)?.equal(tensor), name).toBe(true);
});

it("replaces what it wrote when it is asked to, and nothing else", () => {
  const folder = join(dir, "twice");
  expect(clinicadl(...final, "--output", folder).status).toBe(0);
  expect(clinicadl(...final, "--output", folder).stderr).toMatch(/is there already/);
  expect(clinicadl(...final, "--output", folder, "--overwrite", "--json").stdout).toBe(
    `${JSON.stringify({ folder })}\n`,
  );
  const mine = join(dir, "mine");
  mkdirSync(mine);
  writeFileSync(join(mine, "thesis.tex"), "years of work");
  expect(clinicadl(...final, "--output", mine, "--overwrite").stderr).toMatch(/is no exported model/);
  expect(existsSync(join(mine, "thesis.tex"))).toBe(true);
  expect(clinicadl("--checkpoint", "split-0_best-auc", "--output", join(dir, "none")).stderr).toMatch(
    /split-0.*final/s,
  );
  expect(existsSync(join(dir, "none"))).toBe(false);
});
