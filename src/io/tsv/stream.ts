import { closeSync, openSync, writeFileSync } from "node:fs";
import { naming } from "../../utils/file-errors.ts";
import { isSyncedLater } from "../../utils/sync-later.ts";
import { replaceFile } from "../files/atomic.ts";
import { sync } from "../files/folders.ts";
import type { Row } from "./types.ts";
import { formatTsv, type TsvOptions } from "./write.ts";

/**
 * As {@link writeTsv}, of rows that come in parts, so that they need not be in memory together.
 * @param options `floats` must name all columns of floats.
 */
export function writeTsvParts(
  path: string,
  parts: Iterable<readonly Row[]>,
  columns: readonly string[],
  options: TsvOptions = {},
): void {
  replaceFile(path, (temporary) => {
    {
      using stream = new TsvStream(temporary, columns, options);
      for (const rows of parts) stream.write(rows);
    }
    if (!isSyncedLater(path)) sync(temporary);
  });
}

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
