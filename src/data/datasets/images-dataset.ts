import { z } from "zod";
import type { BidsFileType } from "../../io/bids/index.ts";
import { type Cell, type ParticipantRow, pairKey } from "../../io/tsv/index.ts";
import { isRandomExtraction, type PortableTransforms, TransformsHandler } from "../../transforms/index.ts";
import { type JsonObject, parseWith } from "../../utils/config.ts";
import type { AnyImage, Sample } from "../structures/index.ts";
import { N_SAMPLES } from "./columns.ts";
import { type RowSelection, type SubsetOptions, subsetOptions } from "./dataset-like.ts";
import { type CacheOption, type ImageCache, type PortableCache, portableCache } from "./image-cache.ts";
import { countSamples, type LoadingContext, loadSample } from "./loading.ts";
import { DatasetMode } from "./mode.ts";
import type { PortableDataset } from "./portable.ts";
import type { RowFiles } from "./sources.ts";
import { checkSamples, SPATIAL_CHECKS, type SpatialCheckOption } from "./spatial-checks.ts";
import { Table } from "./table.ts";

/** What is needed of a dataset whose images lie in files, one for each row of its table. */
export interface ImageParts {
  readonly fileType: BidsFileType;
  readonly table: Table;
  readonly files: readonly RowFiles[];
  readonly transforms: TransformsHandler;
  readonly columns: readonly string[] | null;
  readonly cache: ImageCache;
  /** How many samples each row has in evaluation, where that differs from training and is known. */
  readonly evaluationCounts: readonly number[] | null;
}

/** What is known of a dataset already, and not looked for again. */
export interface Known {
  readonly table?: Table;
  readonly files?: readonly RowFiles[];
  /** A cache of the thread that sent the dataset. */
  readonly cache?: PortableCache;
  readonly evaluationCounts?: readonly number[] | null;
}

/** What the files of a row hold. */
export interface RowContent {
  /** By name, with "image". */
  readonly images: Readonly<Record<string, AnyImage>>;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What travels to a worker thread: JSON, and what JSON cannot say. */
const contentSchema = z.strictObject({
  json: z.custom<JsonObject>(),
  transforms: z.custom<PortableTransforms>(),
  floats: z.array(z.string()),
  files: z.custom<readonly RowFiles[]>(),
  cache: portableCache,
  evaluationCounts: z.custom<readonly number[] | null>(),
});

/** Images of files, one for each row of a table, as samples: whole images, patches or slices. */
export abstract class ImagesDataset extends DatasetMode {
  readonly #parts: ImageParts;
  #table: Table;
  /** The first sample of each row, then the number of samples; null while they are not counted. */
  #starts: readonly number[] | null = null;
  /** The same in evaluation, of an extraction that draws where it cuts in training. */
  #evaluationStarts: readonly number[] | null;
  #context: LoadingContext | null = null;

  protected constructor(parts: ImageParts) {
    super();
    this.#parts = parts;
    this.#table = parts.table;
    this.#evaluationStarts = parts.evaluationCounts && startsOf(parts.evaluationCounts);
    if (this.transforms.extraction.sampleType === "image") this.#setCounts(this.#table.rows.map(() => 1));
  }

  /** Reads the files of a row, in the open scope. */
  abstract readFiles(files: RowFiles): RowContent;

  /** What decides how files are read, beside the files: the class, and those of its options that count. */
  protected abstract get reading(): JsonObject;

  /** Of which type the files are. */
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
  /**
   * The number of samples, in training or in evaluation, where an extraction draws in one of them. For patches and slices the first question
   * reads every image once.
   */
  get length(): number {
    return this.counted().at(-1) ?? 0;
  }

  /**
   * Sample number `index`, which belongs to the caller: dispose it.
   * @throws RangeError when there is none; ImageError and others naming participant, session and file.
   */
  get(index: number, copy = 0, drawn = index): Promise<Sample> {
    return Promise.try(() => this.load(index, copy, drawn));
  }

  /** {@link get}, at once. */
  load(index: number, copy = 0, drawn = index): Sample {
    const { row, files, indexInImage } = this.#locate(index);
    const keys = { seed: this.seed, epoch: this.epoch, index: drawn, copy };
    return loadSample(this.#loading(), row, files, indexInImage, keys, !this.evalMode);
  }

  getSampleInfo(index: number, column: string): Cell {
    this.#table.requireColumn(column);
    return this.#locate(index).row[column] ?? null;
  }

  getParticipantSessionCouples(): [participantId: string, sessionId: string][] {
    return this.df.map((row) => [row.participant_id, row.session_id]);
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

  /**
   * Loads every sample once, and looks whether images and masks go together.
   * @param checks what must be the same: of all images of a sample ("spacing", "affine", "shape"), of all samples
   * ("global_spacing", "global_shape"). Default: "affine", "shape" and "global_spacing"; null: nothing.
   * @throws ImageError naming the first that differs, and whatever a sample that cannot be loaded throws.
   */
  async sanityCheck(checks: SpatialCheckOption = SPATIAL_CHECKS): Promise<void> {
    await checkSamples(this, checks);
  }

  /** Gives back the memory of the images that were kept. */
  clearCache(): void {
    this.#parts.cache.clear();
  }

  checkPortable(): void {
    this.transforms.toWorker();
  }
  /** @param json writes the dataset with these transforms: its own travel beside it, since JSON cannot hold all of them. */
  protected portable(name_: string, json: (transforms: TransformsHandler) => JsonObject): PortableDataset {
    const transforms = this.transforms.toWorker();
    this.counted();
    const { files, cache } = this.#parts;
    const evaluationCounts = this.#evaluationStarts && countsOf(this.#evaluationStarts);
    const content: z.output<typeof contentSchema> = {
      json: json(new TransformsHandler()),
      transforms,
      floats: [...this.table.floats],
      files,
      cache: cache.toWorker(),
      evaluationCounts,
    };
    return { source: { name_ }, content };
  }
  /** What `portable` gave, in a worker thread: the options that are not in the JSON, and what is known and not looked for again. */
  protected static async fromPortable<O>(
    what: string,
    content: unknown,
    read: (json: JsonObject) => { readonly options: O; readonly table: Table },
  ): Promise<{ readonly given: O & { transforms: TransformsHandler; cache: CacheOption }; readonly known: Known }> {
    const { json, transforms, floats, ...known } = parseWith(contentSchema, content, `${what} in a worker thread`);
    const { options, table } = read(json);
    return {
      given: { ...options, transforms: await TransformsHandler.fromWorker(transforms), cache: known.cache.option },
      known: { ...known, table: new Table(table.rows, floats) },
    };
  }

  /** The metadata, with the numbers of samples where they are counted. */
  protected get table(): Table {
    return this.#table;
  }
  /** The rows that are asked for, by their numbers. */
  protected find(selection: RowSelection, options: SubsetOptions): readonly number[] {
    const { missing } = parseWith(subsetOptions, options, "subset");
    return this.#table.find(selection, missing);
  }
  /** The rows in the order of participants and sessions. */
  protected sortedRows(): readonly number[] {
    const keys = this.df.map(pairKey);
    return keys.map((_, i) => i).sort((a, b) => ((keys[a] ?? "") < (keys[b] ?? "") ? -1 : 1));
  }
  /** What is known of some rows. */
  protected rowsAt(indices: readonly number[]): Pick<ImageParts, "table" | "files" | "evaluationCounts"> {
    const files = indices.map((i) => this.#parts.files[i]).filter((file) => file !== undefined);
    const counts = this.#evaluationStarts && countsOf(this.#evaluationStarts);
    return {
      table: this.#table.take(indices),
      files,
      evaluationCounts: counts && indices.map((i) => counts[i] ?? 0),
    };
  }

  /** Takes the numbers of samples from the table, if they are there. */
  protected takeCounts(): this {
    if (this.#starts !== null) return this;
    const counts = this.df.map((row) => row[N_SAMPLES] ?? null);
    const areCounts = (values: readonly Cell[]): values is number[] =>
      values.every((n) => Number.isInteger(n) && Number(n) >= 0);
    if (areCounts(counts)) this.#setCounts(counts);
    return this;
  }

  #loading(): LoadingContext {
    const { fileType, transforms, cache } = this.#parts;
    const dtypes = this.#table.types(this.columns);
    const read = (files: RowFiles): RowContent => this.readFiles(files);
    const { columns, reading } = this;
    this.#context ??= { fileType, transforms, cache, rows: this.df.length, read, reading, columns, dtypes };
    return this.#context;
  }

  /** The first sample of each row, then the number of samples. */
  protected counted(): readonly number[] {
    if (this.evalMode && isRandomExtraction(this.transforms.extraction)) {
      this.#evaluationStarts ??= startsOf(this.#count(false));
      return this.#evaluationStarts;
    }
    this.#starts ??= this.#setCounts(this.#count(true));
    return this.#starts;
  }

  #count(training: boolean): readonly number[] {
    const { files } = this.#parts;
    const keys = { seed: this.seed, epoch: 0, copy: 0 };
    return this.df.map((row, index) => {
      const file = files[index];
      return file === undefined ? 0 : countSamples(this.#loading(), row, file, { ...keys, index }, training);
    });
  }

  #setCounts(counts: readonly number[]): readonly number[] {
    this.#table = this.#table.withIntegers(N_SAMPLES, counts);
    this.#starts = startsOf(counts);
    return this.#starts;
  }

  /** The row of a sample, by bisection. */
  #locate(index: number): { row: ParticipantRow; files: RowFiles; indexInImage: number } {
    const starts = this.counted();
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

/** The first sample of each row, then the number of samples. */
function startsOf(counts: readonly number[]): readonly number[] {
  let total = 0;
  return [0, ...counts.map((count) => (total += count))];
}

function countsOf(starts: readonly number[]): readonly number[] {
  return starts.slice(1).map((end, i) => end - (starts[i] ?? 0));
}
