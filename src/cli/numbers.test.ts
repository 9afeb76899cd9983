import { expect, it } from "vitest";
import { splitList } from "./numbers.ts";

it("takes each split of a list once, and nothing that is no list of splits", () => {
  expect(splitList("2,0,2")).toEqual([2, 0]);
  for (const text of ["", "0,", "0-2", "-1", "1.5", "a"]) expect(() => splitList(text), text).toThrow("as 0,2");
});
