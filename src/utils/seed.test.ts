import process from "node:process";
import { expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { GLOBAL_SEED, seedEverything, seedEverythingContext } from "./seed.ts";

const draw = () => {
  using x = torch.randn([1]);
  return x.item();
};

it("seeds as PyTorch does", () => {
  expect(seedEverything(0)).toBe(0);
  expect(draw()).toBeCloseTo(1.5409961, 6);
  expect(process.env[GLOBAL_SEED]).toBe("0");
});

it("restores streams, determinism and environment", () => {
  seedEverything(1);
  const expected = [draw(), draw()];
  seedEverything(1);
  const first = draw();
  {
    using _ = seedEverythingContext(42, { deterministic: true });
    expect(torch.areDeterministicAlgorithmsEnabled()).toBe(true);
    expect(process.env[GLOBAL_SEED]).toBe("42");
    draw();
  }
  expect([first, draw()]).toEqual(expected);
  expect(torch.areDeterministicAlgorithmsEnabled()).toBe(false);
  expect(process.env[GLOBAL_SEED]).toBe("1");
});

it("refuses what is not a seed", () => {
  expect(() => seedEverything(-1)).toThrow(/from 0 to 4294967295/);
  expect(() => seedEverythingContext(2 ** 32)).toThrow(/4294967296/);
});
