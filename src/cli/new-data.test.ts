import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTsv } from "../io/tsv/index.ts";
import { makeCohort } from "../train/fixtures/cohort.ts";

const EXPERIMENT = `
maps: maps
dataset:
  bids: bids
  file_type: { suffix: T1w, data_type: anat }
  data: known.tsv
  columns: { label: { "0": 1, "1": 0 } }
  transforms: { augmentations: [{ name_: RandomNoise }] }
split: { make_kfold: { n_splits: 3 } }
train_loader: { batch_size: 4 }
model:
  network: { name_: CNN, in_shape: [1, 8, 8, 8], num_outputs: 1, conv_args: { channels: [2], padding: 1 } }
  loss: { name_: BCEWithLogitsLoss }
  optimizer: { name_: Adam, lr: 0.001 }
metrics: { loss: { name_: LossMetric } }
optimization: { num_epochs: 1 }
computational: { gpu: false, seed: 1 }
`;

let dir = "";
const cli = join(import.meta.dirname, "index.ts");
function run(...args: readonly string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: "utf8", cwd: dir });
  return { status, out: stdout, err: stderr };
}

/** Trained on nine of twelve participants. */
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "cli-new-data-"));
  const bids = makeCohort(dir, 12);
  mkdirSync(join(dir, "elsewhere"));
  makeCohort(join(dir, "elsewhere"), 12);
  const [head, ...rows] = readFileSync(join(bids, "labels.tsv"), "utf8").trimEnd().split("\n");
  writeFileSync(join(dir, "known.tsv"), [head, ...rows.slice(0, 9)].join("\n"));
  writeFileSync(join(dir, "new.tsv"), [head, ...rows.slice(9)].join("\n"));
  writeFileSync(join(dir, "experiment.yaml"), EXPERIMENT);
  const { status, err } = run("train", "experiment.yaml", "--folds", "0", "--quiet");
  expect(status, err).toBe(0);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("data that a MAPS does not know, from the shell", () => {
  it("are read as those of its experiment, and known from then on", () => {
    const checkpoint = ["--checkpoint", "split-0_final", "--group"];
    const unknown = run("test", "maps", ...checkpoint, "held");
    expect([unknown.status, unknown.err]).toEqual([1, expect.stringContaining("no test group 'held' yet")]);
    expect(unknown.err).toContain("--data");

    const tested = run("test", "maps", ...checkpoint, "held", "--data", "new.tsv", "--json");
    expect(tested.status, tested.err).toBe(0);
    expect(JSON.parse(tested.out)["split-0_final"].loss).toBeGreaterThan(0);
    const group = join(dir, "maps/test/group-held");
    const participants = readTsv(join(group, "data.tsv"));
    expect(participants.length).toBe(3);
    // labels are coded as they were for the training
    const { label } = JSON.parse(readFileSync(join(group, "dataset.json"), "utf8")).data;
    expect(Object.values(label)).toEqual(readTsv(join(dir, "new.tsv")).map((row) => 1 - Number(row.label)));

    const predicted = run("predict", "maps", ...checkpoint, "other", "--data", "new.tsv", "--bids", "elsewhere/bids");
    expect(predicted.status, predicted.err).toBe(0);
    const outputs = readTsv(join(predicted.out.trim(), "output.tsv"));
    expect(outputs.map((row) => row.participant_id)).toEqual(participants.map((row) => row.participant_id));
    const again = run("predict", "maps", ...checkpoint, "other", "--overwrite", "--bids", "elsewhere/bids");
    expect(again.status, again.err).toBe(0);
    expect(readTsv(join(predicted.out.trim(), "output.tsv"))).toEqual(outputs);
  });

  it("must be there, and be no data of the training; and the MAPS must say how they are read", () => {
    const test = (...args: string[]) =>
      run("test", "maps", "--checkpoint", "split-0_final", "--group", "x", ...args).err;
    expect(test("--data", "none.tsv")).toMatch(/none\.tsv: there is no such file/);
    expect(test("--data", "known.tsv")).toMatch(/are in the training or validation data/);
    rmSync(join(dir, "maps", "experiment.yaml"));
    expect(test("--data", "new.tsv")).toMatch(/was not trained by 'clinicadl train'/);
  });
});
