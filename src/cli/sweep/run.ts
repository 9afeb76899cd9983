import { Maps } from "../../io/maps/index.ts";
import { followEvents } from "../../run/index.ts";
import type { ClaimedTrial, Study, Sweep, Trial } from "../../sweep/index.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { sayProgress } from "../../utils/output.ts";
import { inPool, trainInProcess } from "../train-process.ts";
import { runsOf, type SweepFile } from "./file.ts";
import { heldOf } from "./held.ts";
import { scoreOf } from "./score.ts";

/**
 * Trains the trials that are left, so many at a time, each by a process of its own with its share of the cores.
 * @returns 0, or the exit code of a training that a signal ended: the same call goes on from its checkpoint.
 * @throws ConfigError where the experiment is not what the trials so far were trained by.
 */
export async function runSweep(file: SweepFile, study: Study, jobs: number): Promise<number> {
  study.holdTo(heldOf(file));
  return await inPool(jobs, () => {
    const claimed = study.claim();
    return claimed === null ? null : trainClaimed(file, study, claimed, jobs);
  });
}

async function trainClaimed(file: SweepFile, study: Study, claimed: ClaimedTrial, jobs: number): Promise<number> {
  using held = claimed;
  return await runTrial(file, study, held, jobs);
}

/** Trains what is left of a trial, once for each seed. @returns as `runSweep`. */
async function runTrial(
  file: SweepFile,
  study: Study,
  { trial, maps: path, descriptor }: ClaimedTrial,
  jobs: number,
): Promise<number> {
  const { sweep, experiment } = file;
  const folds = sweep.folds === undefined ? [] : [`--folds=${sweep.folds.join(",")}`];
  const runs = runsOf(file, trial, path);
  for (const [i, { maps, changes }] of runs.entries()) {
    const training = new AbortController();
    const end = (): void => training.abort();
    // trials are compared by the same training of each: the first fold, with the first seed
    const isWatched = sweep.pruner !== undefined && i === 0;
    const pruned = isWatched ? prune(sweep, study, trial, maps, training.signal).finally(end) : null;
    const set = changes.map((change) => `--set=${change}`);
    const [{ code, passed }, epoch] = await Promise.all([
      trainInProcess([experiment, ...set, ...folds, "--quiet"], { jobs, descriptor, end: training.signal }).finally(
        end,
      ),
      pruned,
    ]);
    if (code > 128 && (passed || epoch === null)) return code;
    if (epoch !== null) {
      sayProgress(`trial ${trial.number}: pruned after epoch ${epoch}`);
      return 0;
    }
    if (code !== 0 && study.best === null) {
      throw new ClinicaDLException(
        `Trial ${trial.number} failed, and none was complete before: what is wrong is above. The same command tries it again.`,
      );
    }
    if (code !== 0) return failed(study, trial);
  }
  const paths = runs.map(({ maps }) => maps);
  const score = scoreOf(sweep, paths);
  if (!score.found) return failed(study, trial, `: ${score.why}`);
  const { mean, sd, n } = score.value;
  study.finish(trial, mean, n > 1 ? sd : null);
  const spread = n > 1 ? ` ± ${Number(sd.toPrecision(2))} (n = ${n})` : "";
  sayProgress(`trial ${trial.number}: ${sweep.metric} ${mean}${spread}`);
  return 0;
}

function failed(study: Study, trial: Trial, why = ""): number {
  study.finish(trial, null);
  sayProgress(`trial ${trial.number}: failed${why}`);
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
