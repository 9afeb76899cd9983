import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { keepEventLines } from "../../io/maps/index.ts";
import { TRAINING, toldBatch } from "../fixtures/told.ts";
import { followEvents } from "./follow.ts";
import { readEvents } from "./read.ts";
import { formatEvent, type ToldEvent } from "./schema.ts";

let dir = "";
let path = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "follow-"));
  path = join(dir, "events.jsonl");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

let time = 0;
const line = (n: number, told: ToldEvent) => `${formatEvent({ n, time: time++, ...told })}\n`;
const batch = (n: number) => line(n, toldBatch(1, n, n));
const start = () => line(1, { kind: "start", ...TRAINING });
const resume = (n: number) => line(n, { kind: "resume", ...TRAINING, epoch: 1, batch: n });

/** What comes next, as `kind n`. */
class Follower implements Disposable {
  readonly #end = new AbortController();
  readonly #events = followEvents(path, { interval: 1, signal: this.#end.signal });
  async next(count: number): Promise<string[]> {
    const found: string[] = [];
    for (let i = 0; i < count; i++) {
      const { value } = await this.#events.next();
      if (value !== undefined) found.push(`${value.kind} ${value.n}`);
    }
    return found;
  }
  /** Ends it. @returns whether nothing was left. */
  async isOver(): Promise<boolean> {
    this.#end.abort();
    return (await this.#events.next()).done === true;
  }
  [Symbol.dispose](): void {
    this.#end.abort();
  }
}

it("a file is followed from before it is there, while it grows, and line by line", async () => {
  using follower = new Follower();
  const first = follower.next(2);
  writeFileSync(path, start() + batch(2));
  expect(await first).toEqual(["start 1", "batch 2"]);
  const whole = batch(3);
  const next = follower.next(1);
  appendFileSync(path, whole.slice(0, 20));
  await new Promise((resolve) => setTimeout(resolve, 10));
  appendFileSync(path, whole.slice(20) + batch(4));
  expect(await next).toEqual(["batch 3"]);
  expect(await follower.next(1)).toEqual(["batch 4"]);
  expect(await follower.isOver()).toBe(true);
});

it("each event comes once when a file is thinned", async () => {
  using follower = new Follower();
  writeFileSync(path, start() + batch(2) + batch(3) + batch(4));
  expect(await follower.next(4)).toEqual(["start 1", "batch 2", "batch 3", "batch 4"]);
  keepEventLines(path, ({ n }) => n !== 2 && n !== 4);
  appendFileSync(path, line(4, { kind: "checkpoint", epoch: 1, batch: 4 }) + batch(5));
  expect(await follower.next(2)).toEqual(["checkpoint 4", "batch 5"]);
  expect(await follower.isOver()).toBe(true);
});

it("when a training goes on, that is told, and what comes after it", async () => {
  using follower = new Follower();
  writeFileSync(path, start() + batch(2) + batch(3) + batch(4));
  await follower.next(4);
  keepEventLines(path, ({ n }) => Number(n) <= 2);
  appendFileSync(path, resume(2) + batch(3) + batch(4) + batch(5));
  expect(await follower.next(4)).toEqual(["resume 2", "batch 3", "batch 4", "batch 5"]);
  // it had not seen all of what the checkpoint held
  appendFileSync(path, batch(6));
  keepEventLines(path, ({ n }) => Number(n) <= 6 && n !== 3);
  appendFileSync(path, resume(6) + batch(7));
  expect(await follower.next(3)).toEqual(["batch 6", "resume 6", "batch 7"]);
  expect(await follower.isOver()).toBe(true);
});

it("a new training in the place of another is told from its start", async () => {
  using follower = new Follower();
  writeFileSync(path, start() + batch(2));
  await follower.next(2);
  rmSync(path);
  writeFileSync(path, start());
  expect(await follower.next(1)).toEqual(["start 1"]);
  expect(await follower.isOver()).toBe(true);
});

it("reading passes over damaged lines", () => {
  writeFileSync(path, `${start()}{"n":2,"ti\n\0\0\0\n${batch(2)}${batch(3).slice(0, -5)}`);
  expect(readEvents(path).map(({ kind, n }) => `${kind} ${n}`)).toEqual(["start 1", "batch 2"]);
  expect(() => readEvents(join(dir, "none"))).toThrow(/ENOENT.*none/);
});
