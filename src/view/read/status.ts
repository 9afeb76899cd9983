import { existsSync } from "node:fs";
import { readRegular } from "../../io/files/index.ts";
import { Maps } from "../../io/maps/index.ts";
import { readEvents } from "../../run/journal/read.ts";
import type { LaterEvent, RunEvent } from "../../run/journal/schema.ts";
import { partOf, valueOr } from "./part.ts";

/**
 * How far the training of a split is:
 *
 * - `running`: it has begun, and has not ended; a process that was killed leaves it so, too (`lastEvent` tells how long it has been quiet);
 * - `complete`; `interrupted`, by a signal; `failed`, by an error: `message` says which;
 * - `unknown`: nothing in the MAPS tells.
 */
export interface SplitStatus {
  readonly state: "running" | "complete" | "interrupted" | "failed" | "unknown";
  /** How many epochs are over; null where it is not known. */
  readonly epoch: number | null;
  /** Up to which epoch it goes. */
  readonly epochs: number | null;
  /** Batches of an epoch. */
  readonly batches: number | null;
  /** Where it runs. */
  readonly runsOn: RunsOn | null;
  /** Of the error that ended it. */
  readonly message: string | null;
  /** In milliseconds since 1970, UTC. */
  readonly firstEvent: number | null;
  readonly lastEvent: number | null;
}

/** The device of a training. */
export interface RunsOn {
  readonly device: string;
  /** Of the processor, or the GPU. */
  readonly name: string;
  readonly threads: number;
  readonly amp: boolean;
}

/** How far the training of a split is, from what it says of itself; of a MAPS from ClinicaDL, from its summary. */
export function readStatus(path: string, split: number): SplitStatus {
  const dir = new Maps(path).training.split(split);
  const events = valueOr(
    partOf(() => readEvents(dir.eventsJsonl)),
    null,
  );
  if (events !== null && events.length > 0) return fromEvents(events, existsSync(dir.completeJson));
  return fromSummary(
    valueOr(
      partOf(() => readRegular(dir.summaryLog)),
      "",
    ),
  );
}

function fromEvents(events: readonly (RunEvent | LaterEvent)[], isComplete: boolean): SplitStatus {
  let status: SplitStatus = { ...UNKNOWN, state: "running", firstEvent: events[0]?.time ?? null };
  for (const event of events) {
    status = { ...status, lastEvent: event.time };
    switch (event.kind) {
      case "start":
      case "resume":
        status = {
          ...status,
          state: "running",
          message: null,
          epochs: event.epochs,
          batches: event.batches,
          runsOn: event.runsOn,
        };
        break;
      case "epoch":
        status = { ...status, epoch: event.epoch };
        break;
      case "interruption":
        status = { ...status, state: "interrupted" };
        break;
      case "error":
        status = { ...status, state: "failed", message: event.message };
        break;
      case "end":
        status = { ...status, state: "complete" };
        break;
      default:
        break;
    }
  }
  // what was thinned or cut off at the end of the file does not matter where the training says that it is complete
  return isComplete && status.state === "running" ? { ...status, state: "complete" } : status;
}

function fromSummary(summary: string): SplitStatus {
  const [, how, text] =
    [...summary.matchAll(/^Training (completed|interrupted) after ([\d,]+) epochs?$/gm)].at(-1) ?? [];
  if (text === undefined) return UNKNOWN;
  const epoch = Number(text.replaceAll(",", ""));
  return how === "completed"
    ? { ...UNKNOWN, state: "complete", epoch, epochs: epoch }
    : { ...UNKNOWN, state: "interrupted", epoch };
}

const UNKNOWN: SplitStatus = {
  state: "unknown",
  epoch: null,
  epochs: null,
  batches: null,
  runsOn: null,
  message: null,
  firstEvent: null,
  lastEvent: null,
};
