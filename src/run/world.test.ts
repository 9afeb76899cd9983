import { describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { ranks } from "./fixtures/ranks.ts";
import { anyOf, SingleProcess } from "./world.ts";

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
});
