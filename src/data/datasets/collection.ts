import { z } from "zod";
import { columnsOf, floatColumns, markFloatColumns, type ParticipantRow } from "../../io/tsv/index.ts";
import { checkKeys, type JsonObject, parseWith } from "../../utils/config.ts";
import { CannotReadFieldError, ConfigError } from "../../utils/exceptions.ts";
import type { Item, Sample } from "../structures/index.ts";
import type { DatasetLike, InfoOf, RowSelection, SubsetOptions } from "./dataset-like.ts";
import { type MissingMember, type Pair, partPairs } from "./missing-pairs.ts";
import { DatasetMode } from "./mode.ts";
import type { PortableDataset } from "./portable.ts";
import { datasetRegistry } from "./registry.ts";

const own = {
  oversample: z.boolean().exactOptional(),
  missing: z.enum(["error", "ignore", "zeros"]).exactOptional(),
};
const contentSchema = z.strictObject({ datasets: z.array(z.custom<PortableDataset>()), ...own });
const onlyDatasets = z.strictObject({ datasets: z.array(z.custom<DatasetLike<Sample>>(isSampleDataset)) });
const datasetsAndOptions = onlyDatasets.extend(own);

/** The members of a collection, and its own options. */
export interface Members {
  readonly datasets: DatasetLike<Sample>[];
  readonly oversample?: boolean;
  readonly missing?: MissingMember;
}

/** From which dataset a row is: its number, from 0. */
export const DATASET_ID = "dataset_id";

/** What datasets that are made of others share: mode, epoch and seed are those of all members. */
export abstract class Collection<T extends Item> extends DatasetMode implements DatasetLike<T> {
  readonly datasets: readonly DatasetLike<Sample>[];

  /** @throws ConfigError when there are none, or fewer than `least`. */
  constructor(datasets: readonly DatasetLike<Sample>[], least: number) {
    super();
    if (!Array.isArray(datasets) || datasets.length < least || !datasets.every(isSampleDataset)) {
      throw new ConfigError(
        `${new.target.name} takes an array of at least ${least} ${least === 1 ? "dataset" : "datasets"} that give samples.`,
      );
    }
    this.datasets = [...datasets];
  }

  abstract readonly name_: string;
  abstract get df(): readonly ParticipantRow[];
  abstract get length(): number;
  abstract get(index: number, copy?: number, drawn?: number): Promise<T>;
  abstract getSampleInfo(index: number, column: string): InfoOf<T>;
  abstract subset(selection: RowSelection, options?: SubsetOptions): DatasetLike<T>;

  override train(): void {
    super.train();
    for (const dataset of this.datasets) dataset.train();
  }
  override eval(): void {
    super.eval();
    for (const dataset of this.datasets) dataset.eval();
  }
  override setEpoch(epoch: number): void {
    super.setEpoch(epoch);
    for (const dataset of this.datasets) dataset.setEpoch(epoch);
  }
  override setSeed(seed: number): void {
    super.setSeed(seed);
    for (const dataset of this.datasets) dataset.setSeed(seed);
  }
  getParticipantSessionCouples(): [participantId: string, sessionId: string][] {
    return this.df.map((row) => [row.participant_id, row.session_id]);
  }

  toDict(): JsonObject {
    return { name_: this.name_, datasets: this.datasets.map((dataset) => dataset.toDict()), ...this.ownOptions() };
  }
  /** Its options besides the datasets, as JSON and worker threads get them. */
  protected ownOptions(): { readonly oversample?: boolean; readonly missing?: MissingMember } {
    return {};
  }
  checkPortable(): void {
    for (const dataset of this.datasets) dataset.checkPortable();
  }
  toWorker(): PortableDataset {
    const datasets = this.datasets.map((dataset) => dataset.toWorker());
    const content: z.output<typeof contentSchema> = { datasets, ...this.ownOptions() };
    return { source: { name_: this.name_ }, content };
  }
}

/** The members of a collection, from what its `toDict` wrote. @throws CannotReadFieldError for one that cannot be read. */
export function membersFromDict(
  name: string,
  dict: JsonObject,
  options: readonly string[] = [],
): DatasetLike<Sample>[] {
  checkKeys(name, dict, ["datasets", ...options]);
  const { datasets } = dict;
  if (!Array.isArray(datasets)) throw new CannotReadFieldError(`${name}: 'datasets' is no array.`, ["datasets"]);
  return datasets.map((member) => samplesOnly(name, datasetRegistry.read(name, "datasets", member)));
}

/** The members of a collection, from options of which the types are not known. */
export function membersFromOptions(name: string, options: unknown, hasOptions = false): Members {
  return parseWith(hasOptions ? datasetsAndOptions : onlyDatasets, options, name);
}

/** The members of a collection, in a worker thread. */
export async function membersFromWorker(
  name: string,
  content: unknown,
  read: (dataset: PortableDataset) => Promise<DatasetLike>,
): Promise<Members> {
  const { datasets, ...options } = parseWith(contentSchema, content, name);
  const members = await Promise.all(datasets.map(read));
  return { datasets: members.map((dataset) => samplesOnly(name, dataset)), ...options };
}

/** The rows of all datasets, one after the other, with the number of their dataset; null in columns that it does not have. */
export function joinedRows(name: string, datasets: readonly DatasetLike[]): readonly ParticipantRow[] {
  const columns = columnsOf(datasets.flatMap((dataset) => dataset.df));
  if (columns.has(DATASET_ID)) {
    throw new ConfigError(`${name}: a dataset has a column '${DATASET_ID}', a name that it uses. Rename it.`);
  }
  const rows = datasets.flatMap((dataset, number) =>
    dataset.df.map((row): ParticipantRow => {
      const cells = Object.fromEntries([...columns].map((column) => [column, row[column] ?? null]));
      const { participant_id, session_id } = row;
      return { [DATASET_ID]: number, ...cells, participant_id: String(participant_id), session_id: String(session_id) };
    }),
  );
  const floats = datasets.flatMap((dataset) => [...floatColumns(dataset.df)]);
  return markFloatColumns(rows, new Set([...floats, ...floatColumns(rows)]));
}

/** Of each dataset those of the pairs that it has; null where it has none. */
export function partsOfMembers(
  datasets: readonly DatasetLike<Sample>[],
  wanted: readonly Pair[],
): (DatasetLike<Sample> | null)[] {
  return datasets.map((dataset) => {
    const present = dataset.df.map(
      (row): Pair => ({
        participant_id: String(row.participant_id),
        session_id: String(row.session_id),
      }),
    );
    const { found } = partPairs(wanted, present);
    return found.length === 0
      ? null
      : dataset.subset(found.map((pair) => [pair.participant_id, pair.session_id] as const));
  });
}

function samplesOnly(name: string, dataset: DatasetLike): DatasetLike<Sample> {
  if (isSampleDataset(dataset)) return dataset;
  throw new ConfigError(`${name} cannot be made of ${dataset.constructor.name}, which does not give single samples.`);
}

/** Whether a dataset gives single samples: all do but those that are made of others and say that they give tuples. */
export function isSampleDataset(value: unknown): value is DatasetLike<Sample> {
  if (typeof value !== "object" || value === null || !datasetRegistry.has(value)) return false;
  return !("givesTuples" in value && value.givesTuples === true);
}
