import { setTimeout } from "node:timers/promises";
import type { LaterEvent, RunEvent } from "../../run/journal/schema.ts";
import { type CurvePoint, curvePoint } from "../curve-point.ts";
import type { RunStatus, Tracker } from "./tracker.ts";

/** After the first failure it is tried again after this time, and after each further one after twice the time before. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Sends points to a tracker, each once, and again and again until it has them. */
export class Sender {
  readonly #tracker: Tracker;
  readonly #onFailure: (why: string) => void;
  /** The last step of each curve that the tracker has; null while there is no connection. */
  #sent: Map<string, number> | null = null;
  #pause = FIRST_PAUSE_MS;
  #told = false;
  #woken = new AbortController();

  /** @param onFailure is told of the first failure. */
  constructor(tracker: Tracker, onFailure: (why: string) => void) {
    this.#tracker = tracker;
    this.#onFailure = onFailure;
  }

  /** Sends what the tracker does not have. */
  async send(points: readonly CurvePoint[]): Promise<void> {
    await this.#persist(async (sent) => {
      const missing = missingPoints(points, sent, (name) => this.#tracker.keyOf(name));
      if (missing.length > 0) await this.#tracker.send(missing);
      for (const { step, values } of missing) for (const [name] of values) sent.set(name, step);
    });
  }
  async finish(status: RunStatus): Promise<void> {
    await this.#persist(() => this.#tracker.finish(status));
  }
  /** Tries again at once, and sooner from then on: the training is over, and waits. */
  hurry(): void {
    this.#pause = FIRST_PAUSE_MS;
    this.#woken.abort();
    this.#woken = new AbortController();
  }

  async #persist(act: (sent: Map<string, number>) => Promise<void>): Promise<void> {
    for (;;) {
      try {
        this.#sent ??= new Map(await this.#tracker.connect());
        await act(this.#sent);
        this.#pause = FIRST_PAUSE_MS;
        return;
      } catch (error) {
        this.#sent = null;
        if (!this.#told) this.#onFailure(whyFailed(error));
        this.#told = true;
        const { signal } = this.#woken;
        // woken early is as good as having slept
        await setTimeout(this.#pause, undefined, { signal }).catch(() => undefined);
        this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
      }
    }
  }
}

/** The points, or those of their values, that come after what was sent, with the names that the tracker has for their curves. */
export function missingPoints(
  points: readonly CurvePoint[],
  sent: ReadonlyMap<string, number>,
  keyOf: (name: string) => string,
): CurvePoint[] {
  const last = new Map(sent);
  return points.flatMap(({ step, time, values }) => {
    const missing = values
      .map(([name, value]) => [keyOf(name), value] as const)
      .filter(([key]) => step > (last.get(key) ?? Number.NEGATIVE_INFINITY));
    for (const [key] of missing) last.set(key, step);
    return missing.length === 0 ? [] : [{ step, time, values: missing }];
  });
}

/** Node's fetch says no more than that it failed, and why in its cause. */
export function whyFailed(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const code = "code" in cause ? String(cause.code) : "";
  return `${error.message} (${cause.message || code})`;
}

/** Makes points of the events of a training, from the first one on. */
export class PointsOfEvents {
  #batches = 0;

  next(event: RunEvent | LaterEvent): CurvePoint | null {
    if (event.kind === "start" || event.kind === "resume") this.#batches = event.batches;
    return curvePoint(event, this.#batches);
  }
}
