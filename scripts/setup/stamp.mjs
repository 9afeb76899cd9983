// Stamps: a step's inputs as one hash, written last, so that a step that was cut short is done again.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/**
 * Every file under `folder`, sorted, hidden ones left out.
 * @param {string} folder
 * @param {(path: string) => boolean} [keep]
 * @returns {string[]}
 */
export function filesUnder(folder, keep = () => true) {
  if (!existsSync(folder)) return [];
  const out = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) out.push(...filesUnder(path, keep));
    else if (keep(path)) out.push(path);
  }
  return out.sort();
}

/** The hash of files (their paths below `root` and their content) and of further facts. */
export function hashOf(root, files, facts = []) {
  const hash = createHash("sha256");
  hash.update(JSON.stringify(facts));
  for (const file of files) {
    if (!existsSync(file)) continue;
    hash.update(`\0${relative(root, file).split(sep).join("/")}\0`);
    hash.update(readFileSync(file));
  }
  return hash.digest("hex");
}

export function readStamp(path) {
  return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
}

export function writeStamp(path, value) {
  writeAtomic(path, `${value}\n`);
}

export function clearStamp(path) {
  rmSync(path, { force: true });
}

export function writeAtomic(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.tmp-${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}
