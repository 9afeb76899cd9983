import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Maps } from "../io/maps/index.ts";
import { readEvents } from "../run/index.ts";
import { makeCohort } from "../train/fixtures/cohort.ts";
import { summarize } from "../train/summarize.ts";
import { EXPERIMENT } from "./fixtures/experiment.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "cli-parallel-"));
  makeCohort(dir, 9);
  const seeded = EXPERIMENT.replace("gpu: false", "seed: 3, gpu: false").replace("n_splits: 3", "n_splits: 3, seed: 3");
  writeFileSync(join(dir, "e.yaml"), seeded);
  writeFileSync(join(dir, "long.yaml"), seeded.replace("num_epochs: 1 ", "num_epochs: 40 "));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function start(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const cli = join(import.meta.dirname, "index.ts");
  const child = spawn(process.execPath, [cli, "train", ...args], {
    cwd: dir,
    env: { ...process.env, ...more },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const code = new Promise<number | null>((done) => child.once("close", done));
  return { child, ended: Promise.all([code, text(child.stdout), text(child.stderr)]) };
}
const losses = (path: string) => {
  const maps = new Maps(join(dir, path));
  maps.read();
  return summarize(maps, { checkpoint: "final" }).metrics.map(({ metric, values }) => [metric, values]);
};

describe("clinicadl train --parallel", () => {
  it("trains splits as one process does, with a line for each, and leaves alone what is complete", async () => {
    const [code, out, err] = await start(["e.yaml", "--parallel", "2", "--set", "maps=both", "--json"]).ended;
    expect([code, err]).toEqual([0, expect.stringMatching(/^Split \d {2}epoch 1\/1/m)]);
    for (const split of [0, 1, 2]) expect(err).toMatch(new RegExp(`^Split ${split}  done`, "m"));
    const folds = [0, 1, 2].map((split) => ({ split, did: "trained" }));
    expect(JSON.parse(out)).toEqual({ maps: join(dir, "both"), folds });
    expect((await start(["e.yaml", "--set", "maps=one", "--quiet"]).ended)[0]).toBe(0);
    expect(losses("both")).toEqual(losses("one"));
    const [again, said, errors] = await start(["e.yaml", "--parallel", "2", "--set", "maps=both"]).ended;
    expect([again, errors]).toEqual([0, ""]);
    expect(said).toBe(`${[0, 1, 2].map((split) => `split ${split} was complete\n`).join("")}${join(dir, "both")}\n`);
  });

  it("ends all trainings at a checkpoint where it is asked to end, and goes on with them", async () => {
    const command = ["long.yaml", "--parallel", "2", "--folds", "0,2", "--set", "maps=ended"] as const;
    const { child, ended } = start(command);
    const { training } = new Maps(join(dir, "ended"));
    const isTraining = (split: number) => {
      const { eventsJsonl } = training.split(split);
      return existsSync(eventsJsonl) && readEvents(eventsJsonl).some(({ kind }) => kind === "metrics");
    };
    while (child.exitCode === null && ![0, 2].every(isTraining)) await setTimeout(50);
    child.kill("SIGINT");
    const [code, out, err] = await ended;
    expect([code, out]).toEqual([130, ""]);
    for (const split of [0, 2]) expect(err).toMatch(new RegExp(`^Split ${split}  interrupted by SIGINT`, "m"));
    const [resumed, done] = await start([...command, "--json"]).ended;
    expect(resumed).toBe(0);
    expect(JSON.parse(done).folds).toEqual([0, 2].map((split) => ({ split, did: "resumed" })));
    for (const split of [0, 2]) expect(existsSync(training.split(split).completeJson)).toBe(true);
  });

  it("says which training failed, and begins no other", async () => {
    const images = makeCohort(join(dir, "broken"), 9);
    const image = join(images, "sub-004", "ses-M000", "anat", "sub-004_ses-M000_T1w.nii.gz");
    writeFileSync(image, readFileSync(image).subarray(0, 400));
    const broken = ["--set", "dataset.bids=broken/bids", "--set", "maps=broken_maps"];
    const [code, out, err] = await start(["e.yaml", "--parallel", "1", "--quiet", ...broken]).ended;
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain("sub-004");
    expect(err).toMatch(/^clinicadl: The training of split 0 failed; what is wrong is above\./m);
    expect(new Maps(join(dir, "broken_maps")).training.splitsList).toEqual([0]);
  });

  it("does not go together with a launcher", async () => {
    const launched = { RANK: "0", WORLD_SIZE: "2", MASTER_ADDR: "127.0.0.1", MASTER_PORT: "1" };
    const [code, , err] = await start(["e.yaml", "--parallel", "2", "--set", "maps=launched"], launched).ended;
    expect([code, err]).toEqual([1, expect.stringContaining("this is one of 2 that a launcher started")]);
    expect(existsSync(join(dir, "launched"))).toBe(false);
  });
});
