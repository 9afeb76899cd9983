/** What each split holds, as a table to look at before training. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type ParticipantRow, pairKey, type Row, readParticipants } from "../io/tsv/index.ts";
import { parseWith, show } from "../utils/config.ts";
import { DataFrameError } from "../utils/exceptions.ts";
import { naturalOrder } from "../utils/natural-order.ts";
import { mean, tTest, variance } from "../utils/stats/index.ts";
import { KFoldConfig, SingleSplitConfig } from "./configs.ts";
import { KFOLD_FILE } from "./kfold-plan.ts";
import { readSplitConfig, readTables, type Tables } from "./split-dir.ts";
import { categoricalP, numbers } from "./statistics.ts";
import { checkColumns, isNumeric, pairMerger, type TableLike } from "./tables.ts";

/** One line of a report: a number in the training set, and the same in the other set. */
export type ReportRow = {
  /** The number of the split. */
  readonly split: number;
  /** The column; null for the counts of participants and sessions. */
  readonly column: string | null;
  /** The category; null for numbers. */
  readonly value: string | number | boolean | null;
  readonly statistic: "participants" | "sessions" | "proportion" | "mean" | "std" | "missing" | "p-value";
  readonly train: number | null;
  /** In the validation or test set. A p-value stands here alone: it compares both. */
  readonly other: number | null;
};

/** What `reportSplits` finds. */
export interface SplitReport {
  readonly rows: readonly ReportRow[];
  /** What should be looked at before training: categories that a set lacks, participants on both sides. */
  readonly warnings: readonly string[];
}

const schema = z.strictObject({ columns: z.array(z.string()).readonly() });

/**
 * What the splits of a folder hold: how many participants and sessions, and for each of `columns` the proportion of each category, or mean and
 * standard deviation, in both sets, with the p-value of their difference (chi-squared test on counts; Student's t-test on numbers; null
 * where it cannot be computed). Integers of at most ten different values are categories. One value a participant counts, that of the first session of the set.
 *
 * @param splitDir what `makeKFold`, `makeSplit` or one of their siblings wrote.
 * @param data the table from which it was made: the path of a TSV, or rows. It may have more columns than the split keeps.
 * @returns rows for `console.table` or `writeTsv`, and warnings.
 * @throws SplitDirError, DataFrameError
 * @example
 * ```ts
 * const { rows, warnings } = reportSplits("splits/3_fold", "bids/metadata.tsv", { columns: ["age", "diagnosis"] });
 * const ages = rows.filter(({ column, statistic }) => column === "age" && statistic === "mean");
 * console.log(ages.length, warnings); // → 3 []
 * ```
 */
export function reportSplits(
  splitDir: string,
  data: TableLike,
  options: { readonly columns: readonly string[] },
): SplitReport {
  const { columns } = parseWith(schema, options, "reportSplits");
  const all = readParticipants(data, { checkDuplicates: false, sessionsOptional: true });
  checkColumns(all, columns, "reportSplits");
  const merged = pairMerger(all, columns);
  const rows: ReportRow[] = [];
  const warnings: string[] = [];
  splitsOf(splitDir).forEach(({ tables, subsetName }, split) => {
    const sets = [tables.training, tables.validation].map((set) =>
      [...new Map(set.map((pair) => [pairKey(pair), pair])).values()].map((pair) => {
        const row = merged(pair);
        if (row !== undefined) return row;
        throw new DataFrameError(
          `reportSplits: (${pair.participant_id}, ${pair.session_id}) of split ${split} of ${splitDir} is not in the table. Give the table from which the split was made.`,
        );
      }),
    ) as [ParticipantRow[], ParticipantRow[]];
    const [train, other] = sets.map(firstOfEach) as [ParticipantRow[], ParticipantRow[]];
    const trained = new Set(train.map((row) => row.participant_id));
    const both = other.filter((row) => trained.has(row.participant_id));
    if (both.length > 0) {
      warnings.push(`split ${split}: ${both.length} participants are in train and in ${subsetName}.`);
    }
    const add = (row: Omit<ReportRow, "split">): void => {
      rows.push({ split, ...row });
    };
    add({ column: null, value: null, statistic: "participants", train: train.length, other: other.length });
    add({ column: null, value: null, statistic: "sessions", train: sets[0].length, other: sets[1].length });
    for (const column of columns) {
      const missing = [train, other].map((set) => set.filter((row) => (row[column] ?? null) === null).length);
      if (missing.some((n) => n > 0)) {
        add({ column, value: null, statistic: "missing", train: missing[0] ?? 0, other: missing[1] ?? 0 });
      }
      if (isContinuous(all, column)) addNumbers(add, column, train, other);
      else {
        const lacking = addCategories(add, column, train, other);
        for (const { value, inTrain } of lacking) {
          warnings.push(
            `split ${split}: nobody in ${inTrain ? subsetName : "train"} has '${column}' = ${show(value)}.`,
          );
        }
      }
    }
  });
  return { rows, warnings };
}

/** Numbers, but not few integers, which are codes of categories. */
function isContinuous(rows: readonly ParticipantRow[], column: string): boolean {
  if (!isNumeric(rows, column)) return false;
  const unique = [...new Set(numbers(rows, column))];
  return unique.length > 10 || unique.some((value) => !Number.isInteger(value));
}

type Add = (row: Omit<ReportRow, "split">) => void;

function addNumbers(add: Add, column: string, train: readonly Row[], other: readonly Row[]): void {
  const [a, b] = [numbers(train, column), numbers(other, column)];
  const line = (statistic: "mean" | "std", of: (values: readonly number[]) => number): void =>
    add({ column, value: null, statistic, train: known(of(a)), other: known(of(b)) });
  line("mean", mean);
  line("std", (values) => Math.sqrt(variance(values)));
  add({ column, value: null, statistic: "p-value", train: null, other: known(tTest(b, a)) });
}

/** Returns the categories that one of the sets lacks. */
function addCategories(
  add: Add,
  column: string,
  train: readonly Row[],
  other: readonly Row[],
): { readonly value: unknown; readonly inTrain: boolean }[] {
  const present = (rows: readonly Row[]): unknown[] => rows.map((row) => row[column] ?? null).filter((v) => v !== null);
  const [a, b] = [present(train), present(other)];
  const lacking: { value: unknown; inTrain: boolean }[] = [];
  for (const value of new Set([...a, ...b])) {
    const share = (values: readonly unknown[]): number => values.filter((own) => own === value).length / values.length;
    const [inTrain, inOther] = [share(a), share(b)];
    if (!(inTrain > 0) || !(inOther > 0)) lacking.push({ value, inTrain: inTrain > 0 });
    const named = typeof value === "number" || typeof value === "boolean" ? value : String(value);
    add({ column, value: named, statistic: "proportion", train: known(inTrain), other: known(inOther) });
  }
  add({ column, value: null, statistic: "p-value", train: null, other: known(categoricalP(other, train, column)) });
  return lacking;
}

/** A number that a table can hold: null for what cannot be computed. */
function known(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function firstOfEach(rows: readonly ParticipantRow[]): ParticipantRow[] {
  const first = new Map<string, ParticipantRow>();
  for (const row of rows) {
    const before = first.get(row.participant_id);
    if (before === undefined || naturalOrder(row.session_id, before.session_id) < 0) first.set(row.participant_id, row);
  }
  return [...first.values()];
}

function splitsOf(splitDir: string): { readonly tables: Tables; readonly subsetName: string }[] {
  if (existsSync(join(splitDir, KFOLD_FILE)) || !existsSync(join(splitDir, "single_split_config.json"))) {
    const config = readSplitConfig(splitDir, KFOLD_FILE, (dict) => KFoldConfig.fromDict(dict));
    return Array.from({ length: config.nSplits }, (_, i) => ({
      tables: readTables(join(splitDir, `split-${i}`), config),
      subsetName: config.subsetName,
    }));
  }
  const config = readSplitConfig(splitDir, "single_split_config.json", (dict) => SingleSplitConfig.fromDict(dict));
  return [{ tables: readTables(splitDir, config), subsetName: config.subsetName }];
}
