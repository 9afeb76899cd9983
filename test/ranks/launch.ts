/** Starts the processes of a training together, as a launcher does that leaves those alone whose neighbour has died. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "../../src/torch/distributed/fixtures/free-port.ts";
import type { SubjectOptions } from "./subject.ts";

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly errors: string;
  /** When, in milliseconds since they were started. */
  readonly at: number;
  /** Whether it had to be ended, since it did not end by itself. */
  readonly overdue: boolean;
}

export interface LaunchOptions {
  /** Seconds until all have to have met. */
  readonly joinSeconds: number;
  /** Seconds that the others may go on for when the first has ended. */
  readonly patience: number;
}

const SUBJECT = join(import.meta.dirname, "subject.ts");
/** Nothing runs longer than that. */
const LONGEST_MS = 600_000;

/** @param options of each rank. */
export async function launch(options: readonly SubjectOptions[], limits: LaunchOptions): Promise<Ended[]> {
  const port = await freePort();
  const start = performance.now();
  const children = options.map((own, rank) =>
    spawn(process.execPath, [SUBJECT, JSON.stringify(own)], {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        ...process.env,
        NODE_OPTIONS: "",
        RANK: `${rank}`,
        LOCAL_RANK: `${rank}`,
        WORLD_SIZE: `${options.length}`,
        MASTER_ADDR: "127.0.0.1",
        MASTER_PORT: `${port}`,
        GLOO_SOCKET_IFNAME: "lo",
        OMP_NUM_THREADS: "1",
        CUDA_VISIBLE_DEVICES: "",
        CLINICADL_JOIN_TIMEOUT: `${limits.joinSeconds}`,
      },
    }),
  );
  const overdue = new Set<number>();
  const endAll = () => {
    for (const [rank, child] of children.entries()) {
      if (child.exitCode === null && child.signalCode === null) {
        overdue.add(rank);
        child.kill("SIGKILL");
      }
    }
  };
  const timers = [setTimeout(endAll, LONGEST_MS)];
  try {
    return await Promise.all(
      children.map(
        (child, rank) =>
          new Promise<Ended>((done, fail) => {
            let errors = "";
            child.stderr.on("data", (data) => {
              errors += String(data);
            });
            child.once("error", fail);
            child.once("exit", () => timers.push(setTimeout(endAll, limits.patience * 1000)));
            child.once("close", (code, signal) =>
              done({ code, signal, errors, at: performance.now() - start, overdue: overdue.has(rank) }),
            );
          }),
      ),
    );
  } finally {
    for (const timer of timers) clearTimeout(timer);
    endAll();
  }
}
