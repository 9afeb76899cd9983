import { basename } from "node:path";
import { folderOf, type InferenceDir, Maps, type Models } from "../../io/maps/index.ts";
import { directoriesIn } from "../../io/maps/scan.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { readStatus, type SplitStatus } from "./status.ts";

/** A split, and which models it has saved. */
export interface SplitContent {
  readonly index: number;
  readonly status: SplitStatus;
  /** `best-<metric>`, `epoch-<n>`, `final`: those whose weights are there. */
  readonly checkpoints: readonly string[];
}

/** Which results there are on a group. */
export interface ResultContent {
  /** A split, or the splits of an ensemble. */
  readonly models: Models;
  /** `split-0`, `ensemble-0-1`. */
  readonly name: string;
  readonly checkpoint: string;
}

/** A group of data that models were applied to. */
export interface GroupContent {
  readonly name: string;
  readonly results: readonly ResultContent[];
}

/** What a MAPS holds. */
export interface Contents {
  /** Absolute. */
  readonly path: string;
  /** The name of its folder. */
  readonly name: string;
  readonly splits: readonly SplitContent[];
  /** Groups that models were tested on. */
  readonly tests: readonly GroupContent[];
  /** Groups with predictions. */
  readonly predictions: readonly GroupContent[];
}

/**
 * What a MAPS holds, of whichever language, while it is written or later.
 *
 * ```ts
 * const { splits, tests } = readContents("maps");
 * ```
 *
 * @throws ClinicaDLException where there is no MAPS.
 */
export function readContents(path: string): Contents {
  const maps = new Maps(path);
  if (!maps.exists()) throw new ClinicaDLException(`${maps.path} does not exist. Check the path of the MAPS.`);
  if (!maps.looksLikeMaps()) {
    throw new ClinicaDLException(
      `${maps.path} is no MAPS: it has no folder 'training' with a summary.log or model.json beside it. Give the directory that a training wrote.`,
    );
  }
  return {
    path: maps.path,
    name: basename(maps.path),
    splits: maps.training.splitsList.map((index) => ({
      index,
      status: readStatus(maps.path, index),
      checkpoints: maps.training.split(index).models.list,
    })),
    tests: groupsOf(maps.test),
    predictions: groupsOf(maps.prediction),
  };
}

function groupsOf(inference: InferenceDir): GroupContent[] {
  return [...inference.groups].map(([name, group]) => {
    const models: Models[] = [...group.splitsList, ...group.ensemblesList];
    const results = models.flatMap((one) =>
      directoriesIn(`${group.path}/results/${folderOf(one)}`).map((checkpoint) => ({
        models: one,
        name: folderOf(one),
        checkpoint,
      })),
    );
    return { name, results };
  });
}
