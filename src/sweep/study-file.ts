/** What the file of a study holds, for the processes that write it and for who only reads it. */
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { rangesOf, type Sweep } from "./config.ts";
import { type Trial, trialSchema } from "./trial.ts";

/** The name of the file, in the directory of a study. */
export const STUDY_FILE = "study.sqlite";

/** Whether trials have a column for deviations; those of before there was more than one training of a trial have none. */
export function hasDeviations(database: DatabaseSync): boolean {
  return database.prepare("SELECT 1 FROM pragma_table_info('trials') WHERE name = 'sd'").get() !== undefined;
}

export function readTrials(database: DatabaseSync): Trial[] {
  const sd = hasDeviations(database) ? "sd" : "NULL AS sd";
  const rows = database
    .prepare(`SELECT number, "values", state, score, ${sd}, epochs FROM trials ORDER BY number`)
    .all();
  return rows.map((row) => trialSchema.parse(row));
}

/** The best of the complete trials; null while there is none. */
export function bestOf({ direction }: Pick<Sweep, "direction">, trials: readonly Trial[]): Trial | null {
  const sign = direction === "min" ? 1 : -1;
  const complete = trials.filter(
    (trial): trial is Trial & { score: number } => trial.state === "complete" && trial.score !== null,
  );
  return complete.sort((a, b) => sign * (a.score - b.score))[0] ?? null;
}

/** The directory of a trial: its MAPS, or those of its seeds. */
export function folderOfTrial(study: string, { number }: Pick<Trial, "number">): string {
  return join(study, `trial-${String(number).padStart(4, "0")}`);
}

/** The lock of who trains a trial. */
export function lockOfTrial(study: string, { number }: Pick<Trial, "number">): string {
  return join(study, `.trial-${number}.lock`);
}

/** The trainings of a trial: each a MAPS, and its seed; null where that is the experiment's. @param folder that of the trial. */
export function trainingsOf(
  { seeds }: Pick<Sweep, "seeds">,
  folder: string,
): readonly { readonly maps: string; readonly seed: number | null }[] {
  if (seeds === undefined) return [{ maps: folder, seed: null }];
  return seeds.map((seed) => ({ maps: join(folder, `seed-${seed}`), seed }));
}

/** Values as the experiment file has them: of a choice, not the index. */
export function experimentValues(sweep: Sweep, { values }: Pick<Trial, "values">): Record<string, unknown> {
  return Object.fromEntries(
    [...rangesOf(sweep)].map(([name, range]) => {
      const value = values[name];
      return [name, range.kind === "choice" && value !== undefined ? range.choices[value] : value];
    }),
  );
}
