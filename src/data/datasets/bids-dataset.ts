import { z } from "zod";
import type { Bids, BidsFileType } from "../../io/bids/index.ts";
import { type Cell, type ParticipantRow, pairKey } from "../../io/tsv/index.ts";
import { type PortableTransforms, TransformsHandler } from "../../transforms/index.ts";
import { type JsonObject, parseWith } from "../../utils/config.ts";
import type { Sample } from "../structures/index.ts";
import { type DatasetLike, type RowSelection, type SubsetOptions, subsetOptions } from "./dataset-like.ts";
import { readDict } from "./from-dict.ts";
import { portableCache } from "./image-cache.ts";
import { countSamples, type LoadingContext, loadSample } from "./loading.ts";
import { DatasetMode } from "./mode.ts";
import { type BidsDatasetOptions, checkOptions, Parts } from "./parts.ts";
import type { PortableDataset } from "./portable.ts";
import { withResampling } from "./resampling.ts";
import { maskToJson, type RowFiles } from "./sources.ts";
import { Table } from "./table.ts";

const N_SAMPLES = "n_samples";

/** What travels to a worker thread: JSON, and what JSON cannot say. */
const contentSchema = z.strictObject({
  json: z.custom<JsonObject>(),
  transforms: z.custom<PortableTransforms>(),
  floats: z.array(z.string()),
  files: z.custom<readonly RowFiles[]>(),
  cache: portableCache,
});

/**
 * The images of a BIDS dataset, with masks and metadata, as samples: whole images, patches or slices.
 *
 * Everything is checked when it is made: the table, the columns, and that each session has its image and masks.
 *
 * ```ts
 * const dataset = new BidsDataset({
 *   bids: "bids",
 *   fileType: new BidsFileType({ dataType: "anat", suffix: "T1w" }),
 *   data: "bids/metadata.tsv",
 *   columns: { age: null, diagnosis: (column) => column.map((d) => (d === "patient" ? 1 : 0)) },
 *   transforms: new TransformsHandler({ imageTransforms: [new ZNormalizationConfig()] }),
 * });
 * using sample = await dataset.get(0);
 * ```
 */
export class BidsDataset extends DatasetMode implements DatasetLike<Sample> {
  static readonly name_ = "BidsDataset";
  readonly #parts: Parts;
  #table: Table;
  /** The first sample of each row, then the number of samples; null while they are not counted. */
  #starts: readonly number[] | null = null;
  #context: LoadingContext | null = null;

  /**
   * @throws ConfigError for an option that is misspelt or has a protected name.
   * @throws DataFrameError when the table cannot be used, lacks a column, or a column's function fails.
   * @throws ImageError listing the sessions that have no image or mask.
   */
  constructor(options: BidsDatasetOptions | Parts) {
    super();
    this.#parts = options instanceof Parts ? options : checkOptions(options);
    this.#table = this.#parts.table;
    if (this.transforms.extraction.sampleType === "image") this.#setCounts(this.#table.rows.map(() => 1));
  }

  get bids(): Bids {
    return this.#parts.bids;
  }
  get fileType(): BidsFileType {
    return this.#parts.fileType;
  }
  get transforms(): TransformsHandler {
    return this.#parts.transforms;
  }
  /** The columns that samples carry. */
  get columns(): readonly string[] {
    return this.#parts.columns ?? [];
  }
  /** The metadata, columns as their functions made them; `n_samples` once they are counted. */
  get df(): readonly ParticipantRow[] {
    return this.#table.rows;
  }
  /** The number of samples. For patches and slices the first question reads every image once. */
  get length(): number {
    return this.#counted().at(-1) ?? 0;
  }

  /**
   * Sample number `index`, which belongs to the caller: dispose it.
   * @throws RangeError when there is none; ImageError and others naming participant, session and file.
   */
  get(index: number): Promise<Sample> {
    return Promise.try(() => this.load(index));
  }

  /** {@link get}, at once. */
  load(index: number): Sample {
    const { row, files, indexInImage } = this.#locate(index);
    const keys = { seed: this.seed, epoch: this.epoch, index };
    return loadSample(this.#loading(), row, files, indexInImage, keys, !this.evalMode);
  }

  getSampleInfo(index: number, column: string): Cell {
    this.#table.requireColumn(column);
    return this.#locate(index).row[column] ?? null;
  }

  getParticipantSessionCouples(): [participantId: string, sessionId: string][] {
    return this.df.map((row) => [row.participant_id, row.session_id]);
  }

  subset(selection: RowSelection, options: SubsetOptions = {}): BidsDataset {
    const { missing } = parseWith(subsetOptions, options, "subset");
    return this.#with(this.#table.find(selection, missing));
  }

  /** The same dataset, its rows sorted by participant and session. */
  sorted(): BidsDataset {
    const keys = this.df.map(pairKey);
    const order = keys.map((_, i) => i).sort((a, b) => ((keys[a] ?? "") < (keys[b] ?? "") ? -1 : 1));
    return this.#with(order);
  }

  /** What the dataset is, for a log. */
  describe(): JsonObject {
    return {
      participant_session_pairs: this.getParticipantSessionCouples(),
      file_type: this.fileType.toDict(),
      extraction: this.transforms.extraction.toDict(),
      total_number_samples: this.length,
    };
  }

  /** Gives back the memory of the images that were kept. */
  clearCache(): void {
    this.#parts.cache.clear();
  }

  toDict(): JsonObject {
    return this.#toDict(this.transforms);
  }
  #toDict(transforms: TransformsHandler): JsonObject {
    const { columns, bids, fileType, masks, resampleMasks } = this.#parts;
    return {
      name_: BidsDataset.name_,
      data: this.#table.toDict(),
      transforms: resampleMasks ? withResampling(transforms.toDict(), masks.keys()) : transforms.toDict(),
      columns: columns === null ? null : [...columns],
      bids: bids.toDict(),
      file_type: fileType.toDict(),
      masks:
        masks.size === 0 ? null : Object.fromEntries([...masks].map(([name, source]) => [name, maskToJson(source)])),
    };
  }

  /** Reads what `toDict`, or ClinicaDL in Python, wrote. @throws as the constructor, and for missing or unknown fields. */
  static fromDict(dict: JsonObject): BidsDataset {
    const { options, table } = readDict(dict);
    return BidsDataset.#fromCounts(new BidsDataset(checkOptions(options, { table })));
  }

  /** A dataset with options of which the types are not known. */
  static fromOptions(options: unknown): BidsDataset {
    return new BidsDataset(checkOptions(options));
  }

  checkPortable(): void {
    this.transforms.toWorker();
  }
  toWorker(): PortableDataset {
    const transforms = this.transforms.toWorker();
    this.#counted();
    const content: z.output<typeof contentSchema> = {
      json: this.#toDict(new TransformsHandler()),
      transforms,
      floats: [...this.#table.floats],
      files: this.#parts.files,
      cache: this.#parts.cache.toWorker(),
    };
    return { source: { name_: BidsDataset.name_ }, content };
  }

  /** The dataset again, in a worker thread; its files are known and not looked for. */
  static async fromWorker(content: unknown): Promise<BidsDataset> {
    const { json, transforms, floats, files, cache } = parseWith(
      contentSchema,
      content,
      "BidsDataset in a worker thread",
    );
    const { options, table } = readDict(json);
    const exact = new Table(table.rows, floats);
    const given = { ...options, transforms: await TransformsHandler.fromWorker(transforms), cache: cache.mode };
    return BidsDataset.#fromCounts(new BidsDataset(checkOptions(given, { table: exact, files, cache })));
  }

  /** Takes the numbers of samples from the table, if they are there. */
  static #fromCounts(dataset: BidsDataset): BidsDataset {
    const counts = dataset.df.map((row) => row[N_SAMPLES] ?? null);
    const areCounts = (values: readonly Cell[]): values is number[] =>
      values.every((n) => Number.isInteger(n) && Number(n) >= 0);
    if (areCounts(counts)) dataset.#setCounts(counts);
    return dataset;
  }

  #with(indices: readonly number[]): BidsDataset {
    const files = indices.map((i) => this.#parts.files[i]).filter((file) => file !== undefined);
    const dataset = BidsDataset.#fromCounts(
      new BidsDataset(new Parts({ ...this.#parts, table: this.#table.take(indices), files })),
    );
    return this.passOn(dataset);
  }

  #loading(): LoadingContext {
    const { fileType, transforms, cache, resampleMasks } = this.#parts;
    this.#context ??= {
      fileType,
      transforms,
      cache,
      resampleMasks,
      rows: this.df.length,
      columns: this.columns,
      dtypes: this.#table.types(this.columns),
    };
    return this.#context;
  }

  #counted(): readonly number[] {
    if (this.#starts === null) {
      const { files } = this.#parts;
      const keys = { seed: this.seed, epoch: 0, index: 0 };
      this.#setCounts(
        this.df.map((row, i) => {
          const file = files[i];
          return file === undefined ? 0 : countSamples(this.#loading(), row, file, { ...keys, index: i });
        }),
      );
    }
    return this.#starts ?? [];
  }

  #setCounts(counts: readonly number[]): void {
    this.#table = this.#table.withIntegers(N_SAMPLES, counts);
    let total = 0;
    this.#starts = [0, ...counts.map((count) => (total += count))];
  }

  /** The row of a sample, by bisection. */
  #locate(index: number): { row: ParticipantRow; files: RowFiles; indexInImage: number } {
    const starts = this.#counted();
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new RangeError(`The dataset has ${this.length} samples, numbered from 0; there is no number ${index}.`);
    }
    let low = 0;
    let high = starts.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= index) low = middle;
      else high = middle;
    }
    const row = this.df[low];
    const files = this.#parts.files[low];
    if (row === undefined || files === undefined) throw new RangeError(`Sample ${index} has no row.`);
    return { row, files, indexInImage: index - (starts[low] ?? 0) };
  }
}
