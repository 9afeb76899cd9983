/** A process that ends before all have met tells the others why: they would wait for it until the limit is over. */
import { spawnSync } from "node:child_process";
import os from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { MeetingPlace, Rendezvous } from "./rendezvous.ts";

const PROGRAM = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./leave.ts" : "./leave.js", import.meta.url));

/** What {@link PROGRAM} is told. */
export interface Leaving {
  readonly rank: number;
  readonly worldSize: number;
  readonly place: MeetingPlace;
  readonly prefix: string;
  /** What went wrong, and where; null: the others have been told. */
  readonly word: string | null;
  /** Whether the meeting place is there as long as this process, so that it stays until all have heard. */
  readonly stays: boolean;
  readonly joinMs: number;
}

/** How far a process is that others may wait for. */
interface Expected {
  readonly rendezvous: Rendezvous;
  joinMs: number;
  /** Whether the store is in this process. */
  holds: boolean;
  /** Whether the others know that they will not meet. */
  told: boolean;
  /** The last error that is known of, if it was not thrown to the end of the process. */
  error: string | null;
}

let expected: Expected | null = null;

/** From now on the others may wait for this process: it tells them where it ends with an error. */
export function expectMeeting(rendezvous: Rendezvous, joinMs: number): void {
  if (expected !== null) {
    expected.joinMs = joinMs;
    return;
  }
  expected = { rendezvous, joinMs, holds: false, told: false, error: null };
  process.on("uncaughtExceptionMonitor", onUncaught);
  process.on("exit", onExit);
}

/** The store is in this process, and ends with it. */
export function holdsStore(): void {
  if (expected !== null) expected.holds = true;
}

/** One of the others has said that they will not meet. Where the store is here, this process stays for those that come later. */
export function heardOfLeaving(): void {
  if (expected === null) return;
  if (expected.holds) expected.told = true;
  else meetingIsOver();
}

/** All have met, or the limit is over: nobody waits any more. */
export function meetingIsOver(): void {
  expected = null;
  process.off("uncaughtExceptionMonitor", onUncaught);
  process.off("exit", onExit);
}

/** What the others are told if this process ends with an error before they have met. */
export function noteError(message: string): void {
  if (expected !== null) expected.error = message;
}

function onUncaught(error: unknown): void {
  noteError(error instanceof Error ? error.message : String(error));
}

/** Nothing can be waited for in a process that ends, so another one speaks for it. */
function onExit(code: number): void {
  if (expected === null || code === 0) return;
  const { rendezvous, joinMs, holds, told, error } = expected;
  const { rank, worldSize, place, prefix } = rendezvous;
  const serves = place.kind === "tcp" && place.serves;
  const who = `rank ${rank} (${whereItIs()})`;
  const leaving: Leaving = {
    rank,
    worldSize,
    place: place.kind === "tcp" ? { ...place, serves: serves && !holds } : place,
    prefix,
    word: told ? null : `${who}: ${error ?? `it ended with exit code ${code}`}`,
    stays: serves,
    joinMs,
  };
  // the threads of the store go on while this one waits
  spawnSync(process.execPath, [PROGRAM, JSON.stringify(leaving)], { stdio: ["ignore", "ignore", "inherit"] });
}

/** The host and the number of this process, for messages. */
export const whereItIs = (): string => `${os.hostname()}, process ${process.pid}`;
