import { dirname, resolve } from "node:path";
import { z } from "zod";
import { Bids } from "../../io/bids/index.ts";
import type { Row } from "../../io/tsv/index.ts";
import { TransformsHandler, type TransformsHandlerOptions } from "../../transforms/index.ts";
import { checkKeys, type JsonObject, type JsonValue, parseWith, show } from "../../utils/config.ts";
import { CannotReadFieldError, ConfigError } from "../../utils/exceptions.ts";
import type { Sample } from "../structures/index.ts";
import { type ColumnsOption, encodeColumns, uncounted } from "./columns.ts";
import type { DatasetLike, RowSelection, SubsetOptions } from "./dataset-like.ts";
import { type CacheOption, cacheOption, ImageCache } from "./image-cache.ts";
import { type ImageParts, ImagesDataset, type Known, type RowContent } from "./images-dataset.ts";
import { pairsWith } from "./parts.ts";
import type { PortableDataset } from "./portable.ts";
import { findFiles, type RowFiles } from "./sources.ts";
import { Table } from "./table.ts";
import { readDescription } from "./tensors/description.ts";
import { readTensors } from "./tensors/files.ts";

export interface TensorDatasetOptions {
  /** What `BidsDataset.toTensors`, here or in Python, wrote: `…_conv-<name>_description.json`. */
  readonly descriptionJson: string;
  /** The (participant, session) pairs and their metadata: a TSV or rows. Default: every session that has such tensors. */
  readonly data?: string | readonly Row[] | null;
  /** Default: none, whole images. Image transforms that are in the tensors already are not to be repeated. */
  readonly transforms?: TransformsHandler | TransformsHandlerOptions;
  /** The columns that samples carry, or what is made of them, as of a `BidsDataset`. */
  readonly columns?: ColumnsOption;
  /** Which masks and additional data samples get. Default: all; the image always. */
  readonly toLoad?: readonly string[] | null;
  /** Where images stay once they were read, as of a `BidsDataset`. Default "auto". */
  readonly cache?: CacheOption;
}

const schema = z.strictObject({
  descriptionJson: z.string(),
  data: z.custom<NonNullable<TensorDatasetOptions["data"]>>().nullish(),
  transforms: z.custom<NonNullable<TensorDatasetOptions["transforms"]>>().optional(),
  columns: z.custom<NonNullable<TensorDatasetOptions["columns"]>>().nullish(),
  toLoad: z.array(z.string()).nullable().default(null),
  cache: cacheOption.default("auto"),
});

/** All that it is made of, once checked. */
interface Parts extends ImageParts {
  readonly descriptionJson: string;
  readonly toLoad: readonly string[] | null;
}

const JSON_FIELDS = ["data", "transforms", "columns", "description_json", "to_load"];

/**
 * Images that `BidsDataset.toTensors` converted: read without unpacking, and with their image transforms done.
 *
 * Nothing in the files is run when they are read.
 * @example
 * ```ts
 * const { descriptionJson } = await dataset.toTensors({ conversionName: "z", saveTransforms: true });
 * const tensors = new TensorDataset({ descriptionJson, data: "bids/metadata.tsv", columns: ["age"] });
 * using sample = await tensors.get(0);
 * console.log(tensors.length, sample.shape, sample.getField("age")); // → 16 [ 1, 17, 20, 16 ] 77.6
 * ```
 */
export class TensorDataset extends ImagesDataset implements DatasetLike<Sample> {
  static readonly name_ = "TensorDataset";
  readonly #parts: Parts;

  /**
   * @throws TensorConversionError when there is no such conversion.
   * @throws ConfigError, DataFrameError as BidsDataset; ImageError listing the sessions without tensors.
   */
  constructor(options: TensorDatasetOptions | Parts) {
    const parts = isParts(options) ? options : checkOptions(options);
    super(parts);
    this.#parts = parts;
  }

  /** Absolute. */
  get descriptionJson(): string {
    return this.#parts.descriptionJson;
  }
  get toLoad(): readonly string[] | null {
    return this.#parts.toLoad;
  }

  protected override get reading(): JsonObject {
    return { name_: TensorDataset.name_, to_load: this.toLoad === null ? null : [...this.toLoad] };
  }
  override readFiles(files: RowFiles): RowContent {
    return readTensors(files.image, this.toLoad);
  }
  subset(selection: RowSelection, options: SubsetOptions = {}): TensorDataset {
    return this.#with(this.find(selection, options));
  }
  /** The same dataset, its rows sorted by participant and session. */
  sorted(): TensorDataset {
    return this.#with(this.sortedRows());
  }
  #with(indices: readonly number[]): TensorDataset {
    return this.passOn(TensorDataset.#of({ ...this.#parts, ...this.rowsAt(indices) }));
  }
  static #of(parts: Parts): TensorDataset {
    return new TensorDataset(parts).takeCounts();
  }

  toDict(): JsonObject {
    return this.#toDict(this.transforms);
  }
  #toDict(transforms: TransformsHandler): JsonObject {
    const { columns, toLoad } = this.#parts;
    return {
      name_: TensorDataset.name_,
      data: this.table.toDict(),
      transforms: transforms.toDict(),
      columns: columns === null ? null : [...columns],
      description_json: this.descriptionJson,
      to_load: toLoad === null ? null : [...toLoad],
    };
  }
  /** Reads what `toDict`, or ClinicaDL in Python, wrote. @throws as the constructor, and for missing or unknown fields. */
  static fromDict(dict: JsonObject): TensorDataset {
    const { options, table } = readDict(dict);
    return TensorDataset.#of(checkOptions(options, { table }));
  }
  /** A dataset with options of which the types are not known. */
  static fromOptions(options: unknown): TensorDataset {
    return new TensorDataset(checkOptions(options));
  }

  toWorker(): PortableDataset {
    return this.portable(TensorDataset.name_, (transforms) => this.#toDict(transforms));
  }
  /** The dataset again, in a worker thread; its files are known and not looked for. */
  static async fromWorker(content: unknown): Promise<TensorDataset> {
    const { given, known } = await ImagesDataset.fromPortable(TensorDataset.name_, content, readDict);
    return TensorDataset.#of(checkOptions(given, known));
  }
}

function isParts(options: TensorDatasetOptions | Parts): options is Parts {
  return typeof options === "object" && options !== null && "table" in options && options.table instanceof Table;
}

function checkOptions(given: unknown, { table: known, files, cache, evaluationCounts = null }: Known = {}): Parts {
  const options = parseWith(schema, given, TensorDataset.name_);
  const descriptionJson = resolve(options.descriptionJson);
  const description = readDescription(descriptionJson);
  const there = ["image", ...Object.keys(description.masks), ...description.additionalData];
  const unknown = options.toLoad?.find((name) => !there.includes(name));
  if (unknown !== undefined) {
    throw new ConfigError(
      `TensorDataset: 'toLoad' has '${unknown}', which is not in these tensors. There are: ${there.join(", ")}.`,
    );
  }
  const bids = new Bids(dirname(descriptionJson));
  const fileType = description.tensorType;
  const start =
    known ?? (typeof options.data === "object" || typeof options.data === "string" ? tableOf(options.data) : null);
  const { table, columns } = encodeColumns(TensorDataset.name_, start ?? pairsWith(bids, fileType), options.columns);
  const mask = columns?.find((column) => there.includes(column));
  if (mask !== undefined)
    throw new ConfigError(`TensorDataset: '${mask}' is a column, and in the tensors. Rename the column.`);
  return {
    descriptionJson,
    toLoad: options.toLoad,
    fileType,
    table,
    columns,
    files: files ?? findFiles(table.rows, bids, fileType, new Map()),
    transforms:
      options.transforms instanceof TransformsHandler ? options.transforms : new TransformsHandler(options.transforms),
    cache: new ImageCache(options.cache, cache),
    evaluationCounts,
  };
}

function tableOf(data: NonNullable<TensorDatasetOptions["data"]> | null): Table | null {
  return data === null ? null : uncounted(Table.read(data));
}

function readDict(dict: JsonObject): { options: TensorDatasetOptions; table: Table } {
  checkKeys(TensorDataset.name_, dict, JSON_FIELDS);
  const refuse = (field: string): never => {
    throw new CannotReadFieldError(`TensorDataset: '${field}' is ${show(dict[field])}.`, [field]);
  };
  const names = (field: string): string[] | null => {
    const value: JsonValue | undefined = dict[field];
    if (value === null) return null;
    return Array.isArray(value) ? value.map(String) : refuse(field);
  };
  const { description_json: descriptionJson, transforms } = dict;
  if (typeof descriptionJson !== "string") return refuse("description_json");
  if (typeof transforms !== "object" || transforms === null || Array.isArray(transforms)) return refuse("transforms");
  return {
    table: Table.fromDict(dict.data),
    options: {
      descriptionJson,
      transforms: TransformsHandler.fromDict(transforms),
      columns: names("columns"),
      toLoad: names("to_load"),
    },
  };
}
