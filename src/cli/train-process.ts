import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import process from "node:process";

export interface TrainProcessOptions {
  /** How many share the cores. */
  readonly jobs: number;
  /** Of a lock that the process holds, too. Default: none. */
  readonly descriptor?: number;
  /** Ends it at a checkpoint. Default: only a signal to this process does. */
  readonly end?: AbortSignal;
}

/**
 * Runs `clinicadl train` in a process of its own, to which signals to this process are passed on.
 * @returns its exit code, and whether a signal was passed on.
 */
export async function trainInProcess(
  args: readonly string[],
  { jobs, descriptor, end }: TrainProcessOptions,
): Promise<{ readonly code: number; readonly passed: boolean }> {
  const [, program = ""] = process.argv;
  const threads = Math.max(1, Math.floor(availableParallelism() / jobs));
  const env = { OMP_NUM_THREADS: String(threads), ...process.env };
  const child = spawn(process.execPath, [...process.execArgv, program, "train", ...args], {
    env,
    stdio: ["ignore", "ignore", "inherit", ...(descriptor === undefined ? [] : [descriptor])],
  });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"] as const;
  let passed = false;
  const pass = (signal: NodeJS.Signals): void => {
    passed = true;
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, pass);
  const stop = (): void => void child.kill("SIGTERM");
  end?.addEventListener("abort", stop);
  try {
    const code = await new Promise<number>((done, failed) => {
      child.once("error", failed);
      // killed by a signal it did not handle: as a shell has it, of SIGKILL
      child.once("close", (code) => done(code ?? 137));
    });
    return { code, passed };
  } finally {
    for (const signal of signals) process.off(signal, pass);
    end?.removeEventListener("abort", stop);
  }
}

/**
 * Does the work of several processes at a time, until none is left, one has ended with another exit code than 0, or one has failed.
 * @param next begins a piece of work and waits for its end; null: none is left.
 * @returns 0, or the exit code of one that ended otherwise.
 */
export async function inPool(jobs: number, next: () => Promise<number> | null): Promise<number> {
  let ended = 0;
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    while (ended === 0 && failures.length === 0) {
      try {
        const begun = next();
        if (begun === null) return;
        ended = (await begun) || ended;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  if (failures.length > 0) throw failures[0];
  return ended;
}
