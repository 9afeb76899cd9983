/** Kills one of the processes of a training at a point, looks at how the others end, and lets all of them go on. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Rng } from "../../src/utils/random/index.ts";
import { damagedCheckpoints, differences } from "../faults/trees.ts";
import { type Ended, launch } from "./launch.ts";
import type { SubjectOptions } from "./subject.ts";

/** One of several processes is killed at one of its points. */
export interface RankPoint {
  readonly size: number;
  readonly rank: number;
  /** Which of its points, from 1. */
  readonly at: number;
  readonly name: string;
  /** Whether all had met before. */
  readonly met: boolean;
}
export interface RankResult extends RankPoint {
  /** How the others ended, and how many seconds after it. */
  readonly outcome: string;
  readonly seconds: number;
  /** What is wrong: a sentence each. */
  readonly problems: readonly string[];
}

/** Seconds in which the others have to have ended: they look for it for 3, and processes take time to end on a busy machine. */
export const LIMIT_SECONDS = 20;
/** Seconds until all have to have met, where one is killed before. */
export const JOIN_SECONDS = 40;

export interface RanksOptions {
  /** Numbers of processes. Default 2 and 3. */
  readonly sizes?: readonly number[];
  /** At most so many points of each rank. Default: all. */
  readonly most?: number;
  /** Only so many of these points of each rank, drawn by the seed. Default: all. */
  readonly draw?: { readonly count: number; readonly seed: number } | null;
  /** Of these points only. */
  readonly filter?: (point: RankPoint) => boolean;
  /** Points that are tried at the same time. Default 1. */
  readonly lanes?: number;
  readonly onResult?: (result: RankResult, done: number, all: number) => void;
}

export async function tryKills(options: RanksOptions = {}): Promise<RankResult[]> {
  const { sizes = [2, 3], most = Number.POSITIVE_INFINITY, draw = null, filter = () => true } = options;
  const { lanes = 1, onResult } = options;
  const folder = mkdtempSync(join(tmpdir(), "clinicadl-ranks-"));
  try {
    const points: RankPoint[] = [];
    for (const size of sizes) points.push(...(await pointsOf(folder, size, most, draw)).filter(filter));
    const results: RankResult[] = [];
    const waiting = [...points];
    const lane = async (number: number) => {
      for (let point = waiting.shift(); point !== undefined; point = waiting.shift()) {
        const result = await tryPoint(folder, `lane-${number}`, point);
        results.push(result);
        onResult?.(result, results.length, points.length);
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, i) => lane(i)));
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where a MAPS is: in folders of the same names each, since they are in the names of points. */
const mapsIn = (folder: string) => join(folder, "disk", "maps");
const expectedMaps = (folder: string, size: number) => mapsIn(join(folder, `whole-${size}`));

/** Trains without any disturbance, and lists the points of each rank. */
async function pointsOf(
  folder: string,
  size: number,
  most: number,
  draw: NonNullable<RanksOptions["draw"]> | null,
): Promise<RankPoint[]> {
  const lists = Array.from({ length: size }, (_, rank) => join(folder, `points-${size}-${rank}.txt`));
  mkdirSync(dirname(expectedMaps(folder, size)), { recursive: true });
  await succeed(lists.map((list) => ({ maps: expectedMaps(folder, size), list, killAt: null })));
  return lists.flatMap((list, rank) => {
    const names = readFileSync(list, "utf8").trimEnd().split("\n");
    // the first collective begins when all have met
    const met = names.findIndex((name) => /^before gloo(?!Group)/.test(name));
    const all = names.map((name, i) => ({ size, rank, at: i + 1, name, met: i >= met }));
    if (draw === null) return spread(all, most);
    const drawn = new Set(new Rng(draw.seed, size, rank).permutation(all.length).slice(0, draw.count));
    return all.filter((_, i) => drawn.has(i));
  });
}

/** So many of them, at the same distance of each other, with the first and the last. */
function spread<T>(all: readonly T[], most: number): T[] {
  if (most >= all.length) return [...all];
  const wanted = Array.from({ length: most }, (_, i) => Math.round((i * (all.length - 1)) / Math.max(1, most - 1)));
  return all.filter((_, i) => wanted.includes(i));
}

async function succeed(options: readonly SubjectOptions[]): Promise<void> {
  const ended = await launch(options, { joinSeconds: 300, patience: 300 });
  const bad = ended.findIndex(({ code }) => code !== 0);
  if (bad >= 0) throw new Error(`rank ${bad} ended with ${described(ended[bad])}:\n${ended[bad]?.errors}`);
}

function described(one: Ended | undefined): string {
  return one === undefined ? "nothing" : `${one.overdue ? "no end of its own" : (one.signal ?? one.code)}`;
}

async function tryPoint(folder: string, lane: string, point: RankPoint): Promise<RankResult> {
  const { size, rank: victim, at, met } = point;
  const place = join(folder, lane);
  rmSync(place, { recursive: true, force: true });
  const maps = mapsIn(place);
  mkdirSync(dirname(maps), { recursive: true });
  const list = join(place, "points.txt");
  const options = Array.from({ length: size }, (_, rank) => ({
    maps,
    list: rank === victim ? list : null,
    killAt: rank === victim ? at : null,
  }));
  // where they have not met yet, the others wait for it until the limit is over; else it comes, however busy the machine is
  const joinSeconds = met ? 300 : JOIN_SECONDS;
  const patience = LIMIT_SECONDS + (met ? 0 : JOIN_SECONDS);
  const ended = await launch(options, { joinSeconds, patience });
  const problems: string[] = [];
  const killed = ended[victim];
  const others = ended.filter((_, rank) => rank !== victim);
  if (killed?.signal !== "SIGKILL" || killed.overdue) {
    const ends = others.map((other) => `${described(other)} after ${Math.round(other.at / 1000)} s: ${other.errors}`);
    problems.push(
      `it ended with ${described(killed)}, not at this point: ${killed?.errors}`,
      ...ends.map((end) => `one of the others ended with ${end}`),
    );
  } else {
    const reached = readFileSync(list, "utf8").trimEnd().split("\n").at(-1);
    if (reached !== point.name) problems.push(`the point was another one: ${reached}`);
  }
  const complete = existsSync(join(maps, "training", "split-0", ".clinicadl-ts", "complete.json"));
  problems.push(...others.flatMap((other) => wrongWithEnd(other, victim, complete)));
  problems.push(...(await wrongWithGoingOn(folder, size, maps)));
  const seconds = Math.max(...others.map((other) => other.at)) - (killed?.at ?? 0);
  return { ...point, outcome: others.map(described).join(), seconds: Math.max(0, seconds / 1000), problems };
}

/** The others end by themselves, with one error that names the one that is gone; or have trained to the end. */
function wrongWithEnd(ended: Ended, victim: number, complete: boolean): string[] {
  if (ended.overdue) return ["DEADLOCK: one of the others did not end"];
  if (ended.code === 0) return complete ? [] : ["one of the others ended well, and the training is not complete"];
  const messages = ended.errors.match(/^DistributedError: .*|^\w*(?:Error|Exception): .*/gm) ?? [];
  if (ended.code !== 1 || messages.length !== 1) {
    return [`one of the others ended with ${described(ended)} and ${messages.length} messages: ${ended.errors}`];
  }
  const [message = ""] = messages;
  // one that has not come to the place where they meet has no host yet
  const named = new RegExp(
    `rank ${victim} \\(.+, process \\d+\\)|rank ${victim} has not come|rank 0 does not answer there|rank 0, which held that place, is gone`,
  );
  return named.test(message) ? [] : [`the message of one of the others does not name it: ${message}`];
}

/** All are started again, and train to the same end as if nothing had been. */
async function wrongWithGoingOn(folder: string, size: number, maps: string): Promise<string[]> {
  const damaged = existsSync(maps) ? damagedCheckpoints(maps) : [];
  try {
    await succeed(Array.from({ length: size }, () => ({ maps, list: null, killAt: null })));
  } catch (error) {
    return [...damaged, `cannot go on: ${error instanceof Error ? error.message : error}`];
  }
  return [...damaged, ...differences(expectedMaps(folder, size), maps)];
}
