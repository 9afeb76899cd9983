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
