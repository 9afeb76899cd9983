import { basename } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Maps } from "../../io/maps/index.ts";
import { followEvents } from "../../run/journal/follow.ts";
import type { OutputStream } from "../../utils/output.ts";
import { readContents } from "../../view/read/index.ts";
import { FoldLines } from "./fold-lines.ts";

export interface WatchFoldsOptions {
  /** Where it is shown. */
  readonly stream: OutputStream;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** How many lines the terminal has. */
  readonly rows: () => number;
  /** How often files are looked at, and lines drawn, in milliseconds. Default 200. */
  readonly interval?: number;
  /** Which splits. Default: all. */
  readonly splits?: readonly number[];
}

/**
 * Shows the progress of all trainings of some MAPS, also of splits that begin later, until `signal` is aborted.
 * @param paths of the MAPS.
 * @throws ClinicaDLException for what is no MAPS.
 */
export async function watchFolds(
  paths: readonly string[],
  { stream, signal, rows, interval = 200, splits: asked }: WatchFoldsOptions,
): Promise<void> {
  const all = paths.map((path) => new Maps(readContents(path).path));
  const wanted = asked === undefined ? null : new Set(asked);
  const lines = new FoldLines(stream);
  const followed = new Set<string>();
  const running: Promise<void>[] = [];
  const failures: unknown[] = [];
  while (!signal.aborted) {
    for (const maps of all) {
      for (const split of maps.training.splitsList) {
        if (wanted !== null && !wanted.has(split)) continue;
        const { path, eventsJsonl } = maps.training.split(split);
        if (followed.has(eventsJsonl)) continue;
        followed.add(eventsJsonl);
        const prefix = all.length > 1 ? `${basename(maps.path)}  ` : "";
        const follow = async (): Promise<void> => {
          for await (const event of followEvents(eventsJsonl, { signal, interval, lastLook: true })) {
            lines.receive(`${prefix}Split ${split}`, event, { prefix, place: path });
          }
        };
        running.push(follow().catch((error: unknown) => void failures.push(error)));
      }
    }
    lines.draw(Date.now(), rows());
    if (failures.length > 0) throw failures[0];
    // woken early is as good as having slept
    await setTimeout(interval, undefined, { signal }).catch(() => undefined);
  }
  await Promise.all(running);
  lines.draw(Date.now(), rows());
}
