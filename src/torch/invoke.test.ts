import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import * as torch from "./index.ts";

expectNothingLeft();

describe("numbers that do not fit", () => {
  it("are errors, where they would wrap around", () => {
    using _ = torch.scope();
    expect(() => torch.tensor([300], { dtype: "uint8" })).toThrow("300 does not fit uint8");
    expect(() => torch.tensor([-1], { dtype: "uint8" })).toThrow("-1 does not fit uint8");
    expect(() => torch.tensor([200], { dtype: "int8" })).toThrow("200 does not fit int8");
    expect(() => torch.tensor([Number.NaN], { dtype: "int64" })).toThrow("NaN does not fit int64");
    expect(() => torch.tensor([2 ** 63], { dtype: "int64" })).toThrow("does not fit int64");
    expect(torch.tensor([255.9, 0], { dtype: "uint8" }).toNumbers()).toEqual([255, 0]);
    expect(torch.tensor([-128, 127], { dtype: "int8" }).toNumbers()).toEqual([-128, 127]);
    expect(() => torch.ops("aten::narrow", torch.ones([3]), 0, 2 ** 63, 1)).toThrow("expected an integer");
  });

  it("shapes are checked before memory is touched", () => {
    expect(() => torch.fromTypedArray(new Float32Array(0), [2 ** 32, 2 ** 32], { share: true })).toThrow("too large");
    expect(() => torch.fromTypedArray(new Float32Array(1), [-1, -1], { share: true })).toThrow("negative");
    expect(() => torch.fromTypedArray(new Float32Array(1), [-1, -1])).toThrow("negative");
    expect(() => torch.fromTypedArray(new Float32Array(0), [2 ** 31, 2 ** 31, 4])).toThrow("too large");
  });

  it("seeds are all of 64 bits", () => {
    for (const seed of [0n, 42n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      torch.random.fork(() => {
        torch.manualSeed(seed);
        expect(torch.random.initialSeed()).toBe(seed);
      });
    }
    torch.random.fork(() => {
      torch.manualSeed(-1);
      expect(torch.random.initialSeed()).toBe(2n ** 64n - 1n);
    });
    expect(() => torch.manualSeed(2n ** 64n)).toThrow("expected an integer");
    expect(() => torch.manualSeed(0.5)).toThrow("expected an integer");
  });

  it("a number of threads is at least one and fits an int", () => {
    const threads = torch.getNumThreads();
    expect(() => torch.setNumThreads(0)).toThrow("positive number of threads");
    expect(() => torch.setNumThreads(2 ** 32 + 1)).toThrow("positive number of threads");
    expect(torch.getNumThreads()).toBe(threads);
  });
});

describe("JavaScript's operators", () => {
  it("are refused, since they would compute with text", () => {
    using x = torch.ones([2]);
    const value: unknown = x;
    expect(() => (value as number) + 1).toThrow("A tensor is not a number");
    expect(() => (value as number) * 2).toThrow("x.mul(2)");
    expect(() => (value as number) < 2).toThrow("x.lt(y)");
    expect(`${x}`).toBe("tensor([1., 1.])");
  });

  it("numbers come out flat, and exact or not at all", () => {
    using _ = torch.scope();
    expect(torch.ones([2, 2], { dtype: "int64" }).toNumbers()).toEqual([1, 1, 1, 1]);
    expect(torch.tensor([true, false]).toNumbers()).toEqual([1, 0]);
    const large = torch.fromTypedArray(BigInt64Array.of(2n ** 60n));
    expect(() => large.toNumbers()).toThrow("does not fit a number exactly");
    expect(() => torch.complex(torch.ones([1]), torch.ones([1])).toNumbers()).toThrow("complex");
  });
});
