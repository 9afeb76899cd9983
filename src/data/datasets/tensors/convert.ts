/** Images of a dataset as files of tensors. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Bids, TensorType } from "../../../io/bids/index.ts";
import { makeFolder, writeJson } from "../../../io/files/index.ts";
import { type ParticipantRow, pairKey } from "../../../io/tsv/index.ts";
import * as torch from "../../../torch/index.ts";
import type { JsonValue } from "../../../utils/config.ts";
import { ClinicaDLException, TensorConversionError } from "../../../utils/exceptions.ts";
import type { ImageParts } from "../images-dataset.ts";
import { filesNamedIn } from "../named-files.ts";
import type { MaskSource } from "../sources.ts";
import { type RowToConvert, sourcesOf, toPoint } from "./convert-row.ts";
import { type Converter, converterHere, converterOf } from "./converter.ts";
import {
  descriptionPath,
  entitiesOf,
  findDescription,
  readDescription,
  readPairs,
  type TensorDescription,
  writeDescription,
} from "./description.ts";
import { checkSame } from "./differences.ts";
import { readTensors } from "./files.ts";
import { Findings } from "./findings.ts";
import { afterMove } from "./moved.ts";
import type { Checked } from "./options.ts";
import { type Outline, outlineOf } from "./outline.ts";
import { progressLine } from "./progress.ts";
import { removeConversion } from "./remove.ts";
import { changedSource } from "./states.ts";
import { turnOf, writeInTurn } from "./turns.ts";

/** What is converted. */
export interface Convertible extends Pick<ImageParts, "fileType" | "table" | "files" | "transforms"> {
  readonly bids: Bids;
  readonly masks: ReadonlyMap<string, MaskSource>;
  readonly seed: number;
  /** The image transforms as JSON, with what is done to masks before them. */
  readonly transformsJson: readonly JsonValue[];
  readonly resampleMasks: boolean;
}

/**
 * Converts what is not converted yet. Whenever it is ended, the files that are there are whole; called again, it goes on.
 * @returns the path of the description.
 */
export async function convert(data: Convertible, options: Checked): Promise<string> {
  // transforms that cannot go to threads are an error before anything is deleted
  if (options.transformed && options.nProc > 1) data.transforms.toWorker();
  const now = describe(data, options);
  const bids = openTensors(data.bids.tensorsDir);
  // others who want the same wait, and find it done
  using _turn = await turnOf(bids.path, entitiesOf(descriptionPath(bids, now.tensorType)));
  const there = findDescription(bids, now.tensorType);
  if (there !== null && options.overwrite) removeConversion(there);
  const work = new Conversion(
    bids,
    data,
    options,
    there === null || options.overwrite ? now : takeOver(there, now, options),
  );
  if (there !== null && !options.overwrite) work.findConverted(there);
  await work.run();
  return descriptionPath(bids, work.description.tensorType);
}

/** The dataset of tensors, which is made where there is none. */
function openTensors(folder: string): Bids {
  const path = join(folder, "dataset_description.json");
  if (!existsSync(path)) {
    makeFolder(folder);
    writeInTurn(folder, () => {
      if (existsSync(path)) return;
      writeJson(path, { Name: "Tensors of images", BIDSVersion: "1.11.0", DatasetType: "derivative" });
    });
  }
  return new Bids(folder);
}

function describe(data: Convertible, { name, transformed, description }: Checked): TensorDescription {
  const masks = [...data.masks].map(([mask, source]): [string, TensorDescription["masks"][string]] => [
    mask,
    source.kind === "common" ? source.path : [source.bids.path, source.fileType],
  ]);
  const sources = [...data.masks.values()];
  return {
    tensorType: TensorType.fromSourceFileTypes({
      conversionName: name,
      image: data.fileType,
      individualMasks: sources.flatMap((source) => (source.kind === "common" ? [] : [source.fileType])),
      commonMasks: sources.flatMap((source) => (source.kind === "common" ? [source.path] : [])),
      transformed,
    }),
    image: [data.bids.path, data.fileType],
    masks: Object.fromEntries(masks),
    additionalData: [],
    transforms: transformed ? data.transformsJson : [],
    spacing: null,
    spatialShape: null,
    interrupted: true,
    description: description ?? (name === "raw" ? "Images as they are in the dataset, in RAS+ orientation." : null),
  };
}

/** The description that is there, to be added to. @throws TensorConversionError when it is of other data. */
function takeOver(path: string, now: TensorDescription, { checkTransforms, description }: Checked): TensorDescription {
  const there = afterMove(readDescription(path), now, dirname(path));
  checkSame(path, there, now, checkTransforms);
  return { ...there, interrupted: true, description: description ?? there.description };
}

class Conversion {
  description: TensorDescription;
  readonly #bids: Bids;
  readonly #data: Convertible;
  readonly #options: Checked;
  readonly #converted = new Map<string, ParticipantRow>();
  readonly #findings: Findings;

  constructor(bids: Bids, data: Convertible, options: Checked, description: TensorDescription) {
    this.#bids = bids;
    this.#data = data;
    this.#options = options;
    this.description = description;
    const known = ["image", ...data.masks.keys()];
    this.#findings = new Findings(options.checks, description, known);
  }

  /**
   * Takes what is converted already. Files that the description does not list are those of a conversion that was killed: they
   * are read once to see whether they are whole.
   * @throws TensorConversionError for images that have changed since.
   */
  findConverted(path: string): void {
    const listed = readPairs(path).filter((row) => existsSync(this.#pathOf(row)));
    for (const row of listed) this.#converted.set(pairKey(row), row);
    if (listed[0] !== undefined) this.#findings.takeOver(listed[0], this.description);
    const changed: string[] = [];
    const { transformed, checkTransforms } = this.#options;
    const ofTransforms = transformed && checkTransforms ? filesNamedIn([...this.#data.transformsJson]) : [];
    this.#data.table.rows.forEach((row, i) => {
      const file = this.#pathOf(row);
      if (!existsSync(file)) return;
      const files = this.#data.files[i];
      const other = changedSource(file, [...(files === undefined ? [] : sourcesOf(files)), ...ofTransforms]);
      const known = this.#converted.has(pairKey(row));
      if (other !== null) {
        if (known) changed.push(`(${row.participant_id}, ${row.session_id}): ${other}`);
        return;
      }
      if (!known && this.#isWhole(row, file)) this.#converted.set(pairKey(row), row);
    });
    if (changed.length === 0) return;
    throw new TensorConversionError(
      `${changed.length} files have changed since they were converted, as ${path} says: ${changed.slice(0, 10).join("; ")}${changed.length > 10 ? "; …" : ""}. Convert them again with overwrite: true.`,
    );
  }

  #isWhole(row: ParticipantRow, path: string): boolean {
    using _scope = torch.scope();
    try {
      const point = toPoint(row, readTensors(path));
      if (![...this.#data.masks.keys()].every((name) => point.images.has(name))) return false;
      this.#findings.look(row, outlineOf(point));
      return true;
    } catch (error) {
      if (error instanceof ClinicaDLException) return false;
      throw error;
    }
  }

  /** Converts what waits. However many threads there are, sessions are counted in their order, and the first that fails is named. */
  async run(): Promise<void> {
    const { rows } = this.#data.table;
    const waiting = [...rows.entries()].filter(([, row]) => !this.#converted.has(pairKey(row)));
    const work = waiting.map(([index, row]) => this.#toConvert(row, index));
    const show = this.#options.onProgress ?? progressLine();
    const { length: total } = rows;
    let done = total - waiting.length;
    const take = async (begun: Begun | undefined): Promise<void> => {
      if (begun === undefined) return;
      this.#take(begun.row, await begun.outline);
      show({ done: ++done, total });
    };
    await using converter = this.#converter(work.length);
    this.#write(true);
    const begun: Begun[] = [];
    try {
      for (const each of work) {
        begun.push({ row: each.row, outline: begin(each, converter) });
        if (begun.length === converter.atOnce) await take(begun.shift());
      }
      while (begun.length > 0) await take(begun.shift());
    } catch (error) {
      // what other threads have finished meanwhile is there
      for (const { row, outline } of begun) {
        const [finished] = await Promise.allSettled([outline]);
        if (finished.status === "fulfilled") this.#take(row, finished.value);
      }
      this.#write(true);
      const message = error instanceof Error ? error.message : String(error);
      const path = descriptionPath(this.#bids, this.description.tensorType);
      throw new TensorConversionError(
        `${message} ${this.#converted.size} sessions are converted (${path}); call toTensors again to go on.`,
        { cause: error },
      );
    }
    this.#write(false);
  }

  #toConvert(row: ParticipantRow, index: number): RowToConvert {
    const files = this.#data.files[index];
    if (files === undefined) throw new TensorConversionError(`Row ${index} has no files.`);
    return { row, index, files, path: this.#pathOf(row) };
  }

  #converter(work: number): Converter {
    const { seed, resampleMasks } = this.#data;
    const transforms = this.#options.transformed ? this.#data.transforms : null;
    const count = Math.min(this.#options.nProc, work);
    if (count > 1) return converterOf(count, { seed, resampleMasks, transforms: transforms?.toWorker() ?? null });
    return converterHere({ seed, resampleMasks, transforms });
  }

  #take(row: ParticipantRow, outline: Outline): void {
    this.#findings.look(row, outline);
    this.#converted.set(pairKey(row), row);
  }

  #write(interrupted: boolean): void {
    this.description = { ...this.description, ...this.#findings.found, interrupted };
    const rows = [...this.#converted.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
    writeDescription(this.#bids, this.description, rows);
  }

  #pathOf({ participant_id: participantId, session_id: sessionId }: ParticipantRow): string {
    return this.#bids.buildPath(this.description.tensorType, { participantId, sessionId });
  }
}

/** A session that is being converted. */
interface Begun {
  readonly row: ParticipantRow;
  readonly outline: Promise<Outline>;
}

/** What goes wrong is said when it is the session's turn, not before. */
function begin(work: RowToConvert, converter: Converter): Promise<Outline> {
  const outline = converter.convert(work);
  outline.catch(() => undefined);
  return outline;
}
