// Figures of a machine that does other work at the same time say nothing.
import { cpus } from "node:os";
import { setTimeout } from "node:timers/promises";

/** How many cores may be at work for others: what an idle machine's own services take. */
const MOST_BUSY = 0.2;
const SECONDS = 2;

/** Milliseconds of all cores together, at work and in all. */
function times() {
  const all = cpus().map((core) => core.times);
  const sum = (pick) => all.reduce((total, core) => total + pick(core), 0);
  const idle = sum((core) => core.idle);
  return { busy: sum((core) => core.user + core.nice + core.sys + core.irq), idle };
}

/** Throws where other programs take more than a fifth of a core. */
export async function refuseBusyMachine() {
  const before = times();
  await setTimeout(SECONDS * 1000);
  const after = times();
  const busy = after.busy - before.busy;
  const cores = (busy / (busy + after.idle - before.idle)) * cpus().length;
  if (cores > MOST_BUSY)
    throw new Error(
      `bench: other programs take ${cores.toFixed(1)} of ${cpus().length} cores, so that no figure would mean anything. Wait until they end, or give --busy.`,
    );
}
