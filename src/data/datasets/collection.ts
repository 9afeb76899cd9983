import { z } from "zod";
import type { Cell, ParticipantRow } from "../../io/tsv/index.ts";
import { checkKeys, type JsonObject, parseWith } from "../../utils/config.ts";
import { CannotReadFieldError, ConfigError } from "../../utils/exceptions.ts";
import type { Item, Sample } from "../structures/index.ts";
import type { DatasetLike, RowSelection, SubsetOptions } from "./dataset-like.ts";
import { DatasetMode } from "./mode.ts";
import type { PortableDataset } from "./portable.ts";
import { datasetRegistry } from "./registry.ts";

const contentSchema = z.strictObject({ datasets: z.array(z.custom<PortableDataset>()) });
const optionsSchema = z.strictObject({ datasets: z.array(z.custom<DatasetLike<Sample>>(isSampleDataset)) });

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
  abstract get(index: number): Promise<T>;
  abstract getSampleInfo(index: number, column: string): Cell;
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
    return { name_: this.name_, datasets: this.datasets.map((dataset) => dataset.toDict()) };
  }
  checkPortable(): void {
    for (const dataset of this.datasets) dataset.checkPortable();
  }
  toWorker(): PortableDataset {
    const content: z.output<typeof contentSchema> = { datasets: this.datasets.map((dataset) => dataset.toWorker()) };
    return { source: { name_: this.name_ }, content };
  }
}

/** The members of a collection, from what its `toDict` wrote. @throws CannotReadFieldError for one that cannot be read. */
export function membersFromDict(name: string, dict: JsonObject): DatasetLike<Sample>[] {
  checkKeys(name, dict, ["datasets"]);
  const { datasets } = dict;
  if (!Array.isArray(datasets)) throw new CannotReadFieldError(`${name}: 'datasets' is no array.`, ["datasets"]);
  return datasets.map((member) => samplesOnly(name, datasetRegistry.read(name, "datasets", member)));
}

/** The members of a collection, from options of which the types are not known. */
export function membersFromOptions(name: string, options: unknown): DatasetLike<Sample>[] {
  return parseWith(optionsSchema, options, name).datasets;
}

/** The members of a collection, in a worker thread. */
export async function membersFromWorker(
  name: string,
  content: unknown,
  read: (dataset: PortableDataset) => Promise<DatasetLike>,
): Promise<DatasetLike<Sample>[]> {
  const { datasets } = parseWith(contentSchema, content, name);
  return (await Promise.all(datasets.map(read))).map((dataset) => samplesOnly(name, dataset));
}

function samplesOnly(name: string, dataset: DatasetLike): DatasetLike<Sample> {
  if (isSampleDataset(dataset)) return dataset;
  throw new ConfigError(`${name} cannot be made of ${dataset.constructor.name}, which does not give single samples.`);
}

/** Whether a dataset gives single samples: all do but those that are made of others and say that they give tuples. */
function isSampleDataset(value: unknown): value is DatasetLike<Sample> {
  if (typeof value !== "object" || value === null || !datasetRegistry.has(value)) return false;
  return !("givesTuples" in value && value.givesTuples === true);
}
