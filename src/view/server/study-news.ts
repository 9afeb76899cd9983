import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { readStudy } from "../../sweep/read-study.ts";
import { shownState } from "../../sweep/shown-state.ts";
import { folderOfTrial, STUDY_FILE, trainingsOf } from "../../sweep/study-file.ts";
import { partOf } from "../read/index.ts";
import { type News, Newsroom } from "./news.ts";

/** Tells what happens in a study: that trials begin and end, or nobody trains them any more, and how far those are that are trained. */
export class StudyNews implements Disposable {
  readonly #path: string;
  readonly #study: number;
  #changes: number | null;
  #running: RunningTrials;
  #states: string;

  constructor(path: string, study: number) {
    this.#path = path;
    this.#study = study;
    this.#changes = changesOf(path);
    this.#running = new RunningTrials(path);
    this.#states = this.#running.states;
  }

  /** What is new since the last call. */
  gather(): News[] {
    const changes = changesOf(this.#path);
    const isOther = changes !== this.#changes;
    const hasGrown = this.#running.haveGrown();
    if (isOther) {
      this.#changes = changes;
      this.#running[Symbol.dispose]();
      this.#running = new RunningTrials(this.#path);
    }
    // a process that is killed changes no file
    const { states } = this.#running;
    const isOtherState = states !== this.#states;
    this.#states = states;
    return isOther || hasGrown || isOtherState ? [{ kind: "study", study: this.#study }] : [];
  }

  [Symbol.dispose](): void {
    this.#running[Symbol.dispose]();
  }
}

/** The trials that have begun and not ended, as far as the study says. */
class RunningTrials implements Disposable {
  readonly #states: () => string;
  readonly #news: Newsroom;

  constructor(path: string) {
    const study = partOf(() => readStudy(path));
    const { sweep, trials } = study.found ? study.value : { sweep: {}, trials: [] };
    const running = trials.filter(({ state }) => state === "running");
    this.#states = () => running.map((trial) => `${trial.number} ${shownState(path, sweep, trial)}`).join();
    this.#news = new Newsroom(
      running.flatMap((trial) => trainingsOf(sweep, folderOfTrial(path, trial)).map(({ maps }) => maps)),
    );
  }

  /** Whether each is trained. */
  get states(): string {
    return this.#states();
  }
  /** Whether one has come further since the last call: the epochs of a trial, not each of its batches. */
  haveGrown(): boolean {
    return this.#news.gather().some(({ kind }) => kind === "changed");
  }

  [Symbol.dispose](): void {
    this.#news[Symbol.dispose]();
  }
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
