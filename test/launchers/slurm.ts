/** A cluster of Slurm that is this machine: its own keys, daemons and folder, of no other use, ended when it is disposed. As root. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";

const CPUS = 4;

export class Cluster implements AsyncDisposable {
  /** Where `srun` and `sbatch` find it. */
  readonly conf: string;
  readonly #daemons: ChildProcess[] = [];

  private constructor(folder: string) {
    this.conf = join(folder, "slurm.conf");
  }

  /** @throws Error with what Slurm says where its node does not come up. */
  static async start(folder: string): Promise<Cluster> {
    const cluster = new Cluster(folder);
    const at = (name: string) => join(folder, name);
    for (const name of ["state", "spool"]) mkdirSync(at(name));
    writeFileSync(at("key"), randomBytes(1024));
    chmodSync(at("key"), 0o400);
    writeFileSync(cluster.conf, configuration(at));
    const socket = at("munge.socket");
    const files = ["key", "pid", "log", "seed"].map(
      (name) => `--${name}-file=${at(name === "key" ? "key" : `munged.${name}`)}`,
    );
    cluster.#spawn("munged", ["--force", "--foreground", `--socket=${socket}`, ...files]);
    await setTimeout(2000);
    cluster.#spawn("slurmctld", ["-D", "-f", cluster.conf]);
    cluster.#spawn("slurmd", ["-D", "-f", cluster.conf]);
    let state = "";
    for (let i = 0; i < 60 && !/^idle/.test(state); i++) {
      await setTimeout(500);
      state = cluster.ask("sinfo", ["--noheader", "--format=%T"]);
    }
    if (/^idle/.test(state)) return cluster;
    await cluster[Symbol.asyncDispose]();
    throw new Error(`The node of Slurm is ${state.trim() || "not there"}.`);
  }

  #spawn(command: string, args: readonly string[]): void {
    this.#daemons.push(spawn(command, args, { stdio: "ignore", env: this.environment }));
  }
  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, SLURM_CONF: this.conf };
  }
  ask(command: string, args: readonly string[]): string {
    return spawnSync(command, args, { encoding: "utf8", env: this.environment }).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const daemon of this.#daemons.toReversed()) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue;
      const ended = new Promise((done) => daemon.once("close", done));
      daemon.kill("SIGTERM");
      await ended;
    }
  }
}

function configuration(at: (name: string) => string): string {
  const host = os.hostname().split(".")[0];
  return `ClusterName=try
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${at("munge.socket")}
SlurmctldPort=16817
SlurmdPort=16818
SlurmdParameters=config_overrides
StateSaveLocation=${at("state")}
SlurmdSpoolDir=${at("spool")}
SlurmctldPidFile=${at("slurmctld.pid")}
SlurmdPidFile=${at("slurmd.pid")}
SlurmctldLogFile=${at("slurmctld.log")}
SlurmdLogFile=${at("slurmd.log")}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
JobRequeue=1
NodeName=${host} NodeAddr=127.0.0.1 CPUs=${CPUS}
PartitionName=all Nodes=${host} Default=YES MaxTime=INFINITE State=UP
`;
}
