import { expect, it } from "vitest";
import { grouped } from "./grouped.ts";

it.each([0, 7, 999, 1000, 12_345, 123_456, 1_234_567, 2 ** 53])("%d is as English writes it", (n) => {
  expect(grouped(n)).toBe(n.toLocaleString("en-US"));
});

it.each([0.004, 0.625, 1.5, 12.25, 999.999, 1234.5, 1_234_567.891])("%d is, with two decimals, too", (n) => {
  expect(grouped(n, 2)).toBe(n.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 }));
});
