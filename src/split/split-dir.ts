/** What a split folder holds: its config and its tables. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "../io/json/index.ts";
import {
  PARTICIPANT_ID,
  type ParticipantRow,
  readParticipants,
  readTsv,
  readTsvColumns,
  SESSION_ID,
} from "../io/tsv/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";

/**
 * A split folder is not there, lacks a file, or a file of it cannot be used.
 * @example
 * ```ts
 * try {
 *   new KFold("splits/5_fold");
 * } catch (error) {
 *   console.log(error instanceof SplitDirError); // → true
 * }
 * ```
 */
export class SplitDirError extends ClinicaDLException {}

const REMEDY = "Make it with makeKFold or makeSplit (clinicadl/split).";

/** Who is trained on and who is validated on. */
export interface Tables {
  readonly training: readonly ParticipantRow[];
  readonly validation: readonly ParticipantRow[];
}

/** Reads a config. @throws SplitDirError naming the file and the fields that cannot be used. */
export function readSplitConfig<T>(splitDir: string, file: string, read: (dict: JsonObject) => T): T {
  if (!existsSync(splitDir) || !statSync(splitDir).isDirectory())
    throw new SplitDirError(`There is no split folder ${splitDir}. ${REMEDY}`);
  const path = join(splitDir, file);
  if (!existsSync(path)) throw new SplitDirError(`${splitDir} is not such a split: it lacks ${file}. ${REMEDY}`);
  return usable(path, () => read(readJson(path)));
}

/** Reads the tables of one split. @throws SplitDirError naming the file that is missing or cannot be used. */
export function readTables(
  dir: string,
  { subsetName, longitudinal }: { readonly subsetName: string; readonly longitudinal: boolean },
): Tables {
  const files = [
    "train_baseline.tsv",
    `${subsetName}_baseline.tsv`,
    "train.tsv",
    ...(longitudinal ? [`${subsetName}.tsv`] : []),
  ];
  for (const file of files) {
    if (!existsSync(join(dir, file))) throw new SplitDirError(`The split folder ${dir} lacks ${file}. ${REMEDY}`);
  }
  return {
    training: readTable(join(dir, "train.tsv")),
    validation: readTable(join(dir, longitudinal ? `${subsetName}.tsv` : `${subsetName}_baseline.tsv`)),
  };
}

/** The rows of a table, which may have none (a test set of nobody). */
function readTable(path: string): readonly ParticipantRow[] {
  return usable(path, () => {
    const columns = readTsvColumns(path);
    const isEmpty =
      [PARTICIPANT_ID, SESSION_ID].every((column) => columns.includes(column)) && readTsv(path).length === 0;
    return isEmpty ? [] : readParticipants(path, { checkDuplicates: false });
  });
}

function usable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const where = error.message.includes(path) ? "" : `${path}: `;
    throw new SplitDirError(`${where}${error.message} Correct the file, or make the split again.`, { cause: error });
  }
}
