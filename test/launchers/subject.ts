/**
 * What the launchers start in each process: `node subject.ts <options as JSON>`. The training of the kill harness; where a kill is asked
 * for, one of the processes is killed in its first attempt, before one of its backward passes.
 */
import { closeSync, openSync } from "node:fs";
import process from "node:process";
import { rendezvousFromEnvironment } from "../../src/torch/distributed/index.ts";
import { native } from "../../src/torch/native.ts";
import { goOn } from "../ranks/training.ts";

export interface LaunchedSubject {
  readonly maps: string;
  readonly batchSize: number;
  /** Of which rank, before which backward pass, from 1; `once` is a file that says that it has been. */
  readonly kill: { readonly rank: number; readonly at: number; readonly once: string } | null;
}

const { maps, batchSize, kill } = JSON.parse(process.argv[2] ?? "") as LaunchedSubject;
// events are written when a second has passed: how often that is would be chance
const startedAt = Date.now();
Date.now = () => startedAt;

const rank = rendezvousFromEnvironment(process.env)?.rank ?? 0;
process.stdout.write(`rank ${rank}\n`);
native.schemas();
if (kill !== null && kill.rank === rank && isFirst(kill.once)) {
  const { backward } = native;
  let count = 0;
  native.backward = (...args) => {
    count++;
    if (count === kill.at) process.kill(process.pid, "SIGKILL");
    backward(...args);
  };
}
await goOn(maps, () => undefined, batchSize);

function isFirst(path: string): boolean {
  try {
    closeSync(openSync(path, "wx"));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}
