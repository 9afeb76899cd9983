/** The experiment as it was run, in the MAPS: `experiment.yaml`, from which the same MAPS can be made again. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { isDeepStrictEqual } from "node:util";
import { parse, stringify } from "yaml";
import { readRegular, writeFileAtomic } from "../../io/files/index.ts";
import type { Maps } from "../../io/maps/index.ts";
import { parseWith } from "../../utils/config.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { freshSeed } from "../../utils/random/index.ts";
import { type Experiment, experimentSchema } from "./schema.ts";
import { SPLITS } from "./splits.ts";

/** What ran, in its MAPS. */
export const EXPERIMENT_FILE = "experiment.yaml";
/** What must be the same for all trainings of a MAPS, besides what the Trainer compares itself. */
const COMPARED = ["dataset", "evalDataset", "split", "trainLoader", "valLoader"] as const;
/** Options of loaders that change nothing but speed. */
const SPEED = ["numWorkers", "pinMemory", "prefetchFactor", "persistentWorkers"];

/**
 * Writes an experiment into its MAPS, with the seeds that were drawn for it; where one is there, it is that.
 * @throws ClinicaDLException where the MAPS has trainings of other data, another split or other loaders.
 */
export function recordExperiment(maps: Maps, experiment: Experiment): Experiment {
  const path = join(maps.path, EXPERIMENT_FILE);
  return maps.locked(() => {
    if (existsSync(path)) {
      const recorded = parseWith(experimentSchema, parse(readRegular(path)), path);
      const seeded = withSeeds(experiment, recorded);
      const different = COMPARED.filter(
        (key) => !isDeepStrictEqual(withoutSpeed(seeded[key]), withoutSpeed(recorded[key])),
      );
      if (different.length === 0) return seeded;
      if (maps.training.splitsList.length > 0) {
        throw new ClinicaDLException(
          `${maps.path} holds trainings of an experiment with another ${different.join(", ")} (${path}). Choose another 'maps', or begin anew with --overwrite.`,
        );
      }
      // of an experiment that was corrected before anything was trained
      rmSync(join(maps.path, SPLITS), { recursive: true, force: true });
    }
    const drawn = withSeeds(experiment, experiment);
    writeFileAtomic(path, stringify({ ...drawn, baseDir: process.cwd() }), { overwrite: true });
    return drawn;
  });
}

/** Options of a loader, without those that change nothing but speed. */
export function withoutSpeed(options: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([key]) => !SPEED.includes(key)));
}

/** The experiment with the seeds of another where it has none; new ones where that has none either. */
function withSeeds(experiment: Experiment, other: Experiment): Experiment {
  const seeded = (options: Record<string, unknown>, known: Record<string, unknown> | undefined) => ({
    ...options,
    seed: options.seed ?? known?.seed ?? freshSeed(),
  });
  const { makeKfold, makeSplit, ...rest } = experiment.split;
  return {
    ...experiment,
    computational: seeded(experiment.computational, other.computational),
    split: {
      ...rest,
      ...(makeKfold === undefined ? {} : { makeKfold: seeded(makeKfold, other.split.makeKfold) }),
      ...(makeSplit === undefined ? {} : { makeSplit: seeded(makeSplit, other.split.makeSplit) }),
    },
  };
}
