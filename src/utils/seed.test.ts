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

const VARIABLES = ["CLINICADL_GLOBAL_SEED", "CLINICADL_DETERMINISTIC", "CUBLAS_WORKSPACE_CONFIG", "PYTHONHASHSEED"];
const environment = () => VARIABLES.map((name) => process.env[name]);

it("sets what ClinicaDL sets, and takes it back, one context in another", () => {
  for (const name of VARIABLES) delete process.env[name];
  {
    using _outer = seedEverythingContext(1);
    expect(environment()).toEqual(["1", undefined, undefined, "1"]);
    {
      using _inner = seedEverythingContext(2, { deterministic: true });
      expect(environment()).toEqual(["2", "true", ":4096:8", "2"]);
      expect(torch.areDeterministicAlgorithmsEnabled()).toBe(true);
    }
    expect(environment()).toEqual(["1", undefined, undefined, "1"]);
    expect(torch.areDeterministicAlgorithmsEnabled()).toBe(false);
  }
  expect(environment()).toEqual([undefined, undefined, undefined, undefined]);
});

it("takes all back when something fails, and when the seed is none", () => {
  for (const name of VARIABLES) delete process.env[name];
  torch.manualSeed(3);
  const expected = [draw(), draw()];
  torch.manualSeed(3);
  const first = draw();
  expect(() => {
    using _context = seedEverythingContext(5);
    throw new Error("failed");
  }).toThrow("failed");
  expect(() => seedEverythingContext(-5)).toThrow(/-5/);
  expect([first, draw()]).toEqual(expected);
  expect(environment()).toEqual([undefined, undefined, undefined, undefined]);
});

it("chooses a seed where none is given, and says which", () => {
  using _context = seedEverythingContext();
  const seeds = Array.from({ length: 5 }, () => seedEverything());
  for (const seed of seeds) expect(Number.isInteger(seed) && seed >= 0 && seed <= 2 ** 32 - 1).toBe(true);
  expect(new Set(seeds).size).toBeGreaterThan(1);
  expect(process.env[GLOBAL_SEED]).toBe(String(seeds.at(-1)));
});

it("takes the whole range of seeds, and no other", () => {
  using _context = seedEverythingContext(0);
  expect(seedEverything(2 ** 32 - 1)).toBe(2 ** 32 - 1);
  for (const seed of [2 ** 32, 0.5, Number.NaN, "1"])
    expect(() => seedEverything(seed as number)).toThrow(/The seed is/);
});
