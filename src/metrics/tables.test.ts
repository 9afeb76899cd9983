import { describe, expect, it } from "vitest";
import { mergeTables } from "./tables.ts";

describe("mergeTables", () => {
  it("matches rows by epoch and sample, and the k-th patch with the k-th", () => {
    const key = { participant_id: "sub-1", session_id: "ses-1" };
    const old = [
      { epoch: 2, ...key, loss: 1 },
      { epoch: 2, ...key, loss: 2 },
    ];
    expect(
      mergeTables(old, [
        { ...key, mae: 5 },
        { ...key, mae: 6, loss: 9 },
      ]),
    ).toEqual([
      { epoch: 2, ...key, loss: 1, mae: 5 },
      { epoch: 2, ...key, loss: 9, mae: 6 },
    ]);
  });
});
