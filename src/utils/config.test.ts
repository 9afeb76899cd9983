import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { configClass, type Input, parseWith, show } from "./config.ts";
import { ConfigError } from "./exceptions.ts";

const schema = z.strictObject({
  shape: z.array(z.int()),
  pair: z.tuple([z.number(), z.number()]).default([0, 1]),
  perGroup: z.union([z.number(), z.record(z.string(), z.array(z.number()))]).default(0),
  nested: z.strictObject({ sizes: z.array(z.int()).nullable().default(null) }).optional(),
  act: z.union([z.string(), z.custom<(x: number[]) => number[]>((f) => typeof f === "function")]).default("relu"),
});

describe("types of options", () => {
  const shape: readonly number[] = Object.freeze([1, 8, 8]);
  it("accept read-only arrays, wherever they are", () => {
    class ToyConfig extends configClass("Toy", schema) {}
    const config = new ToyConfig({
      shape,
      pair: [1, 2] as const,
      perGroup: { a: [1] as readonly number[] },
      nested: { sizes: shape },
    });
    expect(config.shape).toEqual([1, 8, 8]);
    expect(Object.isFrozen(config.shape)).toBe(true);
    expect(ToyConfig.fromDict({ ...config.toDict(), pair: null }, { pair: [3, 4] as const }).pair).toEqual([3, 4]);
    expectTypeOf<readonly number[]>().toExtend<Input<typeof schema>["shape"]>();
    // functions are what they are
    expectTypeOf<(x: number[]) => number[]>().toExtend<Input<typeof schema>["act"]>();
    // @ts-expect-error the elements are still checked
    expect(() => new ToyConfig({ shape: ["a"] as readonly string[] })).toThrow(/'shape.0' got 'a'. Expected number/);
    // @ts-expect-error and the length of pairs
    expect(() => new ToyConfig({ shape, pair: [1] as const })).toThrow(/'pair'/);
  });
});

describe("messages", () => {
  const message = (s: z.ZodType, value: unknown) => {
    try {
      parseWith(s, value, "Toy");
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      return [(error as ConfigError).message, ...(error as ConfigError).fieldNames];
    }
    return [];
  };
  it("say which field, which value, and what is accepted", () => {
    const object = z.strictObject({
      a: z.int().positive(),
      b: z.enum(["x", "y"]).default("x"),
      c: z.union([z.boolean().nullable(), z.array(z.string())]).default(null),
      d: z.strictObject({ e: z.number().max(1) }).default({ e: 0 }),
    });
    expect(message(object, { a: 0.5 })).toEqual(["Toy: 'a' got 0.5. Expected int.", "a"]);
    expect(message(object, { a: -1 })).toEqual(["Toy: 'a' got -1. Expected number to be >0.", "a"]);
    expect(message(object, { a: Number.POSITIVE_INFINITY })).toEqual([
      "Toy: 'a' got Infinity. Expected finite number.",
      "a",
    ]);
    expect(message(object, {})).toEqual(["Toy: 'a' is required (Expected number).", "a"]);
    expect(message(object, { a: 1, b: "z" })).toEqual([`Toy: 'b' got 'z'. Expected one of "x"|"y".`, "b"]);
    expect(message(object, { a: 1, c: 3 })).toEqual(["Toy: 'c' got 3. Expected boolean, or array.", "c"]);
    expect(message(object, { a: 1, d: { e: 2 } })).toEqual(["Toy: 'd.e' got 2. Expected number to be <=1.", "d"]);
    expect(message(object, { a: 1, d: { f: 2 } })[0]).toContain("'d.e' is required");
    expect(message(object, { a: 1, f: 2, g: 3 })).toEqual(["Toy: unknown options 'f', 'g'. Check the spelling."]);
    expect(message(z.number(), Number.NaN)).toEqual(["Toy: the value got NaN. Expected number."]);
    expect(message(z.number(), Number.NEGATIVE_INFINITY)).toEqual([
      "Toy: the value got -Infinity. Expected finite number.",
    ]);
    // all that is wrong at once
    expect(message(object, { a: 0, b: 1 }).slice(1)).toEqual(["a", "b"]);
  });
  it("show values shortly", () => {
    class Thing {
      readonly huge = "x".repeat(1000);
    }
    expect(["a", -0.5, Number.NaN, null, undefined, [1, "a"], { a: 1 }, new Thing(), show].map(show)).toEqual([
      "'a'",
      "-0.5",
      "NaN",
      "null",
      "undefined",
      '[1,"a"]',
      '{"a":1}',
      "[Thing]",
      "[function show]",
    ]);
    expect(show(Array(1000).fill(1)).length).toBeLessThan(210);
  });
});
