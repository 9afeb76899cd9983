import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Disk, type Kept } from "./power-cut.ts";

let dir = "";
let root = "";
let journal: string[] = [];
let before: Disk;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "power-"));
  root = join(dir, "disk");
  mkdirSync(root);
  mkdirSync(join(dir, "synced"));
  mkdirSync(join(dir, "empty"));
  journal = [];
  before = Disk.of(root);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const at = (path: string) => join(root, path);
const note = (what: string, path: string, other = ""): number => journal.push(`${what}\t/${path}\t${other}`);
// what a program does, and what the shim would write about it
function mkdir(path: string): void {
  mkdirSync(at(path));
  note("mkdir", path);
}
const write = (path: string, text: string) => {
  if (!existsSync(at(path))) note("create", path);
  writeFileSync(at(path), text);
};
function rename(from: string, to: string): void {
  renameSync(at(from), at(to));
  note("rename", to, `/${from}`);
}
function link(from: string, to: string): void {
  linkSync(at(from), at(to));
  note("link", to, `/${from}`);
}
function remove(path: string): void {
  rmSync(at(path));
  note("unlink", path);
}
const sync = (path: string) => {
  const number = String(journal.length);
  const isFile = path !== "" && statSync(at(path)).isFile();
  if (isFile) cpSync(at(path), join(dir, "synced", number));
  note("sync", path, isFile ? number : "");
};
const exchange = (a: string, b: string) => {
  renameSync(at(a), join(dir, "aside"));
  renameSync(at(b), at(a));
  renameSync(join(dir, "aside"), at(b));
  note("exchange", b, `/${a}`);
};

/** All files and folders that are left, with what they hold. */
function cut(kept: Kept, seed = 0): Record<string, string> {
  before.replay(journal.join("\n"), join(dir, "synced"));
  before.cut(root, kept, seed);
  return left();
}
function left(): Record<string, string> {
  const paths = readdirSync(root, { recursive: true }).map(String).sort();
  return Object.fromEntries(
    paths.map((path) => [path, statSync(at(path)).isDirectory() ? "folder" : readFileSync(at(path), "utf8")]),
  );
}
/** What 200 disks leave of the same work. */
function chances(): Set<string> {
  cpSync(root, join(dir, "now"), { recursive: true });
  const found = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    before = Disk.of(join(dir, "empty"));
    found.add(JSON.stringify(cut("some", seed)));
    rmSync(root, { recursive: true });
    cpSync(join(dir, "now"), root, { recursive: true });
  }
  return found;
}

describe("a power cut", () => {
  it("takes a file whose folder was not synced, and the bytes of one that was not synced itself", () => {
    write("a", "one");
    sync("a");
    expect(cut("nothing")).toEqual({});
  });
  it("leaves files of no length where only names are kept", () => {
    write("a", "one");
    sync("");
    write("b", "two");
    expect(cut("names")).toEqual({ a: "", b: "" });
  });
  it("leaves what was synced, as it was then", () => {
    write("a", "one");
    sync("a");
    sync("");
    write("a", "one and two");
    expect(cut("nothing")).toEqual({ a: "one" });
  });
  it("takes the folders above, too: a synced folder has no synced name", () => {
    mkdir("a");
    mkdir("a/b");
    write("a/b/c", "text");
    sync("a/b/c");
    sync("a/b");
    sync("a");
    expect(cut("nothing")).toEqual({});
  });
  it("undoes a rename, an exchange, a deletion", () => {
    for (const name of ["old", "new", "gone", "from"]) {
      write(name, name);
      sync(name);
    }
    sync("");
    exchange("old", "new");
    remove("gone");
    rename("from", "to");
    expect(left()).toEqual({ new: "old", old: "new", to: "from" });
    expect(cut("nothing")).toEqual({ old: "old", new: "new", gone: "gone", from: "from" });
  });
  it("keeps two names of one file two names of one file", () => {
    write("a", "one");
    sync("a");
    link("a", "b");
    sync("");
    cut("nothing");
    expect(statSync(at("a")).ino).toBe(statSync(at("b")).ino);
  });
  it("finds every combination by chance, none of which is impossible", () => {
    write("a.tmp", "abcd");
    rename("a.tmp", "a");
    mkdir("b");
    const found = chances();
    const contents = ["", "abcd", "ab", "\0\0\0\0"];
    const files = [{}, ...["a.tmp", "a"].flatMap((name) => contents.map((text) => ({ [name]: text })))];
    const all = files.flatMap((file) => [file, { ...file, b: "folder" }]);
    expect([...found].sort()).toEqual(all.map((one) => JSON.stringify(one)).sort());
  });
  it("does not put in danger what is the same before and after", () => {
    write("log", "first\n");
    sync("log");
    sync("");
    write("log", "first\nsecond\n");
    for (const text of chances()) expect(text).toMatch(/^\{("log":"first\\n.*)?\}$/);
  });
  it("is not believed where the journal lacks something", () => {
    writeFileSync(at("unseen"), "");
    expect(() => cut("nothing")).toThrow(/holds unseen; by the journal, \./);
    note("chmod", "a");
    expect(() => cut("nothing")).toThrow(/does not know/);
  });
});
