/** Looks at MAPS on the disk: whether two hold the same, and whether one holds something damaged. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type CheckpointDir, CheckpointsDir } from "../../src/io/maps/index.ts";
import * as torch from "../../src/torch/index.ts";
import { readEvents } from "../../src/train/index.ts";

/** All files below a directory, as paths from there. */
function filesBelow(directory: string, prefix = ""): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = `${prefix}${entry.name}`;
    return entry.isDirectory() ? [`${path}/`, ...filesBelow(join(directory, entry.name), `${path}/`)] : [path];
  });
}

/** Measured times, and checksums of what holds them; logs of calls. That they exist is looked at. */
const TIMES = /monitor_callback\.pt$|\.manifest\.json$|computational\.tsv$|\.lock$|^exec\//;
const TEXT = /\.(log|json|txt|tsv)$/;
const DATES = /\d{4} [A-Z][a-z]{2} \d\d, \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d/g;
/** Whoever works in the repository meanwhile changes it, and where the machine is busy git is not waited for. */
const COMMIT = /(?<=^# git_commit: ).*$/gm;
const MEASURED = /(?<=Computational Summary)[\s\S]*?(?=\n\*{9})/g;

/** The events of a training, but for times, and for what there is only because it was interrupted. */
function eventsIn(path: string): string {
  const events = readEvents(path).filter(({ kind }) => !["resume", "interruption", "error"].includes(kind));
  return JSON.stringify(events.map((event) => ({ ...event, time: 0, seconds: 0 })));
}

function contentOf(maps: string, file: string): Buffer {
  if (file.endsWith("events.jsonl")) return Buffer.from(eventsIn(join(maps, file)));
  const bytes = readFileSync(join(maps, file));
  if (!TEXT.test(file)) return bytes;
  return Buffer.from(
    bytes
      .toString("utf8")
      .replaceAll(DATES, "")
      .replaceAll(COMMIT, "")
      .replaceAll(MEASURED, "")
      .replaceAll(/(?<=Path: ).*/g, ""),
  );
}

/** What is different in `found`: a sentence per file. Directories of calls are not compared, nor the content of files like `but`. */
export function differences(expected: string, found: string, but: RegExp | null = null): string[] {
  const [wanted, there] = [expected, found].map((maps) =>
    filesBelow(maps).filter((file) => !/^exec\/./.test(file)),
  ) as [string[], string[]];
  const missing = wanted.filter((file) => !there.includes(file)).map((file) => `${file} is missing`);
  const extra = there.filter((file) => !wanted.includes(file)).map((file) => `${file} is left over`);
  const changed = wanted
    .filter((file) => there.includes(file) && !file.endsWith("/") && !TIMES.test(file) && but?.test(file) !== true)
    .filter((file) => !contentOf(expected, file).equals(contentOf(found, file)))
    .map((file) => `${file} is different`);
  return [...missing, ...extra, ...changed];
}

/** Whatever counts (no temporary names, no logs) and cannot be read: a sentence per file. Checkpoints have their manifests. */
export function damages(maps: string): string[] {
  if (!existsSync(maps)) return [];
  const files = filesBelow(maps).filter((file) => !/(^|\/)\.tmp-|\/tmp\//.test(file));
  const unreadable = files.flatMap((file) => {
    try {
      using _scope = torch.scope();
      if (file.endsWith(".json")) JSON.parse(readFileSync(join(maps, file), "utf8"));
      if (file.endsWith(".pt")) torch.load(join(maps, file));
      return [];
    } catch (error) {
      return [`${file} is damaged: ${error instanceof Error ? error.message : error}`];
    }
  });
  return [...unreadable, ...damagedCheckpoints(maps)];
}

export function damagedCheckpoints(maps: string): string[] {
  return checkpointsOf(maps).flatMap((checkpoint) => checkpoint.problem() ?? []);
}

function checkpointsOf(maps: string): CheckpointDir[] {
  return new CheckpointsDir(join(maps, "training/split-0/tmp")).list;
}

/** The name of the newest checkpoint. */
export function newestCheckpoint(maps: string): string | null {
  const newest = checkpointsOf(maps).at(-1);
  return newest === undefined ? null : basename(newest.path);
}

/** Whether a checkpoint is there, or a newer one: whole, as all are. `epoch-2` comes after `batch-2-3`. */
export function hasReached(maps: string, name: string): boolean {
  const place = (path: string) => {
    const [epoch = 0, batch = Number.POSITIVE_INFINITY] = (basename(path).match(/\d+/g) ?? []).map(Number);
    return [epoch, batch] as const;
  };
  const [epoch, batch] = place(name);
  return checkpointsOf(maps).some(({ path }) => {
    const [e, b] = place(path);
    return e > epoch || (e === epoch && b >= batch);
  });
}

/** What a MAPS has beside it. */
export function beside(maps: string): string[] {
  return readdirSync(dirname(maps)).filter((name) => name !== basename(maps));
}
