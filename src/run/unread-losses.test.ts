import { expect, it } from "vitest";
import { areRead, markRead, markUnread, WhenRead } from "./unread-losses.ts";

it("does what waits for losses in their order, when the last ones have come", () => {
  const done: number[] = [];
  const when = new WhenRead();
  const [first, second] = [{ loss: 1 }, { loss: 2 }];
  for (const losses of [first, second]) markUnread(losses);
  expect([areRead(first), areRead({ loss: 3 })]).toEqual([false, true]);
  when.add(first, () => done.push(1));
  when.add(second, () => done.push(2));
  expect(done).toEqual([]);
  for (const losses of [first, second]) markRead(losses);
  when.add({ loss: 3 }, () => done.push(3));
  expect(done).toEqual([1, 2, 3]);
});

it("does it earlier when it is asked to, once, and not at all when it is told to forget", () => {
  const done: number[] = [];
  const when = new WhenRead();
  const losses = { loss: 1 };
  markUnread(losses);
  when.add(losses, () => done.push(1));
  when.now();
  when.now();
  expect(done).toEqual([1]);
  when.add(losses, () => done.push(2));
  when.clear();
  when.now();
  expect(done).toEqual([1]);
});

it("passes events on in their order: those of a batch when its losses are there, all others at once, with what came before", () => {
  const done: string[] = [];
  const when = new WhenRead();
  const losses = { loss: 1 };
  markUnread(losses);
  const batch = { kind: "batch", n: 1, time: 0, epoch: 1, batch: 1, losses, rates: {}, seconds: 0 } as const;
  when.addEvent(batch, () => done.push("batch"));
  expect([done, when.isDone]).toEqual([[], false]);
  when.addEvent({ kind: "end", n: 2, time: 0 }, () => done.push("end"));
  expect([done, when.isDone]).toEqual([["batch", "end"], true]);
});
