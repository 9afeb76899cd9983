/**
 * What a disk holds after a power cut, found out from the journal of shim.c.
 *
 * The model is a disk that promises no more than POSIX does:
 *
 * - The bytes of a file are on the disk as they were when the file was last synced; those of a file that never was
 *   synced may be lost, down to a length of zero.
 * - A name (of what was made, renamed, linked or deleted) is on the disk once the folder that holds it was synced; that a
 *   file or folder was synced itself does not make its name durable.
 * - A rename or an exchange within one folder is one step: it is there or not, never by half. One between two folders is
 *   two steps, one in each.
 * - Steps in one folder that have to do with the same name or thing reach the disk in their order; any others, and those
 *   of different folders, do not.
 *
 * Between these bounds the disk is free. What it does is chosen in three ways, see {@link Kept}.
 */
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What is kept of all that was not synced: nothing; or the names, but no bytes (files of zero length, the classic of ext4
 * before it knew better); or what chance wants, in each folder and file by itself.
 */
export type Kept = "nothing" | "names" | "some";

interface File {
  readonly kind: "file";
  /** The bytes when it was synced last. */
  synced: Buffer;
  /** The bytes that readers see before the cut; null: those that were synced, as far as anybody knows. */
  now: Buffer | null;
}

interface Folder {
  readonly kind: "folder";
  /** The names when it was synced last. */
  synced: Map<string, Node>;
  /** The names that readers see. */
  readonly now: Map<string, Node>;
  /** What has changed since, in order. */
  readonly steps: Step[];
}

type Node = File | Folder;

/** Names that are given, or taken away, at once. */
type Step = ReadonlyMap<string, Node | null>;

const newFile = (): File => ({ kind: "file", synced: Buffer.of(), now: null });
const newFolder = (): Folder => ({ kind: "folder", synced: new Map(), now: new Map(), steps: [] });

export class Disk {
  readonly #root: Folder;

  private constructor(root: Folder) {
    this.#root = root;
  }

  /** What is in a folder now, all of it synced. */
  static of(path: string): Disk {
    return new Disk(readFolder(path));
  }

  /**
   * Follows what was done.
   * @param journal the lines that the shim wrote.
   * @param copies the folder with its copies of files that were synced.
   */
  replay(journal: string, copies: string): void {
    for (const line of journal.split("\n").filter((text) => text !== "")) {
      const [what = "", path = "", other = ""] = line.split("\t");
      this.#apply(what, path, other, copies);
    }
  }

  #apply(what: string, path: string, other: string, copies: string): void {
    const [folder, name] = this.#place(path);
    switch (what) {
      case "mkdir":
        return change(folder, [[name, newFolder()]]);
      case "create":
        return change(folder, [[name, newFile()]]);
      case "link":
        return change(folder, [[name, this.#find(other)]]);
      case "unlink":
        return change(folder, [[name, null]]);
      case "rename":
        return this.#move(path, this.#find(other), other, null);
      case "exchange":
        return this.#move(path, this.#find(other), other, this.#find(path));
      case "sync": {
        const node = this.#find(path);
        if (node.kind === "file") {
          node.synced = readFileSync(join(copies, other));
        } else {
          node.synced = new Map(node.now);
          node.steps.length = 0;
        }
        return;
      }
      default:
        throw new Error(`The journal says '${what}', which this model of a disk does not know.`);
    }
  }

  /** Two names get what they are to hold: in one step, if they are in one folder. */
  #move(path: string, node: Node, from: string, left: Node | null): void {
    const [[to, name], [source, old]] = [this.#place(path), this.#place(from)];
    if (to === source) {
      change(to, [
        [old, left],
        [name, node],
      ]);
    } else {
      change(to, [[name, node]]);
      change(source, [[old, left]]);
    }
  }

  #place(path: string): readonly [Folder, string] {
    const parts = path.split("/").filter((part) => part !== "");
    const name = parts.pop() ?? "";
    const folder = this.#find(parts.join("/"));
    if (folder.kind === "file") throw new Error(`The journal has a name in the file ${path}.`);
    return [folder, name];
  }

  #find(path: string): Node {
    let node: Node = this.#root;
    for (const part of path.split("/").filter((name) => name !== "")) {
      const next: Node | undefined = node.kind === "folder" ? node.now.get(part) : undefined;
      if (next === undefined) throw new Error(`The journal has ${path}, which it did not say was made.`);
      node = next;
    }
    return node;
  }

  /**
   * Cuts the power: what is in a folder is replaced by what the disk holds.
   * @param seed of chance, for `some`.
   * @throws Error if the folder is not what the journal said.
   */
  cut(path: string, kept: Kept, seed: number): void {
    look(this.#root, path);
    rmSync(path, { recursive: true });
    write(this.#root, path, kept, generator(seed), new Map());
  }
}

function change(folder: Folder, names: readonly (readonly [string, Node | null])[]): void {
  for (const [name, node] of names) {
    if (node === null) folder.now.delete(name);
    else folder.now.set(name, node);
  }
  folder.steps.push(new Map(names));
}

function readFolder(path: string): Folder {
  const entries = readdirSync(path, { withFileTypes: true }).map((entry): [string, Node] => {
    const child = join(path, entry.name);
    return [
      entry.name,
      entry.isDirectory() ? readFolder(child) : { kind: "file", synced: readFileSync(child), now: null },
    ];
  });
  return { kind: "folder", synced: new Map(entries), now: new Map(entries), steps: [] };
}

/** Sees what readers would see before the cut. */
function look(folder: Folder, path: string): void {
  const [there, known] = [readdirSync(path).sort(), [...folder.now.keys()].sort()];
  if (there.join("\t") !== known.join("\t")) {
    throw new Error(`${path} holds ${there.join(", ")}; by the journal, ${known.join(", ")}.`);
  }
  for (const [name, node] of folder.now) {
    if (node.kind === "folder") look(node, join(path, name));
    else node.now = readFileSync(join(path, name));
  }
}

/** Writes what the disk holds. @param written where the bytes of a file are already: it may have several names. */
function write(folder: Folder, path: string, kept: Kept, random: () => number, written: Map<File, string>): void {
  mkdirSync(path);
  for (const [name, node] of namesOf(folder, kept, random)) {
    const child = join(path, name);
    if (node.kind === "folder") {
      write(node, child, kept, random, written);
      continue;
    }
    const first = written.get(node);
    if (first === undefined) writeFileSync(child, bytesOf(node, kept, random));
    else linkSync(first, child);
    written.set(node, first ?? child);
  }
}

function namesOf(folder: Folder, kept: Kept, random: () => number): Map<string, Node> {
  if (kept === "nothing") return folder.synced;
  if (kept === "names") return folder.now;
  const names = new Map(folder.synced);
  const lost = new Set<string | Node>();
  for (const step of folder.steps) {
    const touched = [...step].flatMap(([name, node]) => [name, node ?? name, names.get(name) ?? name]);
    if (random() < 0.3 || touched.some((one) => lost.has(one))) {
      for (const one of touched) lost.add(one);
      continue;
    }
    for (const [name, node] of step) {
      if (node === null) names.delete(name);
      else names.set(name, node);
    }
  }
  return names;
}

function bytesOf({ synced, now }: File, kept: Kept, random: () => number): Buffer {
  if (kept !== "some" || now === null || now.equals(synced)) return synced;
  // what is the same before and after is not in danger
  let same = 0;
  while (same < Math.min(synced.length, now.length) && synced[same] === now[same]) same++;
  const half = same + Math.floor((now.length - same) / 2);
  const zeros = Buffer.concat([now.subarray(0, same), Buffer.alloc(now.length - same)]);
  const choices = [synced, now, now.subarray(0, half), zeros];
  return choices[Math.floor(random() * choices.length)] ?? synced;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
