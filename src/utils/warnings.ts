import { say } from "./output.ts";

/** What is done with a warning; by default it goes to standard error. */
export type WarningReceiver = (message: string) => void;

let receiver: WarningReceiver = (message) => say(`Warning: ${message}`);
const said = new Set<string>();

/**
 * Tells the user of something that may make results wrong, and that is no error. During a run it also goes into the
 * logs of the MAPS; in a worker thread of a DataLoader it is passed on to the thread that owns the loader.
 */
export function warn(message: string): void {
  receiver(message);
}

/**
 * {@link warn}, once per run and `key`: for what would otherwise be said of every batch or image. Worker threads of a
 * DataLoader pass their keys on, so that several of them say it once, too.
 */
export function warnOnce(key: string, message: string): void {
  if (said.has(key)) return;
  said.add(key);
  if (onceReceiver === null) receiver(message);
  else onceReceiver(key, message);
}

let onceReceiver: ((key: string, message: string) => void) | null = null;

/**
 * Says where warnings go from now on, on this thread.
 * @param once where those of {@link warnOnce} go with their key; null: to `next`.
 */
export function receiveWarnings(
  next: WarningReceiver,
  once: ((key: string, message: string) => void) | null = null,
): void {
  receiver = next;
  onceReceiver = once;
}

/** Lets everything be said again: for tests, and for a new run. */
export function forgetWarnings(): void {
  said.clear();
}
