import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readTsv, writeTsv } from "../../io/tsv/index.ts";
import { makeMaps } from "../fixtures/maps.ts";
import {
  findImages,
  type Part,
  readConfiguration,
  readContents,
  readCurves,
  readEnvironment,
  readEvaluation,
  readFolds,
  readLogs,
  readResources,
  readStatus,
  readTask,
  readWarnings,
} from "./index.ts";

let dir = "";
let trained = "";
let bids = "";
let maps = "";
beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "view-read-")));
  const made = await makeMaps(dir);
  trained = made.maps;
  bids = made.bids;
});
beforeEach(() => {
  maps = join(dir, "copy");
  rmSync(maps, { recursive: true, force: true });
  cpSync(trained, maps, { recursive: true });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function value<T>(part: Part<T>): T {
  if (part.found) return part.value;
  throw new Error(part.reason);
}
const reason = (part: Part<unknown>) => (part.found ? "it is there" : part.reason);
const inMaps = (...parts: string[]) => join(maps, ...parts);

describe("a finished MAPS", () => {
  it("says what it holds", () => {
    const { name, splits, tests, predictions } = readContents(maps);
    expect(name).toBe("copy");
    expect(splits.map(({ index, status, checkpoints }) => [index, status.state, status.epoch, checkpoints])).toEqual([
      [0, "complete", 3, ["final"]],
      [1, "complete", 3, ["final"]],
    ]);
    const results = [0, 1].map((models) => ({ models, name: `split-${models}`, checkpoint: "final" }));
    expect(tests).toEqual([{ name: "held", results }]);
    expect(predictions).toEqual([{ name: "held", results }]);
    expect(() => readContents(join(dir, "none"))).toThrow(/none does not exist/);
    expect(() => readContents(bids)).toThrow(/is no MAPS/);
  });

  it("has curves, whose places are in epochs", () => {
    const { losses, epochLosses, metrics, learningRates, gradientNorms } = readCurves(maps, 1);
    const rows = readTsv(inMaps("training/split-1/logs/training_loss.tsv"));
    expect(value(losses)).toEqual([
      {
        name: "loss",
        x: [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3],
        y: rows.map((row) => row.loss),
      },
    ]);
    const first = rows.slice(0, 4).map((row) => Number(row.loss));
    expect(value(epochLosses)[0]?.x).toEqual([1, 2, 3]);
    expect(value(epochLosses)[0]?.y[0]).toBeCloseTo(first.reduce((a, b) => a + b) / 4, 6);
    const table = readTsv(inMaps("training/split-1/validation_metrics/aggregated.tsv"));
    expect(value(metrics)).toEqual(
      ["loss", "auc", "accuracy"].map((name) => ({ name, x: [1, 2, 3], y: table.map((row) => row[name] ?? null) })),
    );
    expect(value(learningRates).map(({ name, y }) => [name, new Set(y)])).toEqual([["optimizer", new Set([0.01])]]);
    const norms = readTsv(inMaps("training/split-1/logs/gradient_norm.tsv")).map((row) => row.gradient_norm);
    expect(value(gradientNorms).map(({ name, y }) => [name, y])).toEqual([["gradient_norm", norms]]);
  });

  it("has the table of folds, with intervals where they were asked for", () => {
    const { splits, metrics } = value(readFolds(maps, { group: "held" }));
    expect(splits).toEqual([0, 1]);
    const values = splits.map((split) =>
      Number(readTsv(inMaps(`test/group-held/results/split-${split}/final/metrics/aggregated.tsv`))[0]?.loss),
    );
    const [a = 0, b = 0] = values;
    const loss = metrics.find(({ metric }) => metric === "loss");
    expect(loss?.values).toEqual(values);
    expect(loss?.mean).toBeCloseTo((a + b) / 2, 12);
    expect(loss?.sd).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 12);
    const [interval] = readTsv(inMaps("test/group-held/results/split-0/final/metrics/intervals.tsv"));
    expect(loss?.intervals[0]).toEqual({ lower: interval?.lower, upper: interval?.upper, level: 0.95 });
    expect(value(readFolds(maps)).metrics[0]?.intervals).toEqual([null, null]);
    expect(reason(readFolds(maps, { checkpoint: "best-x" }))).toMatch(/no metrics of 'best-x'.*final/s);
  });

  it("has the outputs of each participant, with label, probability and metrics", () => {
    const { samples, task, metrics, intervals, tables, missing } = value(
      readEvaluation(maps, { models: 0, checkpoint: "final", group: "held" }),
    );
    expect(task).toEqual({ kind: "classes", labelKey: "label", outputName: "output", activation: "sigmoid" });
    const outputs = readTsv(inMaps("prediction/group-held/results/split-0/final/output.tsv"));
    const details = readTsv(inMaps("test/group-held/results/split-0/final/metrics/details.tsv"));
    expect(samples).toEqual(
      outputs.map((row, i) => ({
        participant: `sub-00${i}`,
        session: "ses-M000",
        position: null,
        label: i % 2,
        outputs: [row.output],
        probabilities: [1 / (1 + Math.exp(-Number(row.output)))],
        metrics: { loss: details[i]?.loss, auc: null, accuracy: details[i]?.accuracy },
      })),
    );
    expect(metrics.loss).toBe(readTsv(inMaps("test/group-held/results/split-0/final/metrics/aggregated.tsv"))[0]?.loss);
    expect(Object.keys(intervals)).toContain("loss");
    expect(tables.confusion_matrix?.reduce((sum, { n }) => sum + Number(n), 0)).toBe(4);
    expect(missing).toEqual([]);
  });

  it("has validation data with labels of the dataset, and no outputs", () => {
    const { samples } = value(readEvaluation(maps, { models: 1, checkpoint: "final", group: null }));
    expect(samples.map(({ participant, label, outputs }) => [participant, label, outputs])).toEqual([
      ["sub-008", 0, []],
      ["sub-009", 1, []],
      ["sub-010", 0, []],
      ["sub-011", 1, []],
    ]);
  });

  it("finds the image of a participant, also where the dataset has moved", () => {
    const image = (finder: ReturnType<typeof findImages>) => value(value(finder).pathOf("sub-002", "ses-M000"));
    const file = "sub-002/ses-M000/anat/sub-002_ses-M000_T1w.nii.gz";
    expect(image(findImages(maps, { models: 0, group: "held" }))).toBe(join(bids, file));
    const moved = join(dir, "moved");
    cpSync(bids, moved, { recursive: true });
    expect(image(findImages(maps, { models: 0, group: null }, { bids: moved }))).toBe(join(moved, file));
    const none = findImages(maps, { models: 0, group: "held" }, { bids: join(dir, "none") });
    expect(reason(none)).toMatch(/there is no folder.*none/);
    expect(reason(value(findImages(maps, { models: 0, group: "held" })).pathOf("sub-999", "ses-M000"))).toMatch(
      /sub-999/,
    );
  });

  it("says what it ran on, and with which configuration", () => {
    const { facts, packages } = value(readEnvironment(maps));
    expect(new Map(facts).get("node_version")).toBe(process.versions.node);
    expect(packages.some((name) => name.startsWith("clinicadl@"))).toBe(true);
    const { model, optimization, computational, experiment } = readConfiguration(maps);
    expect(value(model)).toMatchObject({ name_: "SupervisedModel", label_key: "label" });
    expect(value(optimization)).toMatchObject({ num_epochs: 3 });
    expect(computational.map(({ split, value: one }) => [split, value(one)])).toMatchObject([
      [0, { seed: 3 }],
      [1, { seed: 3 }],
    ]);
    expect(reason(experiment)).toMatch(/^There is no .*experiment\.yaml\.$/);
  });

  it("says where time went, and what was logged", () => {
    const { phases, notes } = readResources(maps, 0);
    const forward = value(phases).find(({ phase }) => phase === "Forward");
    const table = readTsv(inMaps("training/split-0/logs/computational.tsv"));
    const times = table.flatMap((row) => (typeof row["Forward (s)"] === "number" ? row["Forward (s)"] : []));
    expect(forward?.time.n).toBe(times.length);
    expect(forward?.time.mean).toBeCloseTo(times.reduce((a, b) => a + b, 0) / times.length, 12);
    expect(forward?.gpuTime).toEqual({ mean: null, sd: null, n: 0 });
    expect(notes.map((note) => note.split(": ")[0])).toEqual([
      ...["Throughput of training", "Throughput of validation", "Peak memory"],
    ]);
    const messages = readLogs(maps).flatMap((log) => value(log.messages));
    expect(messages.filter(({ text }) => text === "Beginning of epoch 1")).toHaveLength(2);
    appendFileSync(
      inMaps("training/split-0/warning.log"),
      "2026-11-23 06:58:26 - WARNING: one thing\nAND\nanother\n2026-11-23 06:58:27 - WARNING: a second\n",
    );
    expect(readWarnings(maps)).toContainEqual({
      file: join("training", "split-0", "warning.log"),
      messages: {
        found: true,
        value: [
          { time: "2026-11-23 06:58:26", level: "WARNING", text: "one thing\nAND\nanother" },
          { time: "2026-11-23 06:58:27", level: "WARNING", text: "a second" },
        ],
      },
    });
  });

  it("is plain values: JSON holds all of it", () => {
    const all = [
      readContents(maps),
      readCurves(maps, 0),
      readFolds(maps),
      readEvaluation(maps, { models: 0, checkpoint: "final", group: "held" }),
      readConfiguration(maps),
      readEnvironment(maps),
      readResources(maps, 0),
      readWarnings(maps),
    ];
    expect(JSON.parse(JSON.stringify(all))).toEqual(all);
  });
});

describe("a MAPS that is not whole", () => {
  it("has the same curves while it is written: from its events", () => {
    const whole = readCurves(maps, 0);
    for (const part of ["logs", "validation_metrics", "models", "tmp", ".clinicadl-ts/complete.json"]) {
      rmSync(inMaps("training/split-0", part), { recursive: true, force: true });
    }
    const path = inMaps("training/split-0/.clinicadl-ts/events.jsonl");
    const lines = readFileSync(path, "utf8").split("\n");
    const end = lines.findIndex((line) => line.includes('"kind":"epoch","epoch":3'));
    writeFileSync(path, `${lines.slice(0, end).join("\n")}\n{"n":50,"ti`);
    const curves = readCurves(maps, 0);
    expect(value(curves.losses)).toEqual(value(whole.losses));
    expect(value(curves.metrics)).toEqual(value(whole.metrics));
    expect(value(curves.learningRates)).toEqual(value(whole.learningRates));
    expect(value(curves.epochLosses)[0]?.x).toEqual([1, 2]);
    expect(reason(curves.gradientNorms)).toMatch(/gradient_norm\.tsv: there is no such file/);
    expect(readStatus(maps, 0)).toMatchObject({ state: "running", epoch: 2, epochs: 3, batches: 4 });
    expect(readContents(maps).splits[0]?.checkpoints).toEqual([]);
  });

  it("goes on after a table that is behind", () => {
    const whole = readCurves(maps, 0);
    const path = inMaps("training/split-0/logs/training_loss.tsv");
    writeTsv(path, readTsv(path).slice(0, 5), ["epoch", "batch", "loss"]);
    expect(value(readCurves(maps, 0).losses)).toEqual(value(whole.losses));
  });

  it("is read without what only this program writes, as ClinicaDL leaves it", () => {
    const whole = readCurves(maps, 0);
    rmSync(inMaps("training/split-0/.clinicadl-ts"), { recursive: true });
    rmSync(inMaps("training/split-0/logs/gradient_norm.tsv"));
    const path = inMaps("training/split-0/logs/training_loss.tsv");
    const losses = readTsv(path).map(({ loss }) => ({ loss: loss ?? null }));
    writeTsv(path, losses, ["loss"]);
    const curves = readCurves(maps, 0);
    expect(value(curves.losses)).toEqual(value(whole.losses));
    expect(value(curves.metrics)).toEqual(value(whole.metrics));
    const [means] = value(curves.epochLosses);
    const [told] = value(whole.epochLosses);
    expect(means?.x).toEqual([1, 2, 3]);
    for (const [i, y] of means?.y.entries() ?? []) expect(y).toBeCloseTo(told?.y[i] ?? Number.NaN, 6);
    expect(readStatus(maps, 0)).toMatchObject({ state: "complete", epoch: 3, runsOn: null });
  });

  it("says what is missing or damaged, and gives the rest", () => {
    truncateSync(inMaps("model.json"), 20);
    expect(reason(readConfiguration(maps).model)).toMatch(/model\.json is not valid JSON/);
    expect(readTask(maps).kind).toBe("other");
    rmSync(inMaps("env"), { recursive: true });
    expect(reason(readEnvironment(maps))).toMatch(/environment\.txt/);
    rmSync(inMaps("prediction"), { recursive: true });
    rmSync(inMaps("test/group-held/dataset.json"));
    const key = { models: 0, checkpoint: "final", group: "held" };
    const { samples, missing } = value(readEvaluation(maps, key));
    expect(samples[0]).toMatchObject({ participant: "sub-000", label: null, outputs: [] });
    expect(missing).toHaveLength(1);
    expect(missing[0]).toMatch(/dataset\.json/);
    expect(reason(readEvaluation(maps, { ...key, group: "other" }))).toMatch(
      /nothing of split-0_final on the group 'other'/,
    );
    writeFileSync(inMaps("training/split-1/logs/training_loss.tsv"), "");
    rmSync(inMaps("training/split-1/.clinicadl-ts"), { recursive: true });
    expect(reason(readCurves(maps, 1).losses)).toMatch(/training_loss\.tsv is empty/);
  });

  it("has no number where a loss is not finite", () => {
    const path = inMaps("training/split-0/logs/training_loss.tsv");
    const rows = readTsv(path).map((row, i) => ({
      ...row,
      loss: i === 5 ? Number.NaN : i === 6 ? Number.POSITIVE_INFINITY : 1,
    }));
    writeTsv(path, rows, ["epoch", "batch", "loss"]);
    const { losses } = readCurves(maps, 0);
    expect(value(losses)[0]?.y).toEqual([1, 1, 1, 1, 1, null, null, 1, 1, 1, 1, 1]);
  });
});
