/** What is written for Trackio is read back by Trackio. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { trackioPython } from "../../scripts/python-environment.mjs";
import { Callback, type EventArgs, syncTraining, TrackioCallback } from "../../src/callbacks/index.ts";
import { readTsv } from "../../src/io/tsv/index.ts";
import { toySplit } from "../../src/train/fixtures/toy.ts";
import { computational, Trainers } from "../../src/train/fixtures/trainers.ts";

interface Run {
  readonly name: string;
  readonly config: Record<string, Record<string, unknown>>;
  readonly curves: Record<string, [step: number, value: number][]>;
}
function read(dir: string, project: string): { readonly projects: string[]; readonly runs: Run[] } {
  const script = join(import.meta.dirname, "read_trackio.py");
  const env = { ...process.env, TRACKIO_DIR: dir, HF_HUB_OFFLINE: "1" };
  const answer = execFileSync(trackioPython(), [script, project], { encoding: "utf8", env });
  return JSON.parse(answer.trim().split("\n").at(-1) ?? "");
}

/** Ends the process's training in an epoch, as an error does. */
class Break extends Callback {
  override onBatchEnd({ state }: EventArgs<"onBatchEnd">): void {
    if (state.currentEpoch === 3 && state.currentTrainBatch === 2) throw new Error("broken off");
  }
}

describe("TrackioCallback", () => {
  const trainers = Trainers.forEachTest();

  it("has every step once, also after an interruption, and after Trackio has opened the file", async () => {
    const dir = join(trainers.dir, "trackio");
    const own = () => new TrackioCallback({ project: "toy", dir, timeout: 120 });
    const trainer = trainers.make("maps", { callbacks: [own(), new Break()], optimization: { numEpochs: 3 } });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("broken off");
    expect(read(dir, "toy").runs.map(({ name }) => name)).toEqual(["maps-split-0"]);
    const resumed = await trainers.fromMaps("maps", { callbacks: [own()] });
    await resumed.resume({ splitIdx: 0, split: toySplit() });

    const { projects, runs } = read(dir, "toy");
    expect(projects).toEqual(["toy"]);
    expect(runs.length).toBe(1);
    const losses = readTsv(trainer.maps.training.split(0).trainingLossTsv);
    expect(losses.length).toBe(9);
    const { curves = {}, config = {} } = runs[0] ?? {};
    expect(curves["train/loss"]).toEqual(losses.map((row, i) => [i + 1, Number(row.loss)]));
    expect(curves["validation/loss"]?.map(([step]) => step)).toEqual([3, 6, 9]);
    expect(config.optimization?.num_epochs).toBe(3);
    expect(config._Group).toBe("maps");
  });

  it("gets what it lacks of a complete training, once", async () => {
    const dir = join(trainers.dir, "trackio");
    const trainer = trainers.make("maps", { optimization: { numEpochs: 2 } });
    await trainer.train(toySplit(), { computational });
    const callback = new TrackioCallback({ project: "late", dir });
    const { sent } = await syncTraining(callback, trainer.maps, 0);
    expect(await syncTraining(callback, trainer.maps, 0)).toEqual({ split: 0, sent: 0 });
    const [run] = read(dir, "late").runs;
    expect(run?.curves["train/loss"]?.map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(sent).toBeGreaterThan(6);
  });

  it("only warns where it cannot write", async () => {
    const dir = join(trainers.dir, "file");
    writeFileSync(dir, "");
    const callbacks = [new TrackioCallback({ dir, timeout: 0.5 })];
    const trainer = trainers.make("maps", { callbacks, optimization: { numEpochs: 1 } });
    await trainer.train(toySplit(), { computational });
    const split = trainer.maps.training.split(0);
    expect(existsSync(split.completeJson)).toBe(true);
    expect(readFileSync(split.warningLog, "utf8")).toMatch(/Trackio did not take all of the training within 0.5 s/);
  });

  it("refuses names that Trackio would change", () => {
    expect(() => new TrackioCallback({ project: "my.model" })).toThrow(/letters, digits/);
    expect(() => new TrackioCallback({ project: "registry-a" })).toThrow(/letters, digits/);
  });
});
