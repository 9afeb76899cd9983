import { closeSync, openSync, readFileSync } from "node:fs";
import { naming } from "../../utils/file-errors.ts";
import { type LaterEvent, parseEvent, type RunEvent } from "./schema.ts";

/**
 * What a training has said of itself so far: the events in `.clinicadl-ts/events.jsonl` of its split. Damaged lines, such as the
 * last one of a training that was killed, are passed over; kinds of a later version are of the kind `later`.
 *
 * @throws Node's own error where there is no such file.
 * @example
 * ```ts
 * const events = readEvents("maps/training/split-0/.clinicadl-ts/events.jsonl");
 * for (const event of events) {
 *   if (event.kind === "metrics") console.log(event.epoch, Object.keys(event.values));
 * }
 * // → 1 [ 'loss' ]
 * // → 2 [ 'loss' ]
 * ```
 */
export function readEvents(path: string): (RunEvent | LaterEvent)[] {
  const descriptor = openSync(path, "r");
  try {
    const text = naming(path, () => readFileSync(descriptor, "utf8"));
    return text.split("\n").flatMap((line) => parseEvent(line) ?? []);
  } finally {
    closeSync(descriptor);
  }
}
