import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { Maps } from "../../io/maps/index.ts";
import { followEvents } from "../../run/index.ts";
import { type ClaimedTrial, type Study, type Sweep, sweepSchema, type Trial } from "../../sweep/index.ts";
import { summarize } from "../../train/summarize.ts";
import { parseWith } from "../../utils/config.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { camelToSnake } from "../../utils/names.ts";
import { say } from "../../utils/output.ts";
import { ExperimentDocument } from "../experiment/document.ts";
import { inPart } from "../experiment/parts.ts";
import { trialChanges } from "./trials.ts";

/** A sweep file, its paths absolute. */
export interface SweepFile {
  readonly sweep: Sweep;
  readonly experiment: string;
  readonly study: string;
}

/** @throws ConfigError naming file, line and field. */
export function readSweep(path: string): SweepFile {
  const document = new ExperimentDocument(path);
  const read = inPart(document, [], () => parseWith(sweepSchema, document.values, "sweep"));
  // keys of the experiment file, which documents spell like this
  const keys = Object.entries(read.parameters).map(([key, range]) => [camelToSnake(key), range] as const);
  const sweep: Sweep = { ...read, parameters: Object.fromEntries(keys) };
  const folder = resolve(dirname(path));
  return { sweep, experiment: resolve(folder, sweep.experiment), study: resolve(folder, sweep.study) };
}

/**
 * Trains the trials that are left, so many at a time, each by a process of its own with its share of the cores.
 * @returns 0, or the exit code of a training that a signal ended: the same call goes on from its checkpoint.
 */
export async function runSweep(file: SweepFile, study: Study, jobs: number): Promise<number> {
  let ended = 0;
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    while (ended === 0 && failures.length === 0) {
      using claimed = study.claim();
      if (claimed === null) return;
      try {
        ended = (await runTrial(file, study, claimed, jobs)) || ended;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  if (failures.length > 0) throw failures[0];
  return ended;
}

async function runTrial(
  file: SweepFile,
  study: Study,
  { trial, maps, descriptor }: ClaimedTrial,
  jobs: number,
): Promise<number> {
  const { sweep, experiment } = file;
  const set = trialChanges(sweep, trial, maps).map((change) => `--set=${change}`);
  const folds = sweep.folds === undefined ? [] : [`--folds=${sweep.folds.join(",")}`];
  const training = new AbortController();
  const end = (): void => training.abort();
  const pruned = sweep.pruner === undefined ? null : prune(sweep, study, trial, maps, training.signal).finally(end);
  const arguments_ = [experiment, ...set, ...folds, "--quiet"];
  const [{ code, passed }, epoch] = await Promise.all([
    train(arguments_, { jobs, descriptor, end: training.signal }).finally(end),
    pruned,
  ]);
  if (code > 128 && (passed || epoch === null)) return code;
  if (epoch !== null) {
    say(`trial ${trial.number}: pruned after epoch ${epoch}`);
    return 0;
  }
  if (code !== 0 && study.best === null) {
    throw new ClinicaDLException(
      `Trial ${trial.number} failed, and none was complete before: what is wrong is above. The same command tries it again.`,
    );
  }
  const score = code === 0 ? scoreOf(sweep, maps) : Number.NaN;
  study.finish(trial, Number.isNaN(score) ? null : score);
  const reached = Number.isNaN(score) ? "failed" : `${sweep.metric} ${score}`;
  say(`trial ${trial.number}: ${reached}`);
  return 0;
}

/**
 * Follows the first fold of a trial while it is trained, and ends the training where the pruner says so.
 * @returns after which epoch; null where the training ended by itself.
 */
async function prune(
  { folds, metric }: Sweep,
  study: Study,
  trial: Trial,
  path: string,
  signal: AbortSignal,
): Promise<number | null> {
  const { eventsJsonl } = new Maps(path).training.split(folds?.[0] ?? 0);
  let epochs = 0;
  for await (const event of followEvents(eventsJsonl, { signal })) {
    if (event.kind === "start" || event.kind === "resume") ({ epochs } = event);
    if (event.kind !== "metrics" || event.epoch >= epochs) continue;
    const value = event.values[metric];
    if (value === undefined || !study.prunes(trial, event.epoch, value)) continue;
    return event.epoch;
  }
  return null;
}

/** The mean over the folds; NaN where one of them has none. */
function scoreOf(sweep: Sweep, path: string): number {
  const maps = new Maps(path);
  maps.read();
  const { metrics } = summarize(maps, { checkpoint: sweep.checkpoint });
  const found = metrics.find(({ metric }) => metric === sweep.metric);
  if (found === undefined) {
    const names = metrics.map(({ metric }) => metric).join(", ");
    throw new ClinicaDLException(`The sweep's metric is '${sweep.metric}', and the trials have: ${names}.`);
  }
  return found.values.some(Number.isNaN) ? Number.NaN : found.mean;
}

/**
 * Runs `clinicadl train` in a process of its own, to which signals to this process are passed on.
 * @param options `jobs`: how many share the cores. `descriptor`: of the trial's lock. `end` ends it at a checkpoint.
 * @returns its exit code, and whether a signal was passed on.
 */
async function train(
  args: readonly string[],
  { jobs, descriptor, end }: { readonly jobs: number; readonly descriptor: number; readonly end: AbortSignal },
): Promise<{ readonly code: number; readonly passed: boolean }> {
  const [, program = ""] = process.argv;
  const threads = Math.max(1, Math.floor(availableParallelism() / jobs));
  const env = { OMP_NUM_THREADS: String(threads), ...process.env };
  const child = spawn(process.execPath, [...process.execArgv, program, "train", ...args], {
    env,
    stdio: ["ignore", "ignore", "inherit", descriptor],
  });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"] as const;
  let passed = false;
  const pass = (signal: NodeJS.Signals): void => {
    passed = true;
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, pass);
  end.addEventListener("abort", () => child.kill("SIGTERM"));
  try {
    const code = await new Promise<number>((done, failed) => {
      child.once("error", failed);
      // killed by a signal it did not handle: as a shell has it, of SIGKILL
      child.once("close", (code) => done(code ?? 137));
    });
    return { code, passed };
  } finally {
    for (const signal of signals) process.off(signal, pass);
  }
}
