import { type Cell, floatColumns, markFloatColumns, type ParticipantRow, pairKey } from "../../io/tsv/index.ts";
import { type JsonObject, parseWith, show } from "../../utils/config.ts";
import { ConfigError, DataFrameError } from "../../utils/exceptions.ts";
import type { Sample } from "../structures/index.ts";
import { Collection, membersFromDict, membersFromOptions, membersFromWorker } from "./collection.ts";
import { type DatasetLike, type RowSelection, type SubsetOptions, subsetOptions } from "./dataset-like.ts";
import type { PortableDataset } from "./portable.ts";
import { selectPairs } from "./select-pairs.ts";

/**
 * Several datasets of the same participants and sessions, such as two modalities: an item is a tuple of samples, one of each
 * dataset, and a loader gives a tuple of batches. Samples of a tuple draw the same random numbers.
 *
 * ```ts
 * const dataset = new PairedDataset([t1w, pet]);
 * class Siamese extends Model<readonly Batch[]> { override forwardStep([t1w, pet]: readonly Batch[]) { … } }
 * ```
 */
export class PairedDataset extends Collection<readonly Sample[]> {
  static readonly name_ = "PairedDataset";
  override readonly name_ = PairedDataset.name_;
  readonly givesTuples = true;
  readonly #df: readonly ParticipantRow[];

  /**
   * @throws ConfigError when there are fewer than two datasets, or they do not have the same participants and sessions, in the same
   * order and each once, with the same number of samples.
   * @throws DataFrameError when they say different things of one: names participant, session, column and values.
   */
  constructor(datasets: readonly DatasetLike<Sample>[]) {
    super(datasets, 2);
    this.#df = mergedRows(this.datasets);
    this.#checkSamples();
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
    return this.datasets[0]?.length ?? 0;
  }
  override async get(index: number, copy = 0): Promise<readonly Sample[]> {
    const samples: Sample[] = [];
    try {
      for (const dataset of this.datasets) samples.push(await dataset.get(index, copy));
      return samples;
    } catch (error) {
      for (const sample of samples) sample.dispose();
      throw error;
    }
  }
  /** @throws DataFrameError when no dataset has the column, or several say different things. */
  override getSampleInfo(index: number, column: string): Cell {
    const having = this.datasets.filter((dataset) => dataset.df.some((row) => Object.hasOwn(row, column)));
    const values = new Set(having.map((dataset) => dataset.getSampleInfo(index, column)));
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
    return this.passOn(new PairedDataset(this.datasets.map((dataset) => dataset.subset(pairs))));
  }

  /** Reads what `toDict`, or ClinicaDL in Python, wrote. */
  static fromDict(dict: JsonObject): PairedDataset {
    return new PairedDataset(membersFromDict(PairedDataset.name_, dict));
  }
  /** A dataset with options of which the types are not known: `{ datasets }`. */
  static fromOptions(options: unknown): PairedDataset {
    return new PairedDataset(membersFromOptions(PairedDataset.name_, options).datasets);
  }
  static async fromWorker(
    content: unknown,
    read: (dataset: PortableDataset) => Promise<DatasetLike>,
  ): Promise<PairedDataset> {
    return new PairedDataset((await membersFromWorker(PairedDataset.name_, content, read)).datasets);
  }
}

function whoseSample(dataset: DatasetLike, index: number): string {
  return `(${dataset.getSampleInfo(index, "participant_id")}, ${dataset.getSampleInfo(index, "session_id")})`;
}

/** One row per participant and session, with the columns of all datasets. */
function mergedRows(datasets: readonly DatasetLike[]): readonly ParticipantRow[] {
  const tables = datasets.map((dataset, i) => tableOf(dataset, i));
  const [first = new Map<string, ParticipantRow>()] = tables;
  for (const [i, table] of tables.entries()) {
    const different = [...new Set(table.keys()).symmetricDifference(new Set(first.keys()))];
    if (different.length === 0) continue;
    const listed = different.slice(0, 10).map((key) => `(${key.replace("\t", ", ")})`);
    throw new ConfigError(
      `PairedDataset: dataset 0 and dataset ${i} must have the same (participant, session) pairs; only one of them has ${listed.join(", ")}${different.length > 10 ? ", …" : ""}. Take the common ones with subset(…).`,
    );
  }
  const rows = [...first].map(([key, row]) =>
    tables.reduce((merged, table) => withRow(merged, table.get(key)), { ...row }),
  );
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
