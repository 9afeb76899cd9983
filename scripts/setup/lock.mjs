// One setup at a time: a lock file made with O_EXCL holds its owner's process and host, and is touched while it is held.
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const HEARTBEAT_MS = 5_000;
const held = new Map();

// a process that ends without releasing (an exception, a signal that is handled by exiting) leaves no lock behind
process.on("exit", () => {
  for (const [path, token] of held) {
    if (readOwner(path)?.token === token) rmSync(path, { force: true });
  }
});

/**
 * Runs `body` while holding `path`, waiting for whoever holds it.
 *
 * A lock is stale when its process on this host is gone, or, where that cannot be seen, when it was not touched during `staleMs`
 * of our own waiting: on other hosts on a shared disk, whose processes and clocks we cannot see, and on systems that do not say
 * when a process began, so that another could have its number. A process that was only stopped goes on one day.
 * @template T
 * @param {string} path
 * @param {() => T | Promise<T>} body
 * @param {{ staleMs?: number, pollMs?: number, onWait?: (owner: Owner | undefined) => void }} [options]
 */
export async function withLock(path, body, { staleMs = 60_000, pollMs = 250, onWait } = {}) {
  const token = `${process.pid}-${Math.random().toString(36).slice(2)}`;
  mkdirSync(dirname(path), { recursive: true });
  let waited = false;
  let seen = "";
  let seenSince = performance.now();
  while (!tryCreate(path, token)) {
    const owner = readOwner(path);
    const state = touched(path);
    if (state !== seen) {
      seen = state;
      seenSince = performance.now();
    }
    const unseen = performance.now() - seenSince;
    const here = owner?.host === hostname();
    const dead = here && !isAlive(owner);
    const lives = here && owner.begun !== undefined && !dead;
    // an owner that cannot be read died between creating the file and writing it
    const nameless = owner === undefined && unseen > Math.min(staleMs, 3_000);
    if (dead || nameless || (unseen > staleMs && !lives)) {
      breakLock(path, owner?.token);
      continue;
    }
    if (!waited) onWait?.(owner);
    waited = true;
    await sleep(pollMs);
  }
  held.set(path, token);
  const beat = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch {
      // the folder was removed under us: the step that writes there will say so
    }
  }, HEARTBEAT_MS);
  beat.unref();
  try {
    return await body();
  } finally {
    clearInterval(beat);
    held.delete(path);
    if (readOwner(path)?.token === token) rmSync(path, { force: true });
  }
}

function tryCreate(path, token) {
  let file;
  try {
    file = openSync(path, "wx");
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
  try {
    writeSync(file, JSON.stringify({ pid: process.pid, begun: begunOf(process.pid), host: hostname(), token }));
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
  return true;
}

/** @typedef {{ pid: number, begun?: string, host: string, token: string }} Owner */

/** @returns {Owner | undefined} */
function readOwner(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function touched(path) {
  try {
    const stat = statSync(path);
    return `${stat.ino}:${stat.mtimeMs}`;
  } catch {
    return "gone";
  }
}

/** @param {Owner} owner */
function isAlive({ pid, begun }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== "EPERM") return false;
  }
  const now = begunOf(pid);
  return begun === undefined || now === undefined || now === begun;
}

/** When a process of this host began, in ticks since the host did, by Linux' proc(5); undefined where the system does not say. */
function begunOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // the name of the program, in brackets, may have any characters; behind it are the fields from the third on
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

// Two waiters may find the same lock stale; only the one that makes the second file may remove the first, and only if
// it is still the one that was found stale.
function breakLock(path, token) {
  const breaker = `${path}.break`;
  try {
    closeSync(openSync(breaker, "wx"));
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    const age = Date.now() - (statSync(breaker, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > 10_000) rmSync(breaker, { force: true });
    return;
  }
  try {
    if (readOwner(path)?.token === token) rmSync(path, { force: true });
  } finally {
    rmSync(breaker, { force: true });
  }
}
