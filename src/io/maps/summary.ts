import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { naming } from "../../utils/file-errors.ts";
import { grouped } from "../../utils/grouped.ts";
import { writeFileAtomic } from "../files/index.ts";
import { appendInside } from "./inside.ts";
import { FileLock } from "./lock.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n: number) => String(n).padStart(2, "0");

/** `2026 Nov 23, 06:58:25`. */
function dateLine(now = new Date()): string {
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(":");
  return `Date: ${now.getFullYear()} ${MONTHS[now.getMonth()]} ${two(now.getDate())}, ${time}`;
}

const SECTIONS = {
  training: { header: "---------------------- Training ----------------------", key: "Splits", dated: true },
  test: { header: "------------------------ Test ------------------------", key: "Groups", dated: false },
  prediction: { header: "--------------------- Prediction ---------------------", key: "Groups", dated: false },
} as const;

/**
 * `summary.log` of a MAPS: what was trained and tested, and when. Edited in place, keeping what others wrote.
 * @example
 * ```ts
 * import { readFileSync } from "node:fs";
 *
 * const { summaryLog } = new Maps("maps");
 * new MapsSummary(summaryLog).addTestGroup("held_out");
 * console.log(readFileSync(summaryLog, "utf8").includes("held_out")); // → true
 * ```
 */
export class MapsSummary {
  readonly file: string;
  constructor(file: string) {
    this.file = file;
  }
  /** @param maps the path to write down, where that is not the file's own directory. */
  create(maps = dirname(this.file)): void {
    const title = "==================== MAPS summary ====================";
    writeFileAtomic(this.file, `${title}\n\n${dateLine()}\nPath: ${resolve(maps)}\n\n`);
  }
  addTrainingSplit(split: number): void {
    this.#add("training", String(split));
  }
  addTestGroup(group: string): void {
    this.#add("test", group);
  }
  addPredictionGroup(group: string): void {
    this.#add("prediction", group);
  }

  /** Other processes may train on other splits. */
  #add(section: keyof typeof SECTIONS, item: string): void {
    FileLock.hold(join(dirname(this.file), ".lock"), () => this.#insert(section, item));
  }
  #insert(section: keyof typeof SECTIONS, item: string): void {
    if (!existsSync(this.file)) this.create();
    const { header, key, dated } = SECTIONS[section];
    const lines = naming(this.file, () => readFileSync(this.file, "utf8")).split("\n");
    if (lines.at(-1) === "") lines.pop();
    let start = lines.indexOf(header);
    if (start < 0) {
      start = lines.length;
      lines.push(header, "", key, "");
    }
    const bullet = `   - ${item}`;
    const added = dated ? [bullet, `      ${dateLine()}`] : [bullet];
    const first = lines.indexOf(key, start) + 1;
    // the list ends at the first empty line after its key
    const empty = lines.indexOf("", first);
    const end = empty < 0 ? lines.length : empty;
    const known = lines.slice(first, end).indexOf(bullet);
    if (known < 0) lines.splice(end, 0, ...added);
    else if (dated) lines.splice(first + known, 2, ...added);
    writeFileAtomic(this.file, `${lines.join("\n")}\n`);
  }
}

/**
 * `summary.log` of a split.
 * @example
 * ```ts
 * import { readFileSync } from "node:fs";
 *
 * const { summaryLog } = new Maps("maps").training.split(0);
 * new TrainingSummary(summaryLog).addInfo("Looked at by hand.");
 * console.log(readFileSync(summaryLog, "utf8").includes("by hand")); // → true
 * ```
 */
export class TrainingSummary {
  readonly file: string;
  constructor(file: string) {
    this.file = file;
  }
  create(): void {
    const rule = "=".repeat(48);
    writeFileAtomic(this.file, `${rule} Training ${rule}\n\n${dateLine()}\n`);
  }
  addDataInfo(trainSamples: number, validationSamples: number): void {
    this.addInfo(
      `\nTrained with ${grouped(trainSamples)} samples\nValidated on ${grouped(validationSamples)} samples\n`,
    );
  }
  addTrainingEnd(epochs: number, interrupted: boolean): void {
    this.addInfo(`\nTraining ${interrupted ? "interrupted" : "completed"} after ${grouped(epochs)} epochs\n`);
  }
  addInfo(text: string): void {
    appendInside(this.file, text);
  }
}
