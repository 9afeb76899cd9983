/** What `npx clinicadl init` does: a first experiment file for a BIDS dataset, which runs as it is. */
import { existsSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { Bids, type FileKind } from "../../io/bids/index.ts";
import { writeFileAtomic } from "../../io/files/index.ts";
import { readTsv, writeTsv } from "../../io/tsv/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { freshSeed } from "../../utils/random/index.ts";
import type { Choose } from "./ask.ts";
import { experimentText } from "./experiment.ts";
import { imageKinds, kindText, typeOf, type Voxels, voxelsOf } from "./images.ts";
import { labelColumns, requireTask, type Task } from "./labels.ts";
import { findTable, joinTable } from "./table.ts";

export interface InitOptions {
  readonly bids: string;
  /** The file to write. */
  readonly output: string;
  /** A table of what is known of participants or sessions. Default: that of the dataset. */
  readonly data?: string;
  /** The column to learn. Default: it is chosen. */
  readonly label?: string;
  /** What the names of images end with, and the folder they are in. Default: they are chosen. */
  readonly suffix?: string;
  readonly dataType?: string;
  /** Folds, at most; fewer where a class has fewer participants. */
  readonly folds: number;
  readonly seed?: number;
  readonly overwrite: boolean;
}

export interface InitResult {
  readonly experiment: string;
  /** The table, where one was written. */
  readonly table: string | null;
  readonly images: number;
  readonly kind: string;
  readonly task: Task;
  readonly voxels: Voxels;
  readonly leftOut: Readonly<Record<string, number>>;
}

/**
 * Looks into a dataset and writes an experiment file for it, and a table beside it where that of the dataset does not say of each session what is to
 * be learnt.
 * @throws ConfigError where the dataset has nothing that can be learnt, or a file is there already.
 */
export async function init(options: InitOptions, choose: Choose): Promise<InitResult> {
  const { overwrite } = options;
  const bids = new Bids(options.bids);
  const output = resolve(options.output);
  const folder = dirname(output);
  const tablePath = join(folder, `${basename(output).replace(/\.[^.]*$/, "")}.tsv`);
  if (existsSync(output) && !overwrite) {
    throw new ConfigError(`${output} is there already. Choose another --output, or replace it with --overwrite.`);
  }
  const kinds = imageKinds(bids);
  const kind = await choose("Which images?", wanted(kinds, options), kindText);
  const data = options.data === undefined ? findTable(bids) : resolve(options.data);
  const rows = readTsv(data);
  const columns = labelColumns(rows);
  if (options.label === undefined && columns.length === 0) {
    throw new ConfigError(
      `${data} has no column that can be learnt: a number, or one of a few classes. Give another: --data.`,
    );
  }
  const label = options.label ?? (await choose(`What is learnt? (columns of ${data})`, columns, (name) => name));
  const fileType = typeOf(kind, kinds);
  const joined = joinTable(data, bids, fileType, label);
  const task = requireTask(joined.rows, label);
  const voxels = voxelsOf(joined.paths);
  const folds = Math.min(options.folds, smallestClass(joined.rows, task));
  if (folds < 2) {
    throw new ConfigError(
      `'${label}' has a class with a single participant, or there is only one: folds need two of each. Leave such rows out of a table (--data).`,
    );
  }
  if (!joined.whole && existsSync(tablePath) && !overwrite) {
    throw new ConfigError(`${tablePath} is there already. Choose another --output, or replace it with --overwrite.`);
  }
  if (!joined.whole) writeTsv(tablePath, joined.rows);
  const local = (path: string): string => relative(folder, path) || ".";
  const text = experimentText({
    bids: local(bids.path),
    data: local(joined.whole ? data : tablePath),
    maps: "maps",
    fileType,
    voxels,
    task,
    images: joined.rows.length,
    folds,
    seed: options.seed ?? freshSeed(),
  });
  writeFileAtomic(output, text, { overwrite });
  return {
    experiment: output,
    table: joined.whole ? null : tablePath,
    images: joined.rows.length,
    kind: kindText(kind),
    task,
    voxels,
    leftOut: Object.fromEntries(joined.leftOut),
  };
}

/** The kinds that an option asks for. */
function wanted(kinds: readonly FileKind[], { suffix, dataType }: InitOptions): readonly FileKind[] {
  const found = kinds.filter(
    (kind) =>
      (suffix === undefined || kind.suffix === suffix) && (dataType === undefined || kind.dataType === dataType),
  );
  if (found.length > 0) return found;
  throw new ConfigError(
    kinds.length === 0
      ? "There are no images (.nii, .nii.gz, .mgz) with BIDS names in the sessions of this dataset."
      : `There are no such images. There are: ${kinds.map(kindText).join("; ")}.`,
  );
}

/** How many participants the smallest class has; of numbers, how many there are. */
function smallestClass(rows: readonly Readonly<Record<string, unknown>>[], task: Task): number {
  const participants = new Map<string, Set<unknown>>();
  for (const row of rows) {
    const group = task.kind === "classification" ? String(row[task.label]) : "all";
    participants.set(group, (participants.get(group) ?? new Set()).add(row.participant_id));
  }
  return Math.min(...[...participants.values()].map((ids) => ids.size));
}
