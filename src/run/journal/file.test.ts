import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepEventLines } from "../../io/maps/index.ts";
import { TRAINING, toldBatch } from "../fixtures/told.ts";
import { EventsFile } from "./file.ts";
import { Journal } from "./journal.ts";
import { readEvents } from "./read.ts";
import { staysAfter } from "./thinning.ts";

let dir = "";
let path = "";
let now = 0;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "events-"));
  path = join(dir, ".clinicadl-ts", "events.jsonl");
  now = 5_000_000;
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const BATCHES = 8;
function begin({ block = 1000, last = 0 } = {}): Journal {
  const journal = new Journal(() => now);
  journal.countFrom(last);
  journal.add(new EventsFile(path, { batches: BATCHES, block }));
  return journal;
}
/** Trains on batches from `first` to `last`, counted over all epochs, with an epoch's end after each `BATCHES`. */
function train(journal: Journal, first: number, last: number): void {
  for (let i = first; i <= last; i++) {
    const [epoch, batch] = [Math.ceil(i / BATCHES), ((i - 1) % BATCHES) + 1];
    journal.record(toldBatch(epoch, batch, i));
    if (batch === BATCHES) journal.record({ kind: "epoch", epoch, losses: { loss: i }, seconds: 1 });
  }
}
const batchesIn = () => readEvents(path).flatMap((event) => (event.kind === "batch" ? (event.losses.loss ?? 0) : []));

describe("the file of events", () => {
  it("is written about once a second, after an epoch and before a checkpoint, and at the end", () => {
    const journal = begin();
    const count = () => readEvents(path).length;
    journal.record({ kind: "start", ...TRAINING });
    expect(count()).toBe(1);
    train(journal, 1, 3);
    now += 999;
    train(journal, 4, 4);
    expect(count()).toBe(1);
    now += 1;
    train(journal, 5, 5);
    expect(count()).toBe(6);
    train(journal, 6, 7);
    journal.flush();
    expect(count()).toBe(8);
    train(journal, 8, 9);
    expect(count()).toBe(10);
    journal.close();
    expect(count()).toBe(11);
    expect(readEvents(path).map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it("counts what happens in the training, not what depends on when it is interrupted", () => {
    const journal = begin();
    train(journal, 1, 1);
    journal.record({ kind: "checkpoint", epoch: 1, batch: 1 });
    journal.record({ kind: "interruption", signal: "SIGINT" });
    journal.close();
    const other = begin({ last: 1 });
    other.record({ kind: "resume", ...TRAINING, epoch: 1, batch: 1 });
    train(other, 2, 2);
    other.close();
    expect(readEvents(path).map(({ kind, n }) => `${kind} ${n}`)).toEqual([
      "batch 1",
      "checkpoint 1",
      "interruption 1",
      "resume 1",
      "batch 2",
    ]);
  });

  it("keeps some of the old batches, so few that it stays small, and all else", () => {
    const block = 16;
    const journal = begin({ block });
    for (let i = 1; i <= 50 * block; i++) {
      train(journal, i, i);
      journal.flush();
      expect(batchesIn().length).toBeLessThanOrEqual(3 * block);
    }
    const kept = batchesIn();
    expect(kept.filter((i) => i > 49 * block)).toEqual(Array.from({ length: block }, (_, i) => 49 * block + 1 + i));
    // 49 blocks of 16 in at most 16: every 64th
    expect(kept.filter((i) => i <= 49 * block)).toEqual(Array.from({ length: 12 }, (_, i) => 64 * (i + 1)));
    expect(readEvents(path).filter(({ kind }) => kind === "epoch")).toHaveLength((50 * block) / BATCHES);
  });

  it("has the same batches in the end when it was thinned before the training went on from an earlier one", () => {
    const block = 16;
    const whole = begin({ block });
    train(whole, 1, 100);
    whole.close();
    const wanted = readFileSync(path, "utf8");
    rmSync(path);
    const first = begin({ block });
    train(first, 1, 35);
    const { last } = first;
    train(first, 36, 49);
    first.close();
    keepEventLines(path, ({ n }) => Number(n) <= last);
    const second = begin({ block, last });
    train(second, 36, 100);
    second.close();
    expect(readFileSync(path, "utf8")).toBe(wanted);
  });

  it("holds so many warnings, and says that there are more", () => {
    const journal = begin();
    for (let i = 1; i <= 1500; i++) journal.record({ kind: "warning", message: `${i} ${"x".repeat(3000)}` });
    journal.close();
    const messages = readEvents(path).map((event) => (event.kind === "warning" ? event.message : ""));
    expect(messages).toHaveLength(1000);
    expect(messages[998]).toMatch(/^999 x{1996}$/);
    expect(messages[999]).toMatch(/more warnings: see warning\.log/);
  });

  it("goes on after a line that could not be written", () => {
    const journal = begin();
    train(journal, 1, 1);
    journal.flush();
    renameSync(path, `${path}.aside`);
    mkdirSync(path);
    train(journal, 2, 2);
    expect(() => journal.flush()).toThrow(/events\.jsonl/);
    rmdirSync(path);
    renameSync(`${path}.aside`, path);
    appendFileSync(path, '{"n":2,"ti');
    journal.close();
    expect(batchesIn()).toEqual([1, 2]);
  });
});

it("batches that stay are among those that stayed before", () => {
  const block = 8;
  let kept: number[] = [];
  for (let trained = block; trained <= 60 * block; trained += block) {
    const all = Array.from({ length: trained }, (_, i) => i + 1);
    const stays = staysAfter(trained, block);
    kept = [...kept, ...all.slice(-block)].filter(stays);
    expect(kept).toEqual(all.filter(stays));
    expect(kept.length).toBeLessThanOrEqual(2 * block);
  }
});
