import { describe, expect, it } from "vitest";
import { Batch } from "../data/dataloader/index.ts";
import type { Sample } from "../data/structures/index.ts";
import type { EventArgs } from "../run/index.ts";
import { ChecksCallback } from "./checks.ts";

describe("the first batch", () => {
  const start = (callback: ChecksCallback, batch: unknown) =>
    callback.onBatchStart({ batch } as unknown as EventArgs<"onBatchStart">);
  const batch = () => new Batch([{} as Sample]);

  it.each<[string, unknown]>([
    ["a Batch", batch()],
    ["several in an array", [batch(), batch()]],
    ["several in an object", { source: batch(), target: batch() }],
  ])("may be %s", (_, given) => {
    start(new ChecksCallback(), given);
  });

  it.each<[string, unknown]>([
    ["an array without any", []],
    ["an array with something else", [batch(), 3]],
    ["an object with something else", { source: batch(), target: null }],
  ])("may not be %s", (_, given) => {
    expect(() => start(new ChecksCallback(), given)).toThrow(/The loader gave .*Expected a Batch, or several/s);
  });

  it("is the only one that is looked at", () => {
    const callback = new ChecksCallback();
    start(callback, batch());
    start(callback, 3);
    expect(() => start(new ChecksCallback(), 3)).toThrow(/The loader gave 3/);
  });
});
