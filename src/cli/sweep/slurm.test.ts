import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Maps } from "../../io/maps/index.ts";
import { readEvents } from "../../run/index.ts";
import { makeCohort } from "../../train/fixtures/cohort.ts";
import { EXPERIMENT } from "../fixtures/experiment.ts";

let dir = "";
/** What the stand-in for `sbatch` was called with. */
const queued = () => (existsSync(join(dir, "queued")) ? readFileSync(join(dir, "queued"), "utf8") : "");
beforeAll(() => {
  // with what a shell would take apart
  dir = join(mkdtempSync(join(tmpdir(), "cli-slurm-")), "it's a folder");
  mkdirSync(join(dir, "bin"), { recursive: true });
  makeCohort(dir, 9);
  // long enough to be interrupted
  writeFileSync(join(dir, "e.yaml"), EXPERIMENT.replace("num_epochs: 1 ", "num_epochs: 60 "));
  writeFileSync(join(dir, "sweep.yaml"), SWEEP);
  writeFileSync(join(dir, "bin", "sbatch"), '#!/bin/bash\nprintf "%s\\n" "$@" >> "$QUEUED"\n');
  chmodSync(join(dir, "bin", "sbatch"), 0o755);
});
afterAll(() => rmSync(join(dir, ".."), { recursive: true, force: true }));

const SWEEP = `
experiment: e.yaml
study: study
parameters: { train_loader.batch_size: { choice: [2] } }
trials: 1
folds: [0]
`;
const CLI = join(import.meta.dirname, "..", "index.ts");
const sweep = (...args: string[]) =>
  spawnSync(process.execPath, [CLI, "sweep", "sweep.yaml", ...args], { encoding: "utf8", cwd: dir });

describe("clinicadl sweep --slurm", () => {
  it("writes a script that queues itself again when its time is over, until the sweep is done", async () => {
    const { status, stdout } = sweep("--slurm", "3", "--json");
    expect(status).toBe(0);
    const { script } = JSON.parse(stdout);
    expect(script).toBe(join(dir, "study", "sweep.sbatch"));
    const text = readFileSync(script, "utf8");
    // options of Slurm end at the first command
    const [head = ""] = text.split(/^(?!#)/m);
    expect(head).toMatch(/^#!\/bin\/bash\n/);
    expect([...head.matchAll(/^#SBATCH --([\w-]+)/gm)].map(([, name]) => name)).toEqual(
      expect.arrayContaining(["job-name", "array", "cpus-per-task", "time", "signal", "requeue", "output"]),
    );
    expect(head).toMatch(/^#SBATCH --array=0-2$/m);

    const PATH = `${join(dir, "bin")}:${process.env.PATH ?? ""}`;
    const env = {
      ...process.env,
      PATH,
      QUEUED: join(dir, "queued"),
      SLURM_ARRAY_TASK_ID: "2",
      SLURM_CPUS_PER_TASK: "1",
    };
    const job = spawn("bash", [script], { env, stdio: "ignore" });
    const ended = once(job, "exit");
    const { eventsJsonl } = new Maps(join(dir, "study", "trial-0000")).training.split(0);
    while (!existsSync(eventsJsonl) || !readEvents(eventsJsonl).some(({ kind }) => kind === "metrics"))
      await setTimeout(50);
    job.kill("SIGUSR1");
    expect(await ended).toEqual([0, null]);
    expect(queued()).toBe(`--array=2\n${script}\n`);
    expect(sweep("--status").stdout).toMatch(/^0 +interrupted/m);

    expect(spawnSync("bash", [script], { env }).status).toBe(0);
    expect(queued()).toBe(`--array=2\n${script}\n`);
    expect(sweep("--status").stdout).toMatch(/^0 +complete/m);
    expect(readEvents(eventsJsonl).some(({ kind }) => kind === "resume")).toBe(true);
  });

  it("says what is wrong with the sweep first, and is not given with what trains here", () => {
    writeFileSync(
      join(dir, "wrong.yaml"),
      SWEEP.replace("batch_size", "batch").replace("study: study", "study: never"),
    );
    const args = [CLI, "sweep", "wrong.yaml", "--slurm", "2"];
    expect(spawnSync(process.execPath, args, { encoding: "utf8", cwd: dir })).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/e\.yaml with train_loader\.batch=2: .*batch/),
    });
    expect(existsSync(join(dir, "never"))).toBe(false);
    expect(sweep("--slurm", "2", "--jobs", "2")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("--jobs"),
    });
  });
});
