import { existsSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import type { Batch } from "../../data/dataloader/index.ts";
import { type DataPoint, Sample } from "../../data/structures/index.ts";
import { ensureFolder } from "../../io/files/index.ts";
import type { ResultsDir } from "../../io/maps/index.ts";
import { type Row, TsvStream } from "../../io/tsv/index.ts";
import type { RunLog } from "../../run/index.ts";
import * as torch from "../../torch/index.ts";
import { ClinicaDLException, ConfigError } from "../../utils/exceptions.ts";
import { bidsLabel, fullName, predictionName } from "./names.ts";
import { type Output, outputOf, writeImage } from "./outputs.ts";
import { type Form, type OutputFile, PartWriter, readPart } from "./part.ts";

const IDENTITY: readonly string[] = ["participant_id", "session_id"];

/**
 * Writes what a model gives for one batch after the other: in `output.tsv` a row for each sample, with values or the
 * names of the files that they went to. Nothing but the batch in hand is held in memory.
 */
export class PredictionWriter implements Disposable {
  readonly #dir: ResultsDir;
  #outputs: readonly string[] | null;
  #table: TsvStream | null = null;
  /** Where rows go instead, of one of several processes that is not the main one. */
  readonly #part: PartWriter | null;
  /** What the first sample had of each output; the others must have the same. */
  readonly #forms = new Map<string, string>();
  readonly #floats = new Set<string>();
  readonly #misplaced = new Set<string>();
  /** Of the batch in hand. */
  #files: OutputFile[] = [];
  #formsOfBatch: Form[] = [];

  readonly #log: RunLog;

  readonly #include: readonly string[];

  /**
   * @param columns `outputs`: the fields to keep; null: those that the model adds to the first batch. `include`: columns of the data
   * beside them.
   * @param isMain whether this process writes the table; the others write what it takes in with {@link take}.
   */
  constructor(
    dir: ResultsDir,
    { outputs, include }: { readonly outputs: readonly string[] | null; readonly include: readonly string[] },
    log: RunLog,
    isMain = true,
  ) {
    this.#include = include;
    this.#log = log;
    this.#dir = dir;
    this.#outputs = outputs;
    this.#part = isMain ? null : new PartWriter(dir.path);
  }

  /**
   * @param given the names of the fields that the batch had before it went through the model.
   * @throws ConfigError when there is nothing to write, or not what was asked for.
   * @throws ClinicaDLException when an output is of another form than before: the table could not hold it.
   */
  write(batch: Batch, given: ReadonlySet<string>): void {
    using _scope = torch.scope();
    const names = this.#outputs ?? fieldsOf(batch).filter((name) => !given.has(name));
    if (this.#forms.size === 0) checkOutputs(names, fieldsOf(batch), given);
    this.#outputs = names;
    [this.#files, this.#formsOfBatch] = [[], []];
    const rows = batch.samples.map((sample, row) => this.#rowOf(sample, names, row));
    if (this.#part === null) this.#append(rows);
    else this.#part.append({ rows, floats: [...this.#floats], forms: this.#formsOfBatch, files: this.#files });
  }

  /**
   * Puts what another process has written behind what is there.
   * @throws ClinicaDLException when an output is of another form than here.
   */
  async take(part: ResultsDir): Promise<void> {
    for await (const { rows, floats, forms, files } of readPart(part.path)) {
      for (const form of forms) this.#checkForm(form);
      for (const column of floats) this.#floats.add(column);
      const taken: Row[] = rows.map((row) => ({ ...row }));
      this.#checkColumns(Object.keys(taken[0] ?? {}));
      for (const file of files) this.#takeFile(part, taken[file.row] ?? {}, file);
      this.#append(taken);
    }
  }
  #takeFile(part: ResultsDir, row: Row, file: OutputFile): void {
    const path = this.#freePath(file);
    renameSync(join(part.path, String(row[file.column])), path);
    row[file.column] = `${file.folder}/${basename(path)}`;
  }

  #checkColumns(columns: readonly string[]): void {
    const before = this.#table?.columns ?? columns;
    if (columns.join("\t") === before.join("\t")) return;
    throw new ClinicaDLException(
      `predict: the columns of some samples are ${columns.join(", ")}, and ${before.join(", ")} those of the samples before them. Name what to write: 'outputs'.`,
    );
  }

  #append(rows: readonly Row[]): void {
    this.#table ??= this.#open(rows[0] ?? {});
    this.#table.write(rows);
  }

  #open(first: Row): TsvStream {
    return new TsvStream(this.#dir.outputTsv, Object.keys(first), { floats: this.#floats });
  }

  #rowOf(sample: DataPoint, names: readonly string[], row: number): Row {
    const cells = [
      ["participant_id", sample.participantId] as const,
      ["session_id", sample.sessionId] as const,
      ...positionOf(sample),
      ...this.#include.filter((name) => !names.includes(name)).map((name) => [name, columnOf(sample, name)] as const),
      ...names.flatMap((name) => this.#cellsOf(sample, name, row)),
    ];
    const values: Row = Object.fromEntries(cells);
    if (Object.keys(values).length === cells.length) return values;
    const columns = cells.map(([column]) => column);
    const twice = columns.find((column, i) => columns.indexOf(column) < i);
    throw new ConfigError(
      `predict: two columns would be named '${twice}'. Rename an output, or choose others: 'outputs'.`,
    );
  }

  #cellsOf(sample: DataPoint, name: string, row: number): (readonly [string, Row[string]])[] {
    const output = outputOf(sample, name);
    const count = output.kind === "cells" ? output.cells.length : 0;
    const values = `${count} ${count === 1 ? "value" : "values"}`;
    this.#checkForm({ who: sample.who, name, form: output.kind === "cells" ? values : "a file" });
    if (output.kind !== "cells") return [[name, this.#save(sample, name, output, row)]];
    const single = output.cells.length === 1;
    const cells = output.cells.map((cell, i) => [single ? name : `${name}_${i}`, cell] as const);
    if (output.floats) for (const [column] of cells) this.#floats.add(column);
    return cells;
  }

  #checkForm(one: Form): void {
    const { who, name, form } = one;
    const before = this.#forms.get(name) ?? form;
    this.#forms.set(name, before);
    this.#formsOfBatch.push(one);
    if (form === before) return;
    throw new ClinicaDLException(
      `predict: for ${who} '${name}' is ${form}, for the samples before it was ${before}. The columns of output.tsv must be the same for all.`,
    );
  }

  /** Writes a file. @returns its path, from the directory of the results. */
  #save(sample: DataPoint, name: string, output: Exclude<Output, { kind: "cells" }>, row: number): string {
    const isImage = output.kind === "image";
    if (!isImage && sample.images.has(name)) this.#warnMisplaced(sample, name);
    const file: OutputFile = {
      row,
      column: name,
      name: predictionName(sample, name, isImage && output.labels),
      folder: isImage ? "images" : "tensors",
      extension: isImage ? "nii.gz" : "pt",
    };
    const path = this.#freePath(file);
    if (isImage) writeImage(path, output);
    else torch.save(output.value, path);
    this.#files.push(file);
    return `${file.folder}/${basename(path)}`;
  }

  /** Where a file goes, beside those that are there of other samples of its place. */
  #freePath({ folder, name, extension }: OutputFile): string {
    const { [folder]: parent } = this.#dir;
    ensureFolder(parent);
    let path = "";
    for (let copy = 1; path === "" || existsSync(path); copy++) {
      path = join(parent, `${fullName(name, copy)}.${extension}`);
    }
    return path;
  }

  #warnMisplaced(sample: DataPoint, name: string): void {
    if (this.#misplaced.has(name)) return;
    this.#misplaced.add(name);
    const [size, input] = [sample.getImage(name), sample.image].map((image) => image.spatialShape.join("×"));
    this.#log.warning(
      `The image '${name}' of ${sample.who} has ${size} voxels and its input ${input}, with one affine: where its voxels are is not known. Such outputs are saved as tensors, in ${basename(this.#dir.tensors)}/.`,
    );
  }

  [Symbol.dispose](): void {
    this.#table?.[Symbol.dispose]();
    this.#part?.[Symbol.dispose]();
  }
}

/** The names of all fields and images of a batch; of several parts, of all of them. */
export function fieldsOf(...parts: readonly Batch[]): string[] {
  return parts.flatMap((part) => {
    const sample = part.get(0);
    return [...sample.fieldNames(), ...sample.images.keys()];
  });
}

function checkOutputs(names: readonly string[], there: readonly string[], given: ReadonlySet<string>): void {
  const added = there.filter((name) => !given.has(name)).map((name) => `'${name}'`);
  const listed = `The model's predictionStep added ${added.join(", ") || "no field to the batch"}.`;
  if (names.length === 0)
    throw new ConfigError(`predict: there is nothing to write. ${listed} Name fields: 'outputs'.`);
  const wrong = names.find((name) => !there.includes(name) || IDENTITY.includes(name));
  if (wrong !== undefined) {
    const why = IDENTITY.includes(wrong) ? "which is written anyway" : "which the batch does not have";
    throw new ConfigError(`predict: 'outputs' has '${wrong}', ${why}. ${listed}`);
  }
  const labels = names.map(bidsLabel);
  const same = names.filter((_, i) => labels.indexOf(labels[i] ?? "") !== labels.lastIndexOf(labels[i] ?? ""));
  if (same.length > 0) {
    const files = same.map((name) => `'${name}'`).join(" and ");
    throw new ConfigError(
      `predict: the files of ${files} would have the same name. Rename an output, or choose others.`,
    );
  }
}

/** The value of a column of the data. */
function columnOf(sample: DataPoint, name: string): Row[string] {
  if (sample.hasField(name)) {
    const output = outputOf(sample, name);
    const [cell, ...more] = output.kind === "cells" ? output.cells : [];
    if (cell !== undefined && more.length === 0) return cell;
    throw new ConfigError(`predict: 'include' has '${name}', which is no single value. Name it in 'outputs'.`);
  }
  const there = [...sample.fieldNames()].filter((field) => !IDENTITY.includes(field));
  throw new ConfigError(
    `predict: 'include' has '${name}', which the data do not have. There are: ${there.join(", ")}. Columns of a table are read where a dataset names them: columns: ["${name}"].`,
  );
}

/** Where in its image a patch or a slice was. */
function positionOf(sample: DataPoint): (readonly [string, Row[string]])[] {
  if (!(sample instanceof Sample)) return [];
  const { place } = sample;
  switch (place.sampleType) {
    case "image":
      return [];
    case "patch":
      return place.samplePosition.map((start, axis) => [`sample_position_${axis}`, start] as const);
    case "slice":
      return [
        ["sample_position", place.samplePosition],
        ["slice_direction", place.sliceDirection],
      ];
  }
}
