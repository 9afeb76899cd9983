import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readJson } from "../io/json/index.ts";
import { Maps } from "../io/maps/index.ts";
import { readEvents } from "../run/index.ts";
import { makeCohort } from "../train/fixtures/cohort.ts";
import { summarize } from "../train/summarize.ts";
import { EXPERIMENT } from "./fixtures/experiment.ts";
import { scoreOf } from "./sweep/score.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "cli-sweep-"));
  makeCohort(dir, 9);
  writeFileSync(join(dir, "e.yaml"), EXPERIMENT);
  writeFileSync(join(dir, "sweep.yaml"), SWEEP);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const LONG = EXPERIMENT.replace("num_epochs: 1 ", "num_epochs: 60 ")
  .replace("gpu: false", "seed: 3, gpu: false")
  .replace("n_splits: 3", "n_splits: 3, seed: 3");
const SWEEP = `
experiment: e.yaml
study: study
parameters:
  model.optimizer.lr: { low: 1e-4, high: 1e-2, log: true }
  train_loader.batch_size: { choice: [2, 4] }
trials: 3
folds: [0, 1]
`;
function sweep(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, "index.ts"), "sweep", ...args],
    { encoding: "utf8", cwd: dir },
  );
  return { status, stdout, stderr };
}

describe("clinicadl sweep", () => {
  it("trains each trial with its values, and goes on with the same study", () => {
    const { status, stdout, stderr } = sweep("sweep.yaml", "--jobs", "2", "--json");
    expect(stderr).toMatch(/^trial \d: loss [\d.]+ ± [\d.]+ \(n = 2\)$/m);
    expect(status).toBe(0);
    const { trials, best } = JSON.parse(stdout) as {
      trials: { number: number; state: string; score: number; values: Record<string, number> }[];
      best: number;
    };
    expect(trials.map(({ number, state }) => [number, state])).toEqual([0, 1, 2].map((n) => [n, "complete"]));
    expect(trials[best]?.score).toBe(Math.min(...trials.map(({ score }) => score)));
    for (const { number, values } of trials) {
      const maps = new Maps(join(dir, "study", `trial-000${number}`));
      maps.read();
      expect(maps.training.splitsList).toEqual([0, 1]);
      expect([2, 4]).toContain(values["train_loader.batch_size"]);
    }
    const again = sweep("sweep.yaml");
    expect(again).toMatchObject({ status: 0, stderr: "" });
    expect(again.stdout).toMatch(
      new RegExp(`^trial +state +loss +sd +model\\.optimizer\\.lr[^]*\nbest: trial ${best}\n$`),
    );
    expect(sweep("sweep.yaml", "--status").stdout).toBe(again.stdout);
  });

  it("gives a trial the mean over its seeds and folds, all on the same splits", () => {
    const head = "experiment: e.yaml\nstudy: seeds\nfolds: [0, 2]\nseeds: [7, 11]\nseed: 5\nsampler: grid\n";
    writeFileSync(join(dir, "seeds.yaml"), `${head}parameters: { train_loader.batch_size: { choice: [2, 4] } }\n`);
    const { status, stdout, stderr } = sweep("seeds.yaml", "--json", "--jobs", "2", "--quiet");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const { trials } = JSON.parse(stdout) as { trials: { number: number; score: number; sd: number }[] };
    expect(trials).toHaveLength(2);
    const validated = new Set<string>();
    for (const { number, score, sd } of trials) {
      const values = [7, 11].flatMap((seed) => {
        const maps = new Maps(join(dir, "seeds", `trial-000${number}`, `seed-${seed}`));
        maps.read();
        const { training } = maps;
        expect(readJson(training.split(0).computationalJson)).toMatchObject({ seed });
        validated.add(readFileSync(join(maps.path, "splits", "3_fold", "split-2", "validation_baseline.tsv"), "utf8"));
        return summarize(maps, { checkpoint: "final" }).metrics.find(({ metric }) => metric === "loss")?.values ?? [];
      });
      expect(new Set(values).size).toBe(4);
      const mean = values.reduce((sum, value) => sum + value) / 4;
      expect(score).toBeCloseTo(mean, 12);
      expect(sd).toBeCloseTo(Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 3), 12);
    }
    // the experiment has no seed for its folds, and trials are compared by the same participants
    expect(validated.size).toBe(1);
  });

  it("ends a trial at a rung where it is worse than those before", () => {
    const parameters = "parameters: { model.loss.pos_weight: { choice: [[1], [1e6]] } }\nsampler: grid";
    const pruner = "pruner: { name: asha, min_epochs: 1, reduction_factor: 2 }\nfolds: [0]\nseeds: [5, 3]";
    writeFileSync(join(dir, "long.yaml"), LONG);
    writeFileSync(join(dir, "asha.yaml"), `experiment: long.yaml\nstudy: asha\n${parameters}\n${pruner}\n`);
    const { status, stdout, stderr } = sweep("asha.yaml", "--json");
    expect(stderr).toMatch(/^trial 1: pruned after epoch 1$/m);
    expect(status).toBe(0);
    const { trials, best } = JSON.parse(stdout);
    expect(trials).toMatchObject([
      { state: "complete", epochs: null, sd: expect.any(Number) },
      { state: "pruned", epochs: 1, sd: null },
    ]);
    expect(best).toBe(0);
    // by the training with the first seed, so that the second did not begin
    const { models } = new Maps(join(dir, "asha", "trial-0001", "seed-5")).training.split(0);
    expect(models.list).not.toContain("final");
    expect(existsSync(join(dir, "asha", "trial-0001", "seed-3"))).toBe(false);
    // it is not taken up again
    expect(sweep("asha.yaml", "--json")).toMatchObject({ status: 0, stdout, stderr: "" });
  });

  it("goes on after Ctrl-C and after a kill of all its processes, to the same score", async () => {
    writeFileSync(join(dir, "long.yaml"), LONG);
    const file = (study: string) =>
      `experiment: long.yaml\nstudy: ${study}\nparameters: { train_loader.batch_size: { choice: [2] } }\ntrials: 1\nfolds: [0]\n`;
    for (const study of ["whole", "killed"]) writeFileSync(join(dir, `${study}.yaml`), file(study));
    const whole = JSON.parse(sweep("whole.yaml", "--json").stdout);
    expect(whole).toMatchObject({ trials: [{ state: "complete" }], best: 0 });
    const { eventsJsonl } = new Maps(join(dir, "killed", "trial-0000")).training.split(0);
    for (const [signal, code] of [
      ["SIGINT", 130],
      ["SIGKILL", null],
    ] as const) {
      const cli = join(import.meta.dirname, "index.ts");
      const options = { cwd: dir, detached: true, stdio: "ignore" } as const;
      const child = spawn(process.execPath, [cli, "sweep", "killed.yaml"], options);
      const ended = once(child, "exit");
      const begun = signal === "SIGINT" ? "start" : "resume";
      // it has begun, and trains
      for (const stop = new AbortController(); !stop.signal.aborted; ) {
        const kinds = existsSync(eventsJsonl) ? readEvents(eventsJsonl).map(({ kind }) => kind) : [];
        if (kinds.lastIndexOf("metrics") > kinds.indexOf(begun) && kinds.includes(begun)) stop.abort();
        else await setTimeout(50);
      }
      const { pid } = child;
      if (pid === undefined) throw new Error("it did not start");
      // a kill is of the training, too: as if the machine had lost its power
      process.kill(signal === "SIGKILL" ? -pid : pid, signal);
      expect((await ended)[0]).toBe(code);
      expect(sweep("killed.yaml", "--status").stdout).toMatch(/^0 +interrupted/m);
    }
    expect(JSON.parse(sweep("killed.yaml", "--json").stdout)).toEqual(whole);
  });

  it("names the line of what is wrong", () => {
    writeFileSync(join(dir, "wrong.yaml"), SWEEP.replace("trials: 3", "trials: 0"));
    expect(sweep("wrong.yaml")).toMatchObject({ status: 1, stderr: expect.stringMatching(/wrong\.yaml:7: .*trials/) });
  });

  it.each([
    ["train_loader.batch_size", "train_loader.no_such", /^.*e\.yaml with .*: .*(noSuch|no_such)/],
    ["model.optimizer.lr", "model.optimizer.lrr", /^.*e\.yaml with .*: .*lrr/],
    ["trials: 3", "trials: 3\nmetric: acu", /'metric' is 'acu'.*are: loss\./],
    ["trials: 3", "trials: 3\ndirection: max", /'direction' is max, and of 'loss' less is better.*direction: min/],
    ["trials: 3", "trials: 3\ncheckpoint: best-loss", /'checkpoint' is 'best-loss', and no ModelCheckpointCallback/],
    ["trials: 3", "trials: 3\ncheckpoint: epoch-1", /'checkpoint' is 'epoch-1', and no ModelCheckpointCallback/],
    ["experiment: e.yaml", "experiment: no.yaml", /no\.yaml/],
    ["choice: [2, 4]", "choice: [0, 2, 4]", /e\.yaml with .*: .*batch.*This is with .*batch_size = 0\./],
    ["low: 1e-4, high: 1e-2, log: true", "low: -1, high: 1", /e\.yaml with .*: .*lr/],
    ["folds: [0, 1]", "seeds: [1, 1]", /misspelt\.yaml:\d+: .*seeds.*Expected each seed once/],
    [
      "trials: 3",
      "  computational.seed: { choice: [1] }\nseeds: [2]",
      /misspelt\.yaml:\d+: .*either this or the parameter/,
    ],
  ])("refuses what is wrong before anything is written: %s → %s", (from, to, said) => {
    const study = "study: never";
    writeFileSync(join(dir, "misspelt.yaml"), SWEEP.replace(from, to).replace("study: study", study));
    const { status, stderr } = sweep("misspelt.yaml");
    expect(status).toBe(1);
    expect(stderr).toMatch(said);
    expect(existsSync(join(dir, "never"))).toBe(false);
  });

  it("goes on with the experiment of its first trials only, whatever they differ in", () => {
    const held = EXPERIMENT.replace("gpu: false", "gpu: false, seed: 1");
    const grid = "sampler: grid\nfolds: [0]\nparameters: { model.optimizer.lr: { choice: [0.1, 0.01, 0.001] } }\n";
    const file = (trials: number) => `experiment: held.yaml\nstudy: held\ntrials: ${trials}\n${grid}`;
    writeFileSync(join(dir, "held.yaml"), held);
    writeFileSync(join(dir, "held-sweep.yaml"), file(1));
    expect(sweep("held-sweep.yaml", "--quiet")).toMatchObject({ status: 0, stderr: "" });

    writeFileSync(join(dir, "held-sweep.yaml"), file(2));
    writeFileSync(join(dir, "held.yaml"), held.replace("channels: [2]", "channels: [3]"));
    const changed = sweep("held-sweep.yaml");
    expect(changed).toMatchObject({ status: 1, stderr: expect.stringMatching(/with another model than .*held\.yaml/) });
    expect(sweep("held-sweep.yaml", "--status").stdout).toMatch(/^0 +complete[\s\S]*best: trial 0\n$/m);

    // what each trial has of its own, how fast images are read, and how the file is written
    const same = held.replace("lr: 0.001", "lr: 0.5").replace("batch_size: 4", "batchSize: 4, num_workers: 0");
    writeFileSync(join(dir, "held.yaml"), `# tidied\n${same.replace("maps: maps", "maps: others")}`);
    expect(sweep("held-sweep.yaml", "--quiet")).toMatchObject({ status: 0, stderr: "" });

    const table = join(dir, "bids", "labels.tsv");
    const rows = readFileSync(table, "utf8");
    writeFileSync(join(dir, "held-sweep.yaml"), file(3));
    writeFileSync(table, rows.replace(/[^\n]*\n$/, ""));
    expect(sweep("held-sweep.yaml").stderr).toMatch(/with another table of dataset\.data than/);
    writeFileSync(table, rows);
  });

  it("gives no score to a trial of which a fold has no such model", () => {
    const paths = [new Maps(join(dir, "study", "trial-0000")), new Maps(join(dir, "study", "trial-0001"))];
    const score = () =>
      scoreOf(
        { metric: "loss", checkpoint: "final" },
        paths.map(({ path }) => path),
      );
    expect(score()).toMatchObject({ found: true, value: { n: 4 } });
    const { aggregatedTsv } = paths[1]!.training.split(1).models.final.validationMetrics;
    const text = readFileSync(aggregatedTsv);
    rmSync(aggregatedTsv);
    expect(score()).toEqual({ found: false, why: expect.stringMatching(/trial-0001 does not have the model 'final'/) });
    writeFileSync(aggregatedTsv, text);
  });

  it("ends at a first trial that fails, and tries it again", () => {
    // images of the cohort are of another shape, which shows with the first batch
    writeFileSync(join(dir, "shape.yaml"), EXPERIMENT.replace("[1, 8, 8, 8]", "[1, 6, 6, 6]"));
    writeFileSync(
      join(dir, "failing.yaml"),
      SWEEP.replace("e.yaml", "shape.yaml").replace("study: study", "study: s2"),
    );
    const { status, stderr } = sweep("failing.yaml");
    expect(status).toBe(1);
    expect(stderr).toContain("Trial 0 failed");
    expect(sweep("failing.yaml", "--status").stdout).toMatch(/^0 +interrupted/m);
  });
});
