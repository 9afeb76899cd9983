import { type Cell, type ParticipantRow, pairKey } from "../../io/tsv/index.ts";
import * as torch from "../../torch/index.ts";
import { TransformsHandler, type TransformsHandlerOptions } from "../../transforms/index.ts";
import { checkKeys, type JsonObject, parseWith, show } from "../../utils/config.ts";
import { CannotReadFieldError, ConfigError } from "../../utils/exceptions.ts";
import { checkModuleExport, type ModuleExport } from "../../utils/module-export.ts";
import type { FieldType, Sample } from "../structures/index.ts";
import { type DatasetLike, type RowSelection, type SubsetOptions, subsetOptions } from "./dataset-like.ts";
import { type LoadContext, type Loaded, tensorsOf, toSample } from "./loaded.ts";
import { drawingOf } from "./loading.ts";
import { DatasetMode } from "./mode.ts";
import { named } from "./named-error.ts";
import { optionsToJson, readContent, type WholeContent } from "./own-options.ts";
import { type DatasetRow, tableOf, toRow } from "./own-rows.ts";
import { checkCloneable, type PortableDataset } from "./portable.ts";
import { Table } from "./table.ts";

/** What every dataset of one's own takes, besides options of its own. */
export interface DatasetOptions {
  /** What is done to the samples. Default: nothing. They are not cut into patches or slices. */
  readonly transforms?: TransformsHandler | TransformsHandlerOptions;
}

/**
 * The parent of datasets of one's own: three members, and it can be split, loaded, trained on, evaluated and recorded.
 *
 * It takes its options in one object, which it gives to `super`: with numbers, texts, arrays and plain objects only, and with
 * `from`, worker threads build it again (`numWorkers`), and with `registerDataset(Faces)` it is read from a MAPS.
 * @example
 * ```ts
 * import type { DatasetOptions } from "clinicadl/data/datasets";
 *
 * export class Faces extends Dataset {
 *   static override readonly from = { module: import.meta.url, export: "Faces" };
 *   readonly size: number;
 *   constructor(options: { size: number } & DatasetOptions) {
 *     super(options);
 *     this.size = options.size;
 *   }
 *   get length() { return 100; }
 *   row(index: number) { return { participantId: `sub-${index}`, label: index % 2 }; }
 *   load(index: number) { return { image: torch.full([1, this.size, this.size, 1], index) }; }
 * }
 * using sample = await new Faces({ size: 8 }).get(3);
 * console.log(sample.participantId, sample.shape, sample.getField("label")); // → sub-3 [ 1, 8, 8, 1 ] 1
 * ```
 */
export abstract class Dataset extends DatasetMode implements DatasetLike<Sample> {
  /** The module that exports the class, for worker threads. Default null: it stays in its thread (`numWorkers: 0`). */
  static readonly from: ModuleExport | null = null;
  /** The name in JSON and in a MAPS: that of the class. */
  static get name_(): string {
    return this.name;
  }

  readonly #options: Readonly<Record<string, unknown>> | null;
  readonly transforms: TransformsHandler;
  #table: Table | null = null;
  #dtypes: ReadonlyMap<string, FieldType> | null = null;

  /** @param options those of one's own, and {@link DatasetOptions}. */
  constructor(options?: object) {
    super();
    const { transforms, ...others }: DatasetOptions & Readonly<Record<string, unknown>> = { ...options };
    this.#options = options === undefined ? null : others;
    this.transforms = transforms instanceof TransformsHandler ? transforms : new TransformsHandler(transforms);
    const { extraction } = this.transforms;
    if (extraction.sampleType !== "image") {
      throw new ConfigError(
        `${new.target.name}: the extraction ${extraction.name_} cannot be used in a dataset of one's own, whose 'length' counts samples. Cut them in 'load'.`,
      );
    }
  }

  /** The number of samples. */
  abstract get length(): number;
  /** Whose sample it is, and what is known of it. The columns are fields of the sample, too. It may be asked for often. */
  abstract row(index: number): DatasetRow;
  /**
   * Reads sample number `index`. What is random in it is drawn from `context.rng`, and only where `context.augment`.
   *
   * Tensors that are made here need not be disposed. An `async load` gives away those that it returns, and disposes the others;
   * what it keeps for later it returns as `tensor.alias()`.
   */
  abstract load(index: number, context: LoadContext): Loaded | Promise<Loaded>;

  get df(): readonly ParticipantRow[] {
    return this.table.rows;
  }
  /** How messages name it. */
  protected get shownName(): string {
    return this.constructor.name;
  }
  /** One row per participant and session. */
  protected get table(): Table {
    this.#table ??= tableOf(this.constructor.name, this.#allRows());
    return this.#table;
  }

  async get(index: number, copy = 0, drawn = index): Promise<Sample> {
    const row = this.#row(index);
    const context = {
      augment: !this.evalMode,
      rng: drawingOf({ seed: this.seed, epoch: this.epoch, index: drawn, copy }),
    };
    try {
      if (!loadsLater(this)) return this.#loadNow(index, row, context);
      const loaded = await this.load(index, context);
      const sample = this.#toSample(loaded, row, context);
      for (const tensor of tensorsOf(loaded)) tensor.dispose();
      return sample;
    } catch (error) {
      throw named(row, error);
    }
  }
  #loadNow(index: number, row: ParticipantRow, context: LoadContext): Sample {
    using _scope = torch.scope();
    const loaded = this.load(index, context);
    if (!(loaded instanceof Promise)) return this.#toSample(loaded, row, context);
    loaded.catch(() => undefined);
    throw new ConfigError(`${this.constructor.name}.load gave a promise. Write it as async load(…).`);
  }
  #toSample(loaded: Loaded, row: ParticipantRow, { augment, rng }: LoadContext): Sample {
    using _scope = torch.scope();
    const { participant_id: participantId, session_id: sessionId, ...columns } = row;
    this.#dtypes ??= this.table.types(this.table.columns);
    let sample = toSample(loaded, { participantId, sessionId, columns, dtypes: this.#dtypes });
    sample = this.transforms.applyImageTransforms(sample, rng);
    sample = this.transforms.applySampleTransforms(sample, rng);
    if (augment) sample = this.transforms.applyAugmentations(sample, rng);
    return sample.keep();
  }

  getSampleInfo(index: number, column: string): Cell {
    this.table.requireColumn(column);
    return this.#row(index)[column] ?? null;
  }
  getParticipantSessionCouples(): [participantId: string, sessionId: string][] {
    return this.df.map((row) => [row.participant_id, row.session_id]);
  }

  subset(selection: RowSelection, options: SubsetOptions = {}): Dataset {
    const { missing } = parseWith(subsetOptions, options, "subset");
    const samplesOf = Map.groupBy(this.#allRows().keys(), (i) => pairKey(this.#row(i)));
    const chosen = this.table.find(selection, missing).flatMap((i) => this.df[i] ?? []);
    return this.#part(chosen.flatMap((row) => samplesOf.get(pairKey(row)) ?? []));
  }
  #part(samples: readonly number[]): Dataset {
    const at = new Map(this.df.map((row, i) => [pairKey(row), i]));
    const keys = new Set(samples.map((i) => pairKey(this.#row(i))));
    const part = new DatasetPart(this, samples, this.table.take([...keys].flatMap((key) => at.get(key) ?? [])));
    return this.passOn(part);
  }

  toDict(): JsonObject {
    return {
      name_: this.constructor.name,
      data: this.table.toDict(),
      options: optionsToJson(this.constructor.name, this.#options ?? {}),
      transforms: this.transforms.toDict(),
    };
  }
  /** Reads what `toDict` wrote. @throws CannotReadFieldError for options that JSON cannot hold. */
  static fromDict(dict: JsonObject): Dataset {
    checkKeys(this.name, dict, ["data", "options", "transforms"]);
    const options = objectAt(this.name, dict, "options");
    const transforms = TransformsHandler.fromDict(objectAt(this.name, dict, "transforms"));
    const dataset = this.fromOptions({ ...options, transforms });
    const { rows } = Table.fromDict(dict.data);
    const isWhole = rows.map(pairKey).join("\n") === dataset.df.map(pairKey).join("\n");
    return isWhole ? dataset : dataset.subset(rows);
  }
  /** A dataset with options of which the types are not known. */
  static fromOptions(options: unknown): Dataset {
    const made: unknown = Reflect.construct(this, [options]);
    if (made instanceof Dataset) return made;
    throw new ConfigError(`${this.name} is no dataset.`);
  }

  checkPortable(): void {
    this.toWorker();
  }
  toWorker(): PortableDataset {
    const Class = this.constructor;
    const options = this.#options;
    const from = Object.hasOwn(Class, "from") && "from" in Class ? Class.from : null;
    if (from === null) {
      throw new ConfigError(
        `${Class.name} cannot be built again in a worker thread, which does not know the class. Put it into a module of its own with  static readonly from = { module: import.meta.url, export: "${Class.name}" };  or use numWorkers: 0.`,
      );
    }
    if (options === null && Class.length > 0) {
      throw new ConfigError(
        `${Class.name} cannot be built again in a worker thread: its constructor takes arguments, and gave none to its parent. Take one object of options, and call super(options); or use numWorkers: 0.`,
      );
    }
    checkCloneable(Class.name, options ?? {});
    return {
      source: checkModuleExport(`${Class.name}.from`, from),
      content: {
        name: Class.name,
        length: this.length,
        options,
        transforms: this.transforms.toWorker(),
      } satisfies WholeContent,
    };
  }
  /** The dataset that `toWorker` described. @throws ConfigError when it is not as long as it was. */
  static async fromWorker(content: unknown): Promise<Dataset> {
    const read = readContent(content);
    if ("whole" in read) return (await this.fromWorker(read.whole)).#part(read.samples);
    const { name, length, options, transforms } = read;
    const dataset = this.fromOptions({ ...options, transforms: await TransformsHandler.fromWorker(transforms) });
    if (dataset.constructor.name === name && dataset.length === length) return dataset;
    throw new ConfigError(
      `${name} with ${length} samples was ${dataset.constructor.name} with ${dataset.length} when it was built again in a worker thread. All that it is made of must be in the options that it gives to super(options).`,
    );
  }

  #row(index: number): ParticipantRow {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new RangeError(
        `${this.shownName} has ${this.length} samples, numbered from 0; there is no number ${index}.`,
      );
    }
    return toRow(this.shownName, index, this.row(index));
  }
  #allRows(): ParticipantRow[] {
    return Array.from({ length: this.length }, (_, i) => this.#row(i));
  }
}

/** Some samples of a dataset of one's own, with epoch, seed and mode of their own. */
class DatasetPart extends Dataset {
  readonly #whole: Dataset;
  readonly #samples: readonly number[];
  readonly #rows: Table;

  /** @param samples their numbers in `whole`. */
  constructor(whole: Dataset, samples: readonly number[], table: Table) {
    super({ transforms: whole.transforms });
    this.#whole = whole;
    this.#samples = samples;
    this.#rows = table;
  }
  override get length(): number {
    return this.#samples.length;
  }
  protected override get shownName(): string {
    return `A part of ${this.#whole.constructor.name}`;
  }
  protected override get table(): Table {
    return this.#rows;
  }
  override row(index: number): DatasetRow {
    return this.#whole.row(this.#numberOf(index));
  }
  override load(index: number, context: LoadContext): Loaded | Promise<Loaded> {
    return this.#whole.load(this.#numberOf(index), context);
  }
  get loadsLater(): boolean {
    return loadsLater(this.#whole);
  }
  override toDict(): JsonObject {
    return { ...this.#whole.toDict(), data: this.#rows.toDict() };
  }
  override toWorker(): PortableDataset {
    const { source, content } = this.#whole.toWorker();
    return { source, content: { whole: content, samples: this.#samples } };
  }
  #numberOf(index: number): number {
    return this.#samples[index] ?? -1;
  }
}

/** Whether `load` is an async function: scopes of memory end before it does. */
function loadsLater(dataset: Dataset): boolean {
  if (dataset instanceof DatasetPart) return dataset.loadsLater;
  return Object.prototype.toString.call(dataset.load) === "[object AsyncFunction]";
}

function objectAt(what: string, dict: JsonObject, field: string): JsonObject {
  const value = dict[field];
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new CannotReadFieldError(`${what}: '${field}' was written as ${show(value)}. Pass the dataset itself.`, [
    field,
  ]);
}
