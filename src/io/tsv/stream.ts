import { closeSync, openSync, writeFileSync } from "node:fs";
import { naming } from "../../utils/file-errors.ts";
import type { Row } from "./types.ts";
import { formatTsv, type TsvOptions } from "./write.ts";

/** A table that is written as its rows come, in a file of its own; as {@link writeTsv} writes it, but neither atomic nor synced. */
export class TsvStream implements Disposable {
  readonly columns: readonly string[];
  readonly #options: TsvOptions;
  readonly #header: string;
  readonly #path: string;
  readonly #descriptor: number;

  /** @throws when there is a file already. */
  constructor(path: string, columns: readonly string[], options: TsvOptions = {}) {
    this.columns = columns;
    this.#options = options;
    this.#header = formatTsv([], columns);
    this.#path = path;
    this.#descriptor = openSync(path, "wx");
    this.#append(this.#header);
  }

  write(rows: readonly Row[]): void {
    this.#append(formatTsv(rows, this.columns, this.#options).slice(this.#header.length));
  }
  #append(text: string): void {
    naming(this.#path, () => writeFileSync(this.#descriptor, text));
  }

  [Symbol.dispose](): void {
    naming(this.#path, () => closeSync(this.#descriptor));
  }
}
