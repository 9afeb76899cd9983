import { z } from "zod";
import {
  type Cell,
  columnsOf,
  floatColumns,
  markFloatColumns,
  type ParticipantRow,
  pairKey,
} from "../../io/tsv/index.ts";
import { type JsonObject, parseWith, show } from "../../utils/config.ts";
import { ConfigError, DataFrameError } from "../../utils/exceptions.ts";
import { warn } from "../../utils/warnings.ts";
import type { Sample } from "../structures/index.ts";
import { absentSample, IS_PRESENT, markPresent } from "./absent-sample.ts";
import {
  Collection,
  isSampleDataset,
  membersFromDict,
  membersFromOptions,
  membersFromWorker,
  partsOfMembers,
} from "./collection.ts";
import { type DatasetLike, type RowSelection, type SubsetOptions, subsetOptions } from "./dataset-like.ts";
import { listMissing, type MissingMember } from "./missing-pairs.ts";
import { pairedNumbers } from "./paired-numbers.ts";
import type { PortableDataset } from "./portable.ts";
import { selectPairs } from "./select-pairs.ts";

export interface PairedOptions {
  /**
   * What is done with (participant, session) pairs that some of the datasets lack: "error", the default, lists them; "ignore", they are left
   * out with a warning, as in `subset`; "zeros", the sample of a dataset that lacks them is zeros (float32), of the shape of the first image
   * that is there, without masks. Then items come in the order of participants and sessions, and each sample has the field `is_present`, which a
   * batch gives as booleans (N), a merged one as (N, datasets).
   */
  readonly missing?: MissingMember;
}

const optionsSchema = z.strictObject({ missing: z.enum(["error", "ignore", "zeros"]).default("error") });

/**
 * Several datasets of the same participants and sessions, such as two modalities: an item is a tuple of samples, one of each
 * dataset, and a loader gives a tuple of batches. Samples of a tuple draw the same random numbers.
 * @example
 * ```ts
 * const [t1w, pet] = [dataset, dataset.subset([["sub-002", "ses-M000"]])];
 * const paired = new PairedDataset([t1w, pet], { missing: "zeros" });
 * for await (const [first, second] of new DataLoader(paired, { batchSize: 16, shuffle: false })) {
 *   using isPresent = second.getField("is_present");
 *   console.log(first.length, isPresent.sum().item()); // → 16 1
 *   disposeBatch([first, second]);
 * }
 * ```
 */
export class PairedDataset extends Collection<readonly Sample[]> {
  static readonly name_ = "PairedDataset";
  override readonly name_ = PairedDataset.name_;
  readonly givesTuples = true;
  readonly #df: readonly ParticipantRow[];
  readonly #zeros: boolean;
  /** In training and in evaluation, where extractions may cut otherwise. */
  readonly #numbers = new Map<boolean, readonly (readonly (number | null)[])[]>();

  /**
   * @throws ConfigError when there are fewer than two datasets, or they do not have the same participants and sessions (unless `missing`
   * says otherwise), in the same order and each once, with the same number of samples.
   * @throws DataFrameError when they say different things of one: names participant, session, column and values.
   */
  constructor(datasets: readonly DatasetLike<Sample>[], options: PairedOptions = {}) {
    const { missing } = parseWith(optionsSchema, options, PairedDataset.name_);
    super(missing === "ignore" ? commonParts(datasets) : datasets, 2);
    this.#zeros = missing === "zeros";
    this.#df = mergedRows(this.datasets, this.#zeros);
    if (!this.#zeros) this.#checkSamples();
    else if (this.#df.some((row) => Object.hasOwn(row, IS_PRESENT))) {
      throw new ConfigError(`PairedDataset: a dataset has a column '${IS_PRESENT}', a name that it uses. Rename it.`);
    } else this.#items();
  }
  #checkSamples(): void {
    const different = this.datasets.findIndex((dataset) => dataset.length !== this.length);
    if (different > 0) {
      throw new ConfigError(
        `PairedDataset: dataset 0 has ${this.length} samples, and dataset ${different} has ${this.datasets[different]?.length}. Cut them in the same way.`,
      );
    }
    for (let i = 0; i < this.length; i++) {
      const [first, ...others] = this.datasets.map((dataset) => whoseSample(dataset, i));
      const other = others.find((who) => who !== first);
      if (other === undefined) continue;
      throw new ConfigError(
        `PairedDataset: sample ${i} is of ${first} in dataset 0, and of ${other} in another. Bring them into one order: dataset.sorted() of BidsDataset.`,
      );
    }
  }

  override get df(): readonly ParticipantRow[] {
    return this.#df;
  }
  override get length(): number {
    return this.#zeros ? this.#items().length : (this.datasets[0]?.length ?? 0);
  }
  #items(): readonly (readonly (number | null)[])[] {
    const known = this.#numbers.get(this.evalMode);
    if (known !== undefined) return known;
    const numbers = pairedNumbers(this.datasets, this.#df.map(pairKey));
    this.#numbers.set(this.evalMode, numbers);
    return numbers;
  }
  /** The numbers of an item's samples; null where one is missing. */
  #numbersOf(index: number): readonly (number | null)[] {
    if (!this.#zeros) return this.datasets.map(() => index);
    const numbers = this.#items()[index];
    if (numbers !== undefined) return numbers;
    throw new RangeError(`The dataset has ${this.length} samples, numbered from 0; there is no number ${index}.`);
  }

  override async get(index: number, copy = 0, drawn = index): Promise<readonly Sample[]> {
    const numbers = this.#numbersOf(index);
    const samples: (Sample | null)[] = [];
    try {
      for (const [i, dataset] of this.datasets.entries()) {
        const number = numbers[i] ?? null;
        samples.push(number === null ? null : await dataset.get(number, copy, drawn));
      }
      return this.#zeros ? this.#filled(samples) : samples.filter((sample) => sample !== null);
    } catch (error) {
      for (const sample of samples) sample?.dispose();
      throw error;
    }
  }
  /** With zeros where there is no sample. */
  #filled(samples: readonly (Sample | null)[]): readonly Sample[] {
    const first = samples.find((sample) => sample !== null);
    if (first === undefined) throw new ConfigError("PairedDataset: an item is in none of its datasets.");
    return this.datasets.map((dataset, i) => {
      const sample = samples[i] ?? null;
      return sample === null ? absentSample(dataset, first) : markPresent(sample, true);
    });
  }
  /** @throws DataFrameError when no dataset has the column, or several say different things. */
  override getSampleInfo(index: number, column: string): Cell {
    const numbers = this.#numbersOf(index);
    const values = new Set<Cell>();
    let has = false;
    for (const [i, dataset] of this.datasets.entries()) {
      if (!dataset.df.some((row) => Object.hasOwn(row, column))) continue;
      has = true;
      const number = numbers[i] ?? null;
      if (number !== null) values.add(dataset.getSampleInfo(number, column));
    }
    if (has && values.size === 0) return null;
    const [value, other] = values;
    if (value === undefined) throw new DataFrameError(`No dataset of the PairedDataset has a column '${column}'.`);
    if (other === undefined) return value;
    throw new DataFrameError(
      `The datasets of the PairedDataset have ${show(value)} and ${show(other)} as '${column}' of sample ${index}.`,
    );
  }
  override subset(selection: RowSelection, options: SubsetOptions = {}): PairedDataset {
    const { missing } = parseWith(subsetOptions, options, "subset");
    const pairs = selectPairs(selection, this.df, missing).map(
      (pair) => [pair.participant_id, pair.session_id] as const,
    );
    if (!this.#zeros) return this.passOn(new PairedDataset(this.datasets.map((dataset) => dataset.subset(pairs))));
    const wanted = pairs.map(([participant_id, session_id]) => ({ participant_id, session_id }));
    const parts = partsOfMembers(this.datasets, wanted).map((part, i) => {
      if (part !== null) return part;
      throw new ConfigError(
        `PairedDataset: none of the (participant, session) pairs asked for is in dataset ${i}; each needs one at least, also with missing: "zeros".`,
      );
    });
    return this.passOn(new PairedDataset(parts, { missing: "zeros" }));
  }

  /** What "ignore" left out is not in its datasets any more. */
  protected override ownOptions(): { readonly missing?: "zeros" } {
    return this.#zeros ? { missing: "zeros" } : {};
  }

  /** Reads what `toDict`, or ClinicaDL in Python, wrote. */
  static fromDict({ missing = "error", ...dict }: JsonObject): PairedDataset {
    const options = parseWith(optionsSchema, { missing }, PairedDataset.name_);
    return new PairedDataset(membersFromDict(PairedDataset.name_, dict), options);
  }
  /** A dataset with options of which the types are not known: `{ datasets, missing }`. */
  static fromOptions(options: unknown): PairedDataset {
    const { datasets, ...own } = membersFromOptions(PairedDataset.name_, options, true);
    return new PairedDataset(datasets, own);
  }
  static async fromWorker(
    content: unknown,
    read: (dataset: PortableDataset) => Promise<DatasetLike>,
  ): Promise<PairedDataset> {
    const { datasets, ...own } = await membersFromWorker(PairedDataset.name_, content, read);
    return new PairedDataset(datasets, own);
  }
}

/** The parts of datasets that all of them have, in the order of the first; what is left out is warned of. */
function commonParts(datasets: readonly DatasetLike<Sample>[]): readonly DatasetLike<Sample>[] {
  // what is no dataset, the constructor refuses
  if (!Array.isArray(datasets) || !datasets.every(isSampleDataset)) return datasets;
  const tables = datasets.map(tableOf);
  const all = [...new Map(tables.flatMap((table) => [...table]))];
  const lacking = all.filter(([key]) => !tables.every((table) => table.has(key)));
  if (lacking.length === 0) return datasets;
  const common = all.filter(([key]) => tables.every((table) => table.has(key))).map(([, row]) => row);
  const counts = tables.map((table, i) => `dataset ${i} lacks ${all.length - table.size}`).join(", ");
  const what = `PairedDataset: ${lacking.length} of ${all.length} (participant, session) pairs are not in all datasets (${counts}): ${listMissing(
    lacking.map(([, row]) => row),
    [],
  )}.`;
  if (common.length === 0) throw new ConfigError(`${what} None is left.`);
  warn(`${what} They are left out.`);
  const pairs = common.map((row) => [row.participant_id, row.session_id] as const);
  return datasets.map((dataset) => dataset.subset(pairs));
}

function whoseSample(dataset: DatasetLike, index: number): string {
  return `(${dataset.getSampleInfo(index, "participant_id")}, ${dataset.getSampleInfo(index, "session_id")})`;
}

/** One row per participant and session, with the columns of all datasets. */
function mergedRows(datasets: readonly DatasetLike[], union: boolean): readonly ParticipantRow[] {
  const tables = datasets.map(tableOf);
  const [first = new Map<string, ParticipantRow>()] = tables;
  for (const [i, table] of union ? [] : tables.entries()) {
    const different = [...new Set(table.keys()).symmetricDifference(new Set(first.keys()))];
    if (different.length === 0) continue;
    const listed = different.slice(0, 10).map((key) => `(${key.replace("\t", ", ")})`);
    throw new ConfigError(
      `PairedDataset: dataset 0 and dataset ${i} must have the same (participant, session) pairs; only one of them has ${listed.join(", ")}${different.length > 10 ? ", …" : ""}. Leave them out with { missing: "ignore" }, or have zeros for them with { missing: "zeros" }.`,
    );
  }
  const keys = union ? [...new Set(tables.flatMap((table) => [...table.keys()]))].sort() : [...first.keys()];
  const columns = columnsOf(datasets.flatMap((dataset) => dataset.df));
  const blank = Object.fromEntries([...columns].map((column) => [column, null]));
  const rows = keys.map((key) => {
    const [participant_id = "", session_id = ""] = key.split("\t");
    const row: ParticipantRow = { ...blank, ...first.get(key), participant_id, session_id };
    return tables.reduce((merged, table) => withRow(merged, table.get(key)), row);
  });
  return markFloatColumns(rows, new Set(datasets.flatMap((dataset) => [...floatColumns(dataset.df)])));
}

function tableOf(dataset: DatasetLike, number: number): ReadonlyMap<string, ParticipantRow> {
  const rows = dataset.df.map((row) => ({
    ...row,
    participant_id: String(row.participant_id),
    session_id: String(row.session_id),
  }));
  const table = new Map(rows.map((row) => [pairKey(row), row]));
  if (table.size === rows.length) return table;
  throw new ConfigError(`PairedDataset: dataset ${number} has a (participant, session) pair twice.`);
}

/** The row with what another dataset knows. @throws DataFrameError when that is something else. */
function withRow(row: ParticipantRow, other: ParticipantRow | undefined): ParticipantRow {
  for (const [column, value] of Object.entries(other ?? {})) {
    const known = row[column] ?? null;
    if (known === null) row[column] = value;
    else if (value !== null && value !== known) {
      throw new DataFrameError(
        `PairedDataset: for (${row.participant_id}, ${row.session_id}) the datasets have ${show(known)} and ${show(value)} as '${column}'. Rename the column in one of them.`,
      );
    }
  }
  return row;
}
