import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseWith } from "../utils/config.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";
import { type Sweep, sweepSchema } from "./config.ts";
import { readTrials, STUDY_FILE } from "./study-file.ts";
import type { Trial } from "./trial.ts";

/** What a study holds. */
export interface StudyContent {
  /** As it was recorded: how many trials there will be is not. */
  readonly sweep: Sweep;
  readonly trials: readonly Trial[];
}

/** A process that writes a trial is waited for so long. */
const BUSY_MS = 5000;

/**
 * Reads a study, while trials are trained and later. Nothing of it is changed.
 * @param path its directory.
 * @throws ClinicaDLException where there is none, or none that can be read.
 */
export function readStudy(path: string): StudyContent {
  const file = join(path, STUDY_FILE);
  if (!existsSync(file)) {
    throw new ClinicaDLException(
      `${path} is no study of a sweep: it has no ${STUDY_FILE}. Give the 'study' of the sweep file.`,
    );
  }
  const database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
  try {
    const isBegun = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'sweep'").get() !== undefined;
    const content = isBegun ? database.prepare("SELECT content FROM sweep").get()?.content : undefined;
    if (content === undefined) throw new ClinicaDLException(`The study in ${path} has not begun.`);
    const sweep = parseWith(sweepSchema, JSON.parse(String(content)), `the sweep of ${path}`);
    return { sweep, trials: readTrials(database) };
  } finally {
    database.close();
  }
}
