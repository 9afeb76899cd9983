import { expect, it } from "vitest";
import { Order } from "./order.ts";

it("knows what comes next from the second time on, and learns another order", () => {
  const order = new Order<string>();
  const pass = (all: string) => {
    order.begin();
    return [...all].map((one) => order.after(one));
  };
  expect(pass("abc")).toEqual([null, null, null]);
  expect(pass("abc")).toEqual(["b", "c", null]);
  // what was last has nothing behind it, whatever comes first in the next pass
  expect(pass("acb")).toEqual(["b", null, "c"]);
  expect(pass("acb")).toEqual(["c", "b", "c"]);
});
