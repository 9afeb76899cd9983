import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataLoader } from "../data/dataloader/index.ts";
import { BidsDataset } from "../data/datasets/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import { cohortSplit, makeCohort } from "../train/fixtures/cohort.ts";
import { toyModel } from "../train/fixtures/toy.ts";
import { Trainer } from "../train/index.ts";

let dir = "";
const cli = join(import.meta.dirname, "index.ts");
function run(...args: readonly string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" });
  return { status, out: stdout, err: stderr };
}

/** A MAPS with a test group and a prediction group; then the data are moved. */
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "cli-evaluate-"));
  const bids = makeCohort(dir, 12);
  mkdirSync(join(dir, "held"));
  const other = makeCohort(join(dir, "held"), 14);
  const labels = readFileSync(join(other, "labels.tsv"), "utf8").split("\n");
  writeFileSync(join(dir, "held.tsv"), [labels[0], ...labels.slice(13)].join("\n"));
  const dataset = new BidsDataset({
    bids: other,
    fileType: { suffix: "T1w", dataType: "anat" },
    data: join(dir, "held.tsv"),
    columns: ["label"],
  });
  const dataloader = new DataLoader(dataset, { batchSize: 1, shuffle: false });
  const metrics = { loss: new LossMetricConfig(), mae: new MAEMetricConfig() };
  using trainer = new Trainer({ maps: join(dir, "maps"), model: toyModel(), metrics, optimization: { numEpochs: 1 } });
  const computational = { gpu: false, seed: 3 };
  await trainer.train(cohortSplit(bids), { computational, metrics: ["loss"] });
  const known = { modelCheckpoint: "split-0_final", groupName: "held", dataloader, computational };
  await trainer.test(known);
  await trainer.predict(known);
  renameSync(bids, join(dir, "moved"));
  renameSync(other, join(dir, "held-moved"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("from the shell, on data that have moved", () => {
  const maps = () => join(dir, "maps");

  it("validate adds metrics to the tables, and prints them", () => {
    const without = run("validate", maps(), "--split", "0", "--metrics", "mae");
    expect(without.status).toBe(1);
    expect(without.err).toMatch(/^clinicadl: The dataset cannot be restored .*--bids PATH/);
    const { status, out, err } = run(
      "validate",
      maps(),
      "--split",
      "0",
      "--metrics",
      "mae",
      "--bids",
      join(dir, "moved"),
    );
    expect(status, err).toBe(0);
    expect(out).toMatch(/^final\nepoch\tloss\tmae\n/);
    expect(
      readFileSync(join(maps(), "training/split-0/models/final/validation_metrics/aggregated.tsv"), "utf8"),
    ).toContain("mae");
    expect(run("validate", maps(), "--split", "0", "--metrics", "none", "--bids", join(dir, "moved")).err).toMatch(
      /none/,
    );
    expect(run("validate", maps(), "--split", "0", "--checkpoint", "best-x").err).toMatch(/best-x.*final/);
  });

  it("test and predict take known groups", () => {
    const known = ["--checkpoint", "split-0_final", "--group", "held", "--no-gpu"];
    const bids = ["--bids", join(dir, "held-moved")];
    const output = join(maps(), "prediction/group-held/results/split-0/final");
    const before = readFileSync(join(output, "output.tsv"), "utf8");
    expect(run("test", maps(), ...known, ...bids).err).toMatch(/was tested on the group 'held' already/);
    rmSync(join(maps(), "test/group-held/results"), { recursive: true });
    const statistics = ["--intervals", "20", "--stratify", "label", "--groups", "label"];
    expect(run("test", maps(), ...known, ...bids, "--stratify", "label").err).toMatch(
      /for --intervals. Give that, too/,
    );
    const tested = run("test", maps(), ...known, ...bids, "--metrics", "mae", ...statistics);
    expect(tested.status, tested.err).toBe(0);
    expect(tested.out).toMatch(/^split-0_final\n(epoch\t)?mae\n/);
    const table = (name: string) => readTsv(join(maps(), `test/group-held/results/split-0/final/metrics/${name}.tsv`));
    expect(table("intervals")).toMatchObject([{ metric: "mae", n_resamples: 20, stratified_by: "label" }]);
    expect(table("groups").map(({ column, metric }) => `${column} ${metric}`)).toContain("label mae");
    expect(run("predict", maps(), ...known, ...bids).err).toMatch(/predictions .* already/);
    rmSync(join(maps(), "test/group-held/results"), { recursive: true });
    const asJson = JSON.parse(run("test", maps(), ...known, ...bids, "--metrics", "mae", "--json").out);
    expect(asJson["split-0_final"].mae).toBeCloseTo(Number(tested.out.trim().split(/\s/).at(-1)), 12);
    const predicted = run("predict", maps(), ...known, ...bids, "--overwrite");
    expect(predicted.status, predicted.err).toBe(0);
    expect(predicted.out).toBe(`${output}\n`);
    expect(readFileSync(join(output, "output.tsv"), "utf8")).toBe(before);
    const more = run("predict", maps(), ...known, ...bids, "--overwrite", "--include", "label");
    expect(more.status, more.err).toBe(0);
    expect(readFileSync(join(output, "output.tsv"), "utf8").split("\n")[0]?.split("\t")).toContain("label");
    const withMaps = run("predict", maps(), ...known, ...bids, "--overwrite", "--saliency", "input_x_gradient");
    expect(withMaps.status, withMaps.err).toBe(0);
    expect(readTsv(join(output, "output.tsv"))[0]?.saliency).toMatch(/^images\/.*_desc-saliency_T1w\.nii\.gz$/);
    expect(run("predict", maps(), ...known, "--saliency", "lime").err).toMatch(/gradient, input_x_gradient/);
    expect(run("predict", maps(), "--checkpoint", "split-0_final", "--group", "new").err).toMatch(
      /no prediction group 'new' yet/,
    );
    expect(run("test", maps(), "--group", "held").err).toMatch(/required option '--checkpoint/);
  });

  it("predict takes the models of several splits together", () => {
    const two = join(dir, "two");
    cpSync(maps(), two, { recursive: true });
    for (const folder of ["training/split", "training/data/train/split", "training/data/validation/split"]) {
      cpSync(join(two, `${folder}-0`), join(two, `${folder}-1`), { recursive: true });
    }
    const group = ["--group", "held", "--no-gpu", "--bids", join(dir, "held-moved"), "--ensemble", "1,0"];
    const { status, out, err } = run("predict", two, "--checkpoint", "final", ...group);
    expect(status, err).toBe(0);
    expect(out).toBe(`${join(two, "prediction/group-held/results/ensemble-0-1/final")}\n`);
    // of two models that are the same
    const values = (folder: string) => readTsv(join(folder, "output.tsv")).map(({ output }) => Number(output));
    const one = values(join(two, "prediction/group-held/results/split-0/final"));
    expect(one.length).toBeGreaterThan(0);
    for (const [i, value] of values(out.trim()).entries()) expect(value).toBeCloseTo(one[i] ?? Number.NaN, 6);
    expect(run("predict", two, "--checkpoint", "final", "--group", "held", "--ensemble", "a").err).toMatch(/as 0,2/);
  });

  it("summary shows metrics over splits, without the data", () => {
    const { out, err } = run("summary", maps(), "--group", "held");
    expect(out, err).toMatch(/^metric +mean +sd +n +split 0\n(\w+ +[\d.e-]+ +– +1 +[\d.e-]+\n)+$/);
    const intervals = join(maps(), "training/split-0/models/final/validation_metrics/intervals.tsv");
    writeFileSync(intervals, "metric\tvalue\tlower\tupper\tlevel\nloss\t1\t0.5\t1.25\t0.9\nmae\t1\t\t\t0.9\n");
    const { splits, metrics } = JSON.parse(run("summary", maps(), "--json").out);
    expect([splits, metrics[0].metric, metrics[0].n]).toEqual([[0], "loss", 1]);
    expect(metrics[0].intervals).toEqual([{ lower: 0.5, upper: 1.25, level: 0.9 }]);
    const table = readFileSync(join(maps(), "training/split-0/models/final/validation_metrics/aggregated.tsv"), "utf8");
    expect(metrics[0].mean).toBe(Number(table.split("\n")[1]?.split("\t")[1]));
    expect(run("summary", maps()).out).toMatch(
      /\nloss .* 1 +[\d.e-]+ \[0\.5, 1\.25\]\n(mae .* [\d.e-]+\n)?\[…\]: intervals of confidence, 90 %\n$/,
    );
    rmSync(intervals);
    expect(run("summary", maps(), "--checkpoint", "best-x").err).toMatch(/no metrics of 'best-x'.*split 0: .*final/);
    expect(run("summary", join(dir, "none")).status).toBe(1);
    const other = join(dir, "other");
    mkdirSync(other);
    expect(run("summary", other).err).toBe(
      `clinicadl: ${other} is no MAPS: it has no folder 'training' with a summary.log or model.json beside it. Give the directory that a training wrote.\n`,
    );
  });

  it("resume goes on where the data are now, and says the same command when it is interrupted", () => {
    const resumed = run(
      "resume",
      maps(),
      "--split",
      "0",
      "--num-epochs",
      "2",
      "--bids",
      join(dir, "moved"),
      "--no-gpu",
    );
    expect(resumed.status, resumed.err).toBe(0);
    expect(resumed.err).toMatch(/epoch 2\/2/);
  });

  it("calibrate fits a temperature and a threshold, which test and predict apply, and summary shows", () => {
    const bids = ["--bids", join(dir, "moved")];
    const { status, out, err } = run("calibrate", maps(), "--split", "0", "--checkpoint", "final", ...bids, "--json");
    expect(status, err).toBe(0);
    const { output } = JSON.parse(out).final;
    expect(output.temperature).toBeGreaterThan(0);
    const words = run("calibrate", maps(), "--split", "0", ...bids, "--no-temperature").out;
    expect(words).toMatch(
      /^final: output: threshold \S+ \(sensitivity .* on these data\), \d+ samples of \d+ participants\n$/,
    );
    const shown = run("summary", maps()).out;
    expect(shown).toContain(`split 0, calibrated: ${words.trimEnd().replace("final: ", "")}`);
    expect(JSON.parse(run("summary", maps(), "--json").out).calibrations[0].output.temperature).toBe(null);

    const known = [
      "--checkpoint",
      "split-0_final",
      "--group",
      "held",
      "--bids",
      join(dir, "held-moved"),
      "--calibrated",
    ];
    const predicted = run("predict", maps(), ...known, "--overwrite");
    expect(predicted.status, predicted.err).toBe(0);
    expect(Object.keys(readTsv(join(predicted.out.trim(), "output.tsv"))[0] ?? {})).toContain("output_decided");
    rmSync(join(maps(), "test/group-held/results/split-0/final"), { recursive: true });
    const tested = run("test", maps(), ...known);
    expect(tested.status, tested.err).toBe(0);
  });
});
