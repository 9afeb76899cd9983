import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { STUDY_FILE } from "../../sweep/study-file.ts";
import { partOf, readStudyContents } from "../read/index.ts";
import { type News, Newsroom } from "./news.ts";

/** Tells what happens in a study: that trials begin and end, and how far those are that are trained. */
export class StudyNews implements Disposable {
  readonly #path: string;
  readonly #study: number;
  #changes: number | null;
  #running: Newsroom;

  constructor(path: string, study: number) {
    this.#path = path;
    this.#study = study;
    this.#changes = changesOf(path);
    this.#running = newsOfRunning(path);
  }

  /** What is new since the last call. */
  gather(): News[] {
    const changes = changesOf(this.#path);
    const isOther = changes !== this.#changes;
    // the epochs of a trial, not each of its batches
    const hasGrown = this.#running.gather().some(({ kind }) => kind === "changed");
    if (isOther) {
      this.#changes = changes;
      this.#running[Symbol.dispose]();
      this.#running = newsOfRunning(this.#path);
    }
    return isOther || hasGrown ? [{ kind: "study", study: this.#study }] : [];
  }

  [Symbol.dispose](): void {
    this.#running[Symbol.dispose]();
  }
}

function newsOfRunning(path: string): Newsroom {
  const study = partOf(() => readStudyContents(path));
  const running = study.found ? study.value.trials.filter(({ state }) => state === "running") : [];
  return new Newsroom(running.flatMap(({ trainings }) => trainings));
}

/** Where the file counts how often it was changed (https://sqlite.org/fileformat.html, 1.3.6): it is told without a lock. */
const COUNTER = { offset: 24, size: 4 };

/** @returns null where the file is not there, or too short. */
function changesOf(path: string): number | null {
  const counter = Buffer.alloc(COUNTER.size);
  const found = partOf(() => {
    const file = openSync(join(path, STUDY_FILE), "r");
    try {
      return readSync(file, counter, 0, COUNTER.size, COUNTER.offset);
    } finally {
      closeSync(file);
    }
  });
  return found.found && found.value === COUNTER.size ? counter.readUInt32BE() : null;
}
