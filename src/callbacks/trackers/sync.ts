import { existsSync } from "node:fs";
import type { Maps } from "../../io/maps/index.ts";
import { readEvents } from "../../run/index.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { missingPoints, PointsOfEvents, whyFailed } from "./sender.ts";
import { trackerOf } from "./task.ts";
import type { RunStatus } from "./tracker.ts";
import type { TrackerCallback } from "./tracker-callback.ts";

/** A request may take so long: a training, which is not to be delayed, may have been given less. */
const PATIENCE_S = 60;

/** What a tracker was told of the training of a split. */
export interface Synced {
  readonly split: number;
  /** How many values were sent. */
  readonly sent: number;
}

/**
 * Tells a tracker what it lacks of a training that is not going on, such as one that was complete while the tracker was down. What it has is
 * not sent again: each step is there once.
 *
 * @throws LockedError while the split is trained on: the training itself sends then.
 * @throws ClinicaDLException when the MAPS has no events of the split, such as one of ClinicaDL, or the tracker cannot be told.
 * @example
 * ```ts
 * const callback = new TrackioCallback({ project: "ad-vs-cn", dir: "trackio" });
 * const { sent } = await syncTraining(callback, new Maps("maps"), 0);
 * const again = await syncTraining(callback, new Maps("maps"), 0);
 * console.log(sent > 0, again.sent); // → true 0
 * ```
 */
export async function syncTraining(callback: TrackerCallback, maps: Maps, split: number): Promise<Synced> {
  const { eventsJsonl } = maps.training.split(split);
  if (!existsSync(eventsJsonl)) {
    throw new ClinicaDLException(`There is nothing to send of split ${split}: ${eventsJsonl} is not there.`);
  }
  using _ = maps.training.lockSplit(split);
  const events = readEvents(eventsJsonl);
  const points = new PointsOfEvents();
  const all = events.flatMap((event) => points.next(event) ?? []);
  const task = callback.task(maps, split);
  const tracker = trackerOf(task.kind === "mlflow" ? { ...task, timeout: Math.max(task.timeout, PATIENCE_S) } : task);
  try {
    const sent = await tracker.connect();
    const missing = missingPoints(all, sent, (name) => tracker.keyOf(name));
    if (missing.length > 0) await tracker.send(missing);
    await tracker.finish(statusOf(events));
    return { split, sent: missing.reduce((sum, { values }) => sum + values.length, 0) };
  } catch (error) {
    throw new ClinicaDLException(`${tracker.name} cannot be told of split ${split}: ${whyFailed(error)}`, {
      cause: error,
    });
  }
}

/** How the training ended; a process that was killed says nothing. */
function statusOf(events: ReturnType<typeof readEvents>): RunStatus {
  const last = events.findLast(
    ({ kind }) => kind === "end" || kind === "error" || kind === "start" || kind === "resume",
  );
  return last?.kind === "end" ? "finished" : last?.kind === "error" ? "failed" : "killed";
}
