import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as torch from "../torch/index.ts";
import { ranks } from "./fixtures/ranks.ts";
import { anyOf, eachItsShare, mainFirst, mainOnly, SingleProcess, together } from "./world.ts";

describe("a world of one process", () => {
  it("is its own main process, and gives back what it is given", async () => {
    const world = new SingleProcess();
    expect([world.rank, world.size, world.isMain]).toEqual([0, 1, true]);
    expect(await world.gather("a")).toEqual(["a"]);
    expect(await world.broadcast("a")).toBe("a");
    using tensor = torch.tensor([1, 2]);
    await world.allReduce();
    expect(tensor.toNumbers()).toEqual([1, 2]);
    expect([await anyOf(world, false), await anyOf(world, true)]).toEqual([false, true]);
  });
});

describe("several ranks", () => {
  it("have the same of all of them, by rank", async () => {
    const seen = await Promise.all(
      ranks(3).map(async (world) => ({
        gathered: await world.gather(world.rank * 10),
        broadcast: await world.broadcast(`from ${world.rank}`),
        any: await anyOf(world, world.rank === 1),
        none: await anyOf(world, false),
      })),
    );
    const same = { gathered: [0, 10, 20], broadcast: "from 0", any: true, none: false };
    expect(seen).toEqual([same, same, same]);
  });
  it("have the tensors of the main one", async () => {
    const live = torch.memory.live().tensors;
    const shared = ranks(2).map(async (world) => {
      using tensor = torch.tensor([world.rank, 5]);
      await world.shareTensors([tensor]);
      return tensor.toNumbers();
    });
    expect(await Promise.all(shared)).toEqual([
      [0, 5],
      [0, 5],
    ]);
    expect(torch.memory.live().tensors).toBe(live);
  });
  it("fail together: with its own error in the one that has it, which the others name", async () => {
    const body = (rank: number) => {
      if (rank === 1) throw new Error("no such file");
      return rank;
    };
    const tried = await Promise.allSettled(ranks(3).map((world) => together(world, () => body(world.rank))));
    expect(tried.map((one) => (one.status === "rejected" ? one.reason.message : one.value))).toEqual([
      "There was an error in rank 1 of 3: no such file",
      "no such file",
      "There was an error in rank 1 of 3: no such file",
    ]);
    expect(await Promise.all(ranks(2).map((world) => together(world, () => world.rank)))).toEqual([0, 1]);
  });
  it("let the main one do things first, or alone", async () => {
    const order: string[] = [];
    const first = ranks(2).map((world) =>
      mainFirst(world, () => {
        order.push(`${world.rank}`);
        return world.rank;
      }),
    );
    expect(await Promise.all(first)).toEqual([0, 1]);
    expect(order).toEqual(["0", "1"]);
    const done: number[] = [];
    await Promise.all(ranks(3).map((world) => mainOnly(world, async () => void done.push(world.rank))));
    expect(done).toEqual([0]);
    const failing = ranks(2).map((world) => mainOnly(world, () => Promise.reject(new Error("the disk is full"))));
    const tried = await Promise.allSettled(failing);
    expect(tried.map((one) => (one.status === "rejected" ? one.reason.message : null))).toEqual([
      "the disk is full",
      "There was an error in rank 0 of 2: the disk is full",
    ]);
  });
});

describe("shares of a long work", () => {
  afterEach(() => {
    vi.useRealTimers();
  });
  /** Lets what has been begun go on. */
  const turns = async () => {
    for (let i = 0; i < 20; i++) await turn();
  };

  it("are waited for, however much longer one of them takes", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const { promise, resolve } = Promise.withResolvers<void>();
    const ended: number[] = [];
    const all = ranks(3).map(async (world) => {
      await eachItsShare(world, async () => {
        if (world.rank === 1) await promise;
      });
      ended.push(world.rank);
    });
    await turns();
    // those that are ready hear at each of these that the other still works
    for (let minute = 0; minute < 5; minute++) {
      vi.advanceTimersByTime(60_000);
      await turns();
    }
    expect(ended).toEqual([]);
    resolve();
    await Promise.all(all);
    expect(ended.toSorted()).toEqual([0, 1, 2]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("end where another has failed, with its error, before they are done", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const done = [0, 0, 0];
    const all = ranks(3).map((world) =>
      eachItsShare(world, async (check) => {
        if (world.rank === 2) throw new Error("no such file");
        for (let i = 0; i < 1000; i++) {
          check();
          await turn();
          done[world.rank] = i;
        }
      }),
    );
    const settled = Promise.allSettled(all);
    await turns();
    vi.advanceTimersByTime(60_000);
    const messages = (await settled).map((one) => (one.status === "rejected" ? one.reason.message : null));
    const told = "There was an error in rank 2 of 3: no such file";
    expect(messages).toEqual([told, told, "no such file"]);
    for (const rank of [0, 1]) expect(done[rank]).toBeLessThan(999);
  });
});
