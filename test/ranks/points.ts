/**
 * In a process of the harness: the points at which it can be killed. There is one before and one behind each call by which processes
 * work together, and one before each call that changes what the MAPS holds.
 */
import fs, { openSync, writeSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { basename, dirname } from "node:path";
import process from "node:process";
import { native } from "../../src/torch/native.ts";

export interface PointsOptions {
  /** Gets the names of the points, a line each, as they are reached. */
  readonly list: string | null;
  /** The number of the point, from 1, at which this process kills itself; null: none. */
  readonly killAt: number | null;
}

const FILE_CALLS = [
  "mkdirSync",
  "renameSync",
  "linkSync",
  "rmSync",
  "fsyncSync",
  "writeFileSync",
  "ftruncateSync",
] as const;
const COLLECTIVES = [
  "tcpStore",
  "storeSet",
  "storeClaim",
  "storeGet",
  "glooGroup",
  "glooAllReduce",
  "glooBroadcast",
] as const;
const MORE = ["glooAllGather", "glooBarrier", "glooClose"] as const;

/** Counts the points from now on. @returns what makes one more. */
export function watchPoints({ list, killAt }: PointsOptions): (name: string) => void {
  let count = 0;
  const descriptor = list === null ? null : openSync(list, "a");
  const point = (name: string): void => {
    count++;
    if (descriptor !== null) writeSync(descriptor, `${name}\n`);
    if (count === killAt) process.kill(process.pid, "SIGKILL");
  };
  for (const name of FILE_CALLS) {
    const call = fs[name] as (...args: unknown[]) => unknown;
    const watched = (...args: unknown[]): unknown => {
      point(`${name} ${nameOf(args)}`.trim());
      return call(...args);
    };
    Object.assign(fs, { [name]: watched });
  }
  syncBuiltinESMExports();
  // once here, so that `native` is the addon itself
  native.schemas();
  for (const name of [...COLLECTIVES, ...MORE]) {
    const call = native[name] as (...args: unknown[]) => unknown;
    const watched = (...args: unknown[]): unknown => {
      point(`before ${name}${keyIn(args)}`);
      const result = call(...args);
      point(`in ${name}${keyIn(args)}`);
      return result;
    };
    Object.assign(native, { [name]: watched });
  }
  const { backward } = native;
  native.backward = (...args) => {
    point("backward");
    backward(...args);
  };
  process.on("exit", () => point("exit"));
  return point;
}

/** The file of a call, with its folder; of a call by descriptor nothing. */
function nameOf([path, other]: readonly unknown[]): string {
  const named = [other, path].find((one): one is string => typeof one === "string" && one.startsWith("/"));
  if (named === undefined) return "";
  return withoutChance(`${basename(dirname(named))}/${basename(named)}`);
}
function withoutChance(name: string): string {
  return name.replace(/\.tmp-[\w-]+/g, ".tmp-*").replace(/\d{4}-\d\d-\d\d[\w.-]*/g, "*");
}
/** The key of a store, among the arguments. */
function keyIn(args: readonly unknown[]): string {
  const key = args.find((arg) => typeof arg === "string" && /^\w+\/\d+$|^roll$/.test(arg));
  return key === undefined ? "" : ` ${String(key)}`;
}
