/** What one of several processes has predicted, until the main one puts it among the results. */
import { closeSync, createReadStream, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { deserialize, serialize } from "node:v8";
import type { Row } from "../../io/tsv/index.ts";
import { naming } from "../../utils/file-errors.ts";
import type { PredictionName } from "./names.ts";

/** What a sample has of an output: so many values, or a file. */
export interface Form {
  readonly who: string;
  readonly name: string;
  readonly form: string;
}

/** A file of an output, and what it is to be called. */
export interface OutputFile {
  readonly row: number;
  readonly column: string;
  readonly name: PredictionName;
  readonly folder: "images" | "tensors";
  readonly extension: string;
}

/** The rows of some samples, and what must be known of them to put them among others. */
export interface Predicted {
  readonly rows: readonly Row[];
  /** The columns of numbers that are not whole. */
  readonly floats: readonly string[];
  readonly forms: readonly Form[];
  readonly files: readonly OutputFile[];
}

const pathIn = (folder: string) => join(folder, "rows");

/** A file of rows: a line for each batch, which is held in memory alone. */
export class PartWriter implements Disposable {
  readonly #path: string;
  readonly #descriptor: number;

  /** @param folder where files of outputs are, too. */
  constructor(folder: string) {
    this.#path = pathIn(folder);
    this.#descriptor = openSync(this.#path, "wx");
  }
  /** @throws Node's error with the path, such as that of a full disk. */
  append(predicted: Predicted): void {
    naming(this.#path, () => writeFileSync(this.#descriptor, `${serialize(predicted).toString("base64")}\n`));
  }
  [Symbol.dispose](): void {
    naming(this.#path, () => closeSync(this.#descriptor));
  }
}

/** What a {@link PartWriter} has written, in its order. */
export async function* readPart(folder: string): AsyncGenerator<Predicted, void> {
  const lines = createInterface({ input: createReadStream(pathIn(folder)), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) yield deserialize(Buffer.from(line, "base64")) as Predicted;
}
