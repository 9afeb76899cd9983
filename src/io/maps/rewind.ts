import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { naming } from "../../utils/file-errors.ts";
import { ensureFolder, linkOrCopy, removeFile, sync, syncFolder, writeJson } from "../files/index.ts";
import type { CheckpointDir } from "./checkpoints.ts";
import { keepEventLines } from "./event-lines.ts";
import { checkOurs, cutInside } from "./inside.ts";
import { MODEL } from "./layout.ts";
import { readSplitRecord } from "./records.ts";
import { namesIn } from "./scan.ts";
import { removeDirectory, removeTemporaryBelow, stageDirectory } from "./staging.ts";
import type { SplitDir } from "./training-dir.ts";

/** The logs that grow while a split is trained on. */
function logsOf(split: SplitDir): readonly string[] {
  return [split.summaryLog, split.warningLog];
}

/** Puts the logs on the disk: what is recorded of them, or follows from them, must not be there without them. */
export function syncLogs(split: SplitDir): void {
  for (const path of [...logsOf(split), split.eventsJsonl]) if (existsSync(path)) sync(path);
  syncFolder(split.path);
}

/**
 * Writes into a checkpoint what the directory of the split was then: the sizes of its logs, and its best models.
 * @param events the number of the last event that belongs to it; the file of events may be thinned later, so its size says nothing.
 */
export function recordSplit(split: SplitDir, checkpoint: CheckpointDir, events: number): void {
  syncLogs(split);
  const logs = logsOf(split).map((path) => [basename(path), existsSync(path) ? statSync(path).size : 0] as const);
  writeJson(checkpoint.splitJson, { logs: Object.fromEntries(logs), events });
  for (const name of namesIn(split.models.bestPath, "best")) {
    const from = join(split.models.bestPath, `best-${name}`);
    copyTree(from, join(checkpoint.bestModels, `best-${name}`), linkOrCopy);
  }
}

/** Copies a directory file by file; what logs say is not part of a model. */
function copyTree(from: string, to: string, copyFile: (source: string, target: string) => void): void {
  ensureFolder(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyTree(source, target, copyFile);
    else if (!entry.name.endsWith(".log")) copyFile(source, target);
  }
}

/**
 * The models saved after epochs (`checkpoints/epoch-<n>`) that a training which goes on from this checkpoint has still to finish:
 * it will write them again.
 */
function laterModels({ models }: SplitDir, { position: { epoch, batch } }: CheckpointDir): string[] {
  const finished = batch === null ? epoch : epoch - 1;
  return models.epochsList.filter((e) => e > finished).map((e) => models.epoch(e).path);
}

/**
 * Checks that {@link rewind} can be done, and that it would delete nothing but what a training has made.
 * @throws CannotReadJsonError, ForeignEntryError; nothing is changed then.
 */
export function checkRewind(split: SplitDir, checkpoint: CheckpointDir): void {
  if (readSplitRecord(checkpoint) === null) return;
  const { models } = split;
  const best = namesIn(models.bestPath, "best").map((name) => models.best(name).path);
  for (const path of [...best, ...laterModels(split, checkpoint)]) checkOurs(path, MODEL);
}

/**
 * Makes the directory of a split what it was at a checkpoint, so that nothing stays of a future that is not going to
 * happen: logs and events are cut, best models put back, models of later epochs deleted, and what interrupted writers left.
 * The final model of a training that is extended stays until it is replaced.
 */
export function rewind(split: SplitDir, checkpoint: CheckpointDir): void {
  checkRewind(split, checkpoint);
  const record = readSplitRecord(checkpoint);
  removeFile(split.completeJson);
  removeTemporaryBelow(split.path);
  // ClinicaDL does not write it: what there is, is taken for what there was
  if (record === null) return;
  for (const path of logsOf(split)) if (existsSync(path)) cutInside(path, record.logs.get(basename(path)) ?? 0);
  keepEventLines(split.eventsJsonl, ({ n }) => typeof n === "number" && n <= record.events);
  const kept = namesIn(checkpoint.bestModels, "best");
  for (const name of namesIn(split.models.bestPath, "best")) {
    if (!kept.includes(name)) removeDirectory(split.models.best(name).path);
  }
  for (const name of kept) {
    const [from, to] = [join(checkpoint.bestModels, `best-${name}`), split.models.best(name).path];
    if (!sameModel(from, to)) stageDirectory(to, (staging) => copyTree(from, staging, copyFileSync));
  }
  for (const path of laterModels(split, checkpoint)) removeDirectory(path);
}

/** The whole directory is written at once, so its weights tell. */
function sameModel(a: string, b: string): boolean {
  const [one, other] = [join(a, "model.pt"), join(b, "model.pt")];
  if (!existsSync(other)) return false;
  const [first, second] = [statSync(one), statSync(other)];
  if (first.ino === second.ino && first.dev === second.dev) return true;
  return (
    first.size === second.size && naming(one, () => readFileSync(one)).equals(naming(other, () => readFileSync(other)))
  );
}
