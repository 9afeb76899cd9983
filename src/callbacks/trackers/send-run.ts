import { setTimeout } from "node:timers/promises";
// not the index of the room, which would load libtorch into the thread
import { followEvents } from "../../run/journal/follow.ts";
import { readEvents } from "../../run/journal/read.ts";
import type { CurvePoint } from "../curve-point.ts";
import { PointsOfEvents, Sender } from "./sender.ts";
import type { RunStatus, Tracker } from "./tracker.ts";

/** What comes is sent after this time. */
const INTERVAL_MS = 1000;
/** So many points are held at most; the file of events holds all others. */
const MOST_HELD = 5000;

export interface SendOptions {
  /** The file of the training's events. */
  readonly events: string;
  /** Comes when the training is over, and its file complete. */
  readonly ended: Promise<RunStatus>;
  /** Is told of the first failure. */
  readonly onFailure: (why: string) => void;
}

/**
 * Sends a tracker what the file of a training's events says, while it grows, until the training is over and the tracker has all of it.
 * The file is the queue: a tracker that is down for long, or was while the training was interrupted, gets what it lacks from there.
 */
export async function sendRun(tracker: Tracker, { events, ended, onFailure }: SendOptions): Promise<void> {
  const sender = new Sender(tracker, onFailure);
  const stop = new AbortController();
  const over = ended.then(() => {
    stop.abort();
    sender.hurry();
  });
  const held: CurvePoint[] = [];
  const follow = async (): Promise<void> => {
    const points = new PointsOfEvents();
    for await (const event of followEvents(events, { signal: stop.signal, interval: INTERVAL_MS / 2 })) {
      const point = points.next(event);
      if (point !== null) held.push(point);
      while (held.length >= MOST_HELD && !stop.signal.aborted) await setTimeout(INTERVAL_MS / 2);
      if (stop.signal.aborted) return;
    }
  };
  const send = async (): Promise<void> => {
    await sender.send([]);
    while (!stop.signal.aborted) {
      await Promise.race([over, setTimeout(INTERVAL_MS)]);
      if (held.length > 0) await sender.send(held.splice(0));
    }
  };
  // what the follower has not read yet when the training is over, is read below
  await Promise.all([send(), Promise.race([follow(), over])]);
  await sendRest(sender, events);
  await sender.finish(await ended);
}

/** Sends what a tracker lacks of a training that is over, or not going on. */
export async function sendRest(sender: Sender, events: string): Promise<void> {
  const points = new PointsOfEvents();
  await sender.send(readEvents(events).flatMap((event) => points.next(event) ?? []));
}
