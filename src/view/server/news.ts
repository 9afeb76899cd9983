import { Maps } from "../../io/maps/index.ts";
import type { RunEvent } from "../../run/journal/schema.ts";
import { type Num, readStatus } from "../read/index.ts";
import { Follower } from "./follow.ts";

/** Values at a moment of a training, in epochs, as `Series.x`. */
export interface Point {
  readonly x: number;
  readonly values: Readonly<Record<string, Num>>;
}

/** What has happened in a MAPS. */
export type News =
  /** Points of curves, which come after those that are known. */
  | {
      readonly kind: "points";
      readonly maps: number;
      readonly split: number;
      readonly losses: readonly Point[];
      readonly epochLosses: readonly Point[];
      readonly metrics: readonly Point[];
      readonly learningRates: readonly Point[];
    }
  /** The curves of a split are read anew. */
  | { readonly kind: "curves"; readonly maps: number; readonly split: number }
  /** Splits, their state or their models have changed: what is shown of a MAPS is read anew. */
  | { readonly kind: "changed"; readonly maps: number }
  /** Trials of a study have begun, ended, or come further. */
  | { readonly kind: "study"; readonly study: number };

/** Tells what happens in some MAPS, from their files of events. */
export class Newsroom implements Disposable {
  readonly #maps: readonly Maps[];
  readonly #splits = new Map<string, FollowedSplit>();

  constructor(paths: readonly string[]) {
    this.#maps = paths.map((path) => new Maps(path));
    for (const { key, open } of this.#found()) this.#splits.set(key, open());
  }

  /** What is new since the last call. */
  gather(): News[] {
    const news: News[] = [];
    const found = this.#found();
    for (const maps of this.#forget(new Set(found.map(({ key }) => key)))) news.push({ kind: "changed", maps });
    for (const { key, maps, split, open } of found) {
      const followed = this.#splits.get(key);
      if (followed === undefined) {
        this.#splits.set(key, open());
        news.push({ kind: "changed", maps }, { kind: "curves", maps, split });
      } else news.push(...followed.gather());
    }
    return news;
  }

  /** Follows no split any more that is not there. @returns the MAPS of those that were. */
  #forget(there: ReadonlySet<string>): ReadonlySet<number> {
    const gone = [...this.#splits].filter(([key]) => !there.has(key));
    for (const [key, split] of gone) {
      split[Symbol.dispose]();
      this.#splits.delete(key);
    }
    return new Set(gone.map(([, { maps }]) => maps));
  }

  #found(): { key: string; maps: number; split: number; open: () => FollowedSplit }[] {
    return this.#maps.flatMap((one, maps) =>
      one.training.splitsList.map((split) => ({
        key: `${maps} ${split}`,
        maps,
        split,
        open: () => new FollowedSplit(one.path, maps, split),
      })),
    );
  }

  [Symbol.dispose](): void {
    for (const split of this.#splits.values()) split[Symbol.dispose]();
  }
}

const CHANGES: ReadonlySet<RunEvent["kind"]> = new Set([
  "start",
  "resume",
  "epoch",
  "model",
  "checkpoint",
  "warning",
  "interruption",
  "error",
  "end",
]);

/** The file of events of one split. */
class FollowedSplit implements Disposable {
  readonly maps: number;
  readonly #split: number;
  readonly #follower: Follower;
  /** Of an epoch. */
  #batches: number | null;

  constructor(path: string, maps: number, split: number) {
    this.maps = maps;
    this.#split = split;
    this.#follower = new Follower(new Maps(path).training.split(split).eventsJsonl);
    this.#batches = readStatus(path, split).batches;
  }

  gather(): News[] {
    const { isAnew, events } = this.#follower.look();
    const [maps, split] = [this.maps, this.#split];
    if (isAnew) {
      return [
        { kind: "changed", maps },
        { kind: "curves", maps, split },
      ];
    }
    for (const event of events) {
      if (event.kind === "start" || event.kind === "resume") this.#batches = event.batches;
    }
    const news: News[] = [];
    const points = { losses: this.#losses(events), learningRates: this.#rates(events), ...ofEpochs(events) };
    if (Object.values(points).some((some) => some.length > 0)) news.push({ kind: "points", maps, split, ...points });
    if (events.some(({ kind }) => CHANGES.has(kind))) news.push({ kind: "changed", maps });
    // tables that are written at the end, such as those of the norms of gradients
    if (events.some(({ kind }) => kind === "end" || kind === "resume")) news.push({ kind: "curves", maps, split });
    return news;
  }

  #at(epoch: number, batch: number): number {
    return epoch - 1 + batch / (this.#batches ?? batch);
  }
  #losses(events: readonly RunEvent[]): Point[] {
    return events.flatMap((event) =>
      event.kind === "batch" ? { x: this.#at(event.epoch, event.batch), values: finite(event.losses) } : [],
    );
  }
  #rates(events: readonly RunEvent[]): Point[] {
    return events.flatMap((event) => {
      if (event.kind !== "batch") return [];
      const rates = Object.entries(event.rates).flatMap(([optimizer, values]) =>
        values.map((value, i) => [values.length === 1 ? optimizer : `${optimizer} ${i}`, value] as const),
      );
      return { x: this.#at(event.epoch, event.batch), values: finite(Object.fromEntries(rates)) };
    });
  }

  [Symbol.dispose](): void {
    this.#follower[Symbol.dispose]();
  }
}

function ofEpochs(events: readonly RunEvent[]): { readonly epochLosses: Point[]; readonly metrics: Point[] } {
  return {
    epochLosses: events.flatMap((event) =>
      event.kind === "epoch" ? { x: event.epoch, values: finite(event.losses) } : [],
    ),
    metrics: events.flatMap((event) =>
      event.kind === "metrics" ? { x: event.epoch, values: finite(event.values) } : [],
    ),
  };
}

/** JSON has no others. */
function finite(values: Readonly<Record<string, number>>): Record<string, Num> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Number.isFinite(value) ? value : null]),
  );
}
