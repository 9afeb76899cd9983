import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { parseEvent, type RunEvent } from "../../run/journal/schema.ts";

/** What was added to a file of events since the last look. */
export interface Added {
  /** The file has begun, or was written anew (thinned, rewound): what is known of it is read again. */
  readonly isAnew: boolean;
  readonly events: readonly RunEvent[];
}

/**
 * What is added to a training's file of events from now on, by its size: a look that finds nothing new costs one `stat`. Files on network
 * file systems are seen, too, which tell nobody that they have changed.
 *
 * ```ts
 * using follower = new Follower(eventsJsonl);
 * const { events } = follower.look();
 * ```
 */
export class Follower implements Disposable {
  readonly #path: string;
  /** Held open, so that its inode is not given to the file that takes its place. */
  #descriptor: number | null = null;
  #offset = 0;
  #rest = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
    this.#openAtEnd();
  }

  look(): Added {
    const now = statSync(this.#path, { throwIfNoEntry: false });
    if (now === undefined) return { isAnew: false, events: [] };
    if (this.#descriptor === null || isOther(this.#descriptor, now) || now.size < this.#offset) {
      this.#openAtEnd();
      return { isAnew: true, events: [] };
    }
    if (now.size === this.#offset) return { isAnew: false, events: [] };
    return { isAnew: false, events: this.#read(this.#descriptor, now.size) };
  }

  #read(descriptor: number, size: number): RunEvent[] {
    const bytes = Buffer.alloc(size - this.#offset);
    const got = readSync(descriptor, bytes, 0, bytes.length, this.#offset);
    this.#offset += got;
    const all = Buffer.concat([this.#rest, bytes.subarray(0, got)]);
    const end = all.lastIndexOf(10) + 1;
    this.#rest = all.subarray(end);
    return all
      .toString("utf8", 0, end)
      .split("\n")
      .flatMap((line) => {
        const event = line === "" ? null : parseEvent(line);
        return event === null || event.kind === "later" ? [] : event;
      });
  }

  /** What is there already is read by who shows it. */
  #openAtEnd(): void {
    this[Symbol.dispose]();
    this.#rest = Buffer.alloc(0);
    this.#offset = 0;
    if (statSync(this.#path, { throwIfNoEntry: false }) === undefined) return;
    this.#descriptor = openSync(this.#path, "r");
    const { size } = fstatSync(this.#descriptor);
    this.#offset = startOfLine(this.#descriptor, size);
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

function isOther(descriptor: number, now: { readonly ino: number; readonly dev: number }): boolean {
  const { ino, dev } = fstatSync(descriptor);
  return now.ino !== ino || now.dev !== dev;
}

/** Where the last line begins, if it is not whole yet. */
function startOfLine(descriptor: number, size: number): number {
  const bytes = Buffer.alloc(Math.min(size, 65_536));
  const got = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
  return size - bytes.length + bytes.subarray(0, got).lastIndexOf(10) + 1;
}
