/**
 * `npm run test:launchers`: the training of the kill harness, started by the launchers that are installed here: `torchrun` (beside the
 * Python that CLINICADL_TORCHRUN or the path names), `mpirun` of Open MPI, and `srun` of a Slurm that is started for it (as root). Each
 * has to come to the bits of processes that were told of each other by hand; with a kill, when it starts them again.
 *   --only TEXT     of these only: part of "srun, 2 processes, one is killed"
 *   --namespaces    `torchrun` on two hosts instead, which are network namespaces of this machine (Linux, as root)
 * It says what it tried, and of a launcher that is not there that it did not.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Hosts } from "../../bench/namespaces.mjs";
import { freePort } from "../../src/torch/distributed/fixtures/free-port.ts";
import { differences } from "../faults/trees.ts";
import { launch } from "../ranks/launch.ts";
import { Cluster } from "./slurm.ts";
import type { LaunchedSubject } from "./subject.ts";

const { values: options } = parseArgs({
  options: { only: { type: "string", default: "" }, namespaces: { type: "boolean", default: false } },
});
const SUBJECT = join(import.meta.dirname, "subject.ts");
const folder = mkdtempSync(join(tmpdir(), "clinicadl-launchers-"));
const say = (line: string) => process.stdout.write(`${line}\n`);

/** A launcher, and how it starts a program in so many processes. */
interface Launcher {
  readonly name: string;
  /** Ends when all processes have; with a kill it starts them again. */
  readonly start: (size: number, program: readonly string[], restarts: boolean) => Promise<string | null>;
}

/** @returns null, or what went wrong. */
async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string | null> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => {
      output += String(data);
    });
  }
  const code = await new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", done);
  });
  return code === 0 ? null : `${command} ended with ${code}: ${output.slice(-3000)}`;
}

const own = { GLOO_SOCKET_IFNAME: "lo", OMP_NUM_THREADS: "1", NODE_OPTIONS: "", CUDA_VISIBLE_DEVICES: "" };
const isThere = (command: string) => spawnSync("which", [command]).status === 0;

const command = process.env.CLINICADL_TORCHRUN ?? "torchrun";

function torchrun(): Launcher | null {
  if (!isThere(command)) return null;
  const start: Launcher["start"] = async (size, program, restarts) => {
    const port = await freePort();
    const meeting = ["--rdzv-backend", "c10d", "--rdzv-endpoint", `127.0.0.1:${port}`, "--rdzv-id", `${port}`];
    const args = ["--no-python", "--nproc-per-node", `${size}`, "--max-restarts", restarts ? "1" : "0", ...meeting];
    return await run(command, [...args, "--local-addr", "127.0.0.1", ...program], { ...process.env, ...own });
  };
  return { name: "torchrun", start };
}

/**
 * An agent on each of two hosts, whose names resolve to the loopback, as on many systems: so torchrun has to be told its own address, and
 * which of the agents holds the meeting place. No network interface is named.
 */
function torchrunOnHosts(hosts: Hosts): Launcher {
  const { GLOO_SOCKET_IFNAME: _, ...env } = { ...process.env, ...own };
  let port = 29_500;
  const start: Launcher["start"] = async (size, program, restarts) => {
    port++;
    const agents = [0, 1].map((which) => {
      const meeting = [
        "--rdzv-backend",
        "c10d",
        "--rdzv-endpoint",
        `${hosts.address(0)}:${port}`,
        "--rdzv-id",
        `${port}`,
      ];
      const place = ["--local-addr", `${hosts.address(which)}`, "--rdzv-conf", `is_host=${which === 0}`];
      const counts = ["--nnodes", "2", "--nproc-per-node", `${size / 2}`, "--max-restarts", restarts ? "1" : "0"];
      const [first = "", ...more] = [...hosts.enter(which), command, "--no-python", ...counts, ...meeting, ...place];
      return run(first, [...more, ...program], env);
    });
    const problems = (await Promise.all(agents)).filter((problem) => problem !== null);
    return problems.length === 0 ? null : problems.join("\n");
  };
  return { name: "torchrun on two hosts", start };
}

function mpirun(): Launcher | null {
  if (!isThere("mpirun")) return null;
  const start: Launcher["start"] = async (size, program, restarts) => {
    const once = async () => {
      const place = ["-x", "MASTER_ADDR=127.0.0.1", "-x", `MASTER_PORT=${await freePort()}`];
      const args = ["--allow-run-as-root", "--oversubscribe", "-np", `${size}`, ...place, ...program];
      return await run("mpirun", args, { ...process.env, ...own });
    };
    const ended = await once();
    // it starts nothing again: whoever called it does
    return restarts && ended !== null ? await once() : ended;
  };
  return { name: "mpirun", start };
}

function srun(cluster: Cluster): Launcher {
  const start: Launcher["start"] = async (size, program, restarts) => {
    const env = { ...cluster.environment, ...own };
    const tasks = [`--ntasks=${size}`, "--cpus-per-task=1"];
    if (!restarts) return await run("srun", [...tasks, "--kill-on-bad-exit=1", ...program], env);
    // a job that queues itself again where its step has failed, as one does that was pre-empted
    const script = join(folder, `job-${size}.sh`);
    const done = join(folder, `job-${size}.done`);
    const quoted = program.map((word) => `'${word}'`).join(" ");
    const again = `[ "\${SLURM_RESTART_COUNT:-0}" -lt 1 ] && scontrol requeue "$SLURM_JOB_ID"`;
    const step = `srun --kill-on-bad-exit=1 ${quoted}\ncode=$?`;
    writeFileSync(script, `#!/bin/bash\n${step}\n[ $code -eq 0 ] && touch '${done}' && exit 0\n${again}\nexit $code\n`);
    const log = join(folder, `job-${size}.log`);
    const queued = await run("sbatch", [...tasks, "--requeue", "--open-mode=append", `--output=${log}`, script], env);
    if (queued !== null) return queued;
    // a job that was queued again waits for two minutes before it begins
    for (let i = 0; i < 300 && !existsSync(done); i++) {
      await setTimeout(1000);
      if (cluster.ask("squeue", ["--noheader"]).trim() === "" && !existsSync(done)) break;
    }
    return existsSync(done) ? null : `the job did not end well: ${log}`;
  };
  return { name: "srun", start };
}

/** Of the ten samples each process has one in each batch. */
const batchOf = (size: number) => (size === 4 ? 3 : 2);

/** What processes come to that are told of each other by hand. */
async function expected(size: number): Promise<string> {
  const maps = join(folder, `whole-${size}`);
  if (existsSync(maps)) return maps;
  const subject = join(import.meta.dirname, "..", "ranks", "subject.ts");
  if (size === 1) {
    const failed = await run(
      process.execPath,
      [subject, JSON.stringify({ maps, batchSize: batchOf(size), list: null, killAt: null })],
      {
        ...process.env,
        ...own,
      },
    );
    if (failed !== null) throw new Error(failed);
    return maps;
  }
  const each = Array.from({ length: size }, () => ({ maps, batchSize: batchOf(size), list: null, killAt: null }));
  const ended = await launch(each, { joinSeconds: 300, patience: 300 });
  for (const { code, errors } of ended) if (code !== 0) throw new Error(errors);
  return maps;
}

/** Where two MAPS differ, beside what they say of the environment: which job it was, and of whom. */
function differencesOf(one: string, other: string): string[] {
  return differences(one, other).filter((line) => !line.startsWith("env/environment.txt "));
}

let [tried, failed] = [0, 0];
async function attempt({ name, start }: Launcher, size: number, rank: number | null): Promise<void> {
  const title = `${name}, ${size} ${size === 1 ? "process" : "processes"}${rank === null ? "" : ", one is killed"}`;
  if (!title.includes(options.only)) return;
  const id = title.replace(/\W+/g, "-");
  const maps = join(folder, id);
  const kill = rank === null ? null : { rank, at: 7, once: join(folder, `${id}.killed`) };
  const program = [
    process.execPath,
    SUBJECT,
    JSON.stringify({ maps, batchSize: batchOf(size), kill } satisfies LaunchedSubject),
  ];
  const wrong = await start(size, program, kill !== null);
  const killed = kill === null || existsSync(kill.once);
  const problems =
    wrong !== null ? [wrong] : !killed ? ["nobody was killed"] : differencesOf(await expected(size), maps);
  tried++;
  if (problems.length > 0) failed++;
  say([`${problems.length === 0 ? "passed" : "FAILED"}: ${title}`, ...problems].join("\n  "));
}

async function attemptAll(launcher: Launcher, sizes = [1, 2, 4]): Promise<void> {
  for (const size of sizes) await attempt(launcher, size, null);
  await attempt(launcher, 2, 1);
  await attempt(launcher, 2, 0);
}

async function onTwoHosts(): Promise<void> {
  if (process.getuid?.() !== 0 || !isThere(command) || !isThere("ip")) {
    say(`not tried: two hosts, which want root, ip and ${command}`);
    return;
  }
  using hosts = await Hosts.start();
  await attemptAll(torchrunOnHosts(hosts), [2, 4]);
}

async function onThisHost(): Promise<void> {
  for (const [name, launcher] of [["torchrun", torchrun()] as const, ["mpirun", mpirun()] as const]) {
    if (launcher === null) say(`not tried: ${name}, which is not installed here`);
    else await attemptAll(launcher);
  }
  const needed = ["munged", "slurmctld", "slurmd", "srun", "sbatch"].filter((command) => !isThere(command));
  if (needed.length > 0 || process.getuid?.() !== 0) {
    say(
      `not tried: srun; ${needed.length > 0 ? `${needed.join(", ")} is not installed here` : "its daemons want root"}`,
    );
  } else if (options.only === "" || options.only.startsWith("srun")) {
    const place = join(folder, "slurm");
    mkdirSync(place);
    await using cluster = await Cluster.start(place);
    await attemptAll(srun(cluster));
  }
}

try {
  await (options.namespaces ? onTwoHosts() : onThisHost());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
say(`${tried - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 && tried > 0 ? 0 : 1;
