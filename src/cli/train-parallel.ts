import { resolve } from "node:path";
import process from "node:process";
import { ClinicaDLException } from "../utils/exceptions.ts";
import { progressOutput } from "../utils/output.ts";
import { warn } from "../utils/warnings.ts";
import { planExperiment, type RunOptions, type RunResult } from "./experiment/index.ts";
import { inPool, trainInProcess } from "./train-process.ts";
import { watchFolds } from "./watch/watch-folds.ts";

/**
 * Trains the splits of an experiment file, so many at a time, each by a process of its own with its share of the cores. Shows a line for each
 * that is trained.
 * @returns what was done, and the exit code: of a training that a signal ended, 128 and its number; the same call goes on from its checkpoint.
 * @throws ClinicaDLException naming the splits whose trainings failed; those that ran beside them have ended by themselves.
 */
export async function trainInParallel(
  path: string,
  options: RunOptions,
  jobs: number,
): Promise<Omit<RunResult, "rank"> & { readonly code: number }> {
  const experiment = resolve(path);
  const plan = await planExperiment(experiment, options);
  const waiting = plan.folds.filter(({ did }) => did !== "was complete").map(({ split }) => split);
  const share = Math.min(jobs, waiting.length);
  const args = [experiment, "--quiet", ...(options.set ?? []).map((change) => `--set=${change}`)];
  if (options.requeue === true) args.push("--requeue");

  const failed: number[] = [];
  const train = async (split: number): Promise<number> => {
    const { code } = await trainInProcess([...args, `--folds=${split}`], { jobs: share });
    if (code !== 0 && code <= 128) failed.push(split);
    return code;
  };
  const over = new AbortController();
  const shown = watchFolds([plan.maps], {
    stream: progressOutput,
    signal: over.signal,
    rows: () => process.stderr.rows ?? 24,
    splits: waiting,
    // no training ends because it cannot be shown
  }).catch((error: unknown) => warn(`The progress is not shown any more: ${String(error)}`));
  const code = await inPool(share, () => {
    const split = waiting.shift();
    return split === undefined ? null : train(split);
  }).finally(() => over.abort());
  await shown;
  if (failed.length > 0) {
    throw new ClinicaDLException(
      `The training of split ${failed.sort((a, b) => a - b).join(", ")} failed; what is wrong is above. The same command goes on with what is left.`,
    );
  }
  return { ...plan, code };
}
