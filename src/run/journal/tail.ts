import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { naming } from "../../utils/file-errors.ts";

/**
 * The whole lines that a file gets, which may be replaced by another one of the same name. Found by its size: files on network file
 * systems are seen, too, which tell nobody that they have changed.
 */
export class Tail implements Disposable {
  readonly #path: string;
  readonly #skips: boolean;
  /** Held open, so that its inode is not given to the file that takes its place. */
  #descriptor: number | null = null;
  #offset = 0;
  #rest = Buffer.alloc(0);

  /** @param options `skips`: what is there when a file is found is left out, but for a last line that is not whole. Default false. */
  constructor(path: string, { skips = false }: { readonly skips?: boolean } = {}) {
    this.#path = path;
    this.#skips = skips;
  }

  /** @returns `anew` where the lines are those of another file, from its beginning. */
  read(): { readonly lines: readonly string[]; readonly anew: boolean } {
    const anew = this.#isReplaced();
    if (anew) this.#open();
    if (this.#descriptor === null) return { lines: [], anew };
    const descriptor = this.#descriptor;
    const size = fstatSync(descriptor).size;
    const bytes = Buffer.alloc(Math.max(size - this.#offset, 0));
    const got = naming(this.#path, () => readSync(descriptor, bytes, 0, bytes.length, this.#offset));
    this.#offset += got;
    const all = Buffer.concat([this.#rest, bytes.subarray(0, got)]);
    const end = all.lastIndexOf(10) + 1;
    this.#rest = all.subarray(end);
    return { lines: all.toString("utf8", 0, end).split("\n"), anew };
  }

  #isReplaced(): boolean {
    const now = statSync(this.#path, { throwIfNoEntry: false });
    if (now === undefined) return false;
    if (this.#descriptor === null) return true;
    const { ino, dev } = fstatSync(this.#descriptor);
    return now.ino !== ino || now.dev !== dev || now.size < this.#offset;
  }
  #open(): void {
    this[Symbol.dispose]();
    this.#rest = Buffer.alloc(0);
    this.#descriptor = openSync(this.#path, "r");
    this.#offset = this.#skips ? startOfLine(this.#descriptor) : 0;
  }
  [Symbol.dispose](): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

/** Where the last line begins, if it is not whole yet; else the end. */
function startOfLine(descriptor: number): number {
  const { size } = fstatSync(descriptor);
  const bytes = Buffer.alloc(Math.min(size, 65_536));
  const got = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
  return size - bytes.length + bytes.subarray(0, got).lastIndexOf(10) + 1;
}
