import { describe, expect, it } from "vitest";
import { sweepSchema } from "./config.ts";
import { extremesOf } from "./extremes.ts";

describe("extremesOf", () => {
  it("has each choice and each end of a range once", () => {
    const parameters = { a: { choice: ["x", "y", "z"] }, b: { low: 1, high: 2 }, c: { choice: [true] } };
    const sweep = sweepSchema.parse({ experiment: "e", study: "s", parameters });
    const first = { a: 1, b: 1, c: 0 };
    expect([...extremesOf(sweep, first)]).toEqual([first, { ...first, a: 0 }, { ...first, a: 2 }, { ...first, b: 2 }]);
    expect([...extremesOf(sweep, { ...first, b: 1.5 })]).toHaveLength(5);
  });
});
