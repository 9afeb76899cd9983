import { describe, expect, it } from "vitest";
import { z } from "zod";
import { configClass } from "./config.ts";
import { CannotReadFieldError, ConfigError } from "./exceptions.ts";
import { isBuilder, Registry } from "./registry.ts";

interface ToyConfig {
  readonly name_: string;
  getObject(): number;
}
class OneConfig extends configClass("One", z.strictObject({ factor: z.number().default(1) })) implements ToyConfig {
  getObject(): number {
    return this.factor;
  }
}
class TwoConfig
  extends configClass("Two", z.strictObject({ pair: z.union([z.number(), z.array(z.number())]) }), {
    finish: ({ pair }, what) => {
      const list = typeof pair === "number" ? [pair, pair] : pair;
      if (list.length !== 2) throw new ConfigError(`${what}: 'pair' has ${list.length} numbers`);
      return { pair: list };
    },
  })
  implements ToyConfig
{
  getObject(): number {
    return this.pair.length;
  }
}
const helper = () => 1;
const registry = () =>
  new Registry<ToyConfig>("toy", (value): value is ToyConfig => isBuilder(value), { OneConfig, TwoConfig, helper });

describe("a registry", () => {
  it("makes objects of plain objects and of JSON, and takes those that are made already", () => {
    const toys = registry();
    expect(toys.names).toEqual(["One", "Two"]);
    const one = new OneConfig({ factor: 3 });
    expect(toys.from("'toy'", one)).toBe(one);
    expect(toys.from("'toy'", { name_: "One", factor: 2 })?.getObject()).toBe(2);
    expect(toys.read("A model", "toy", one.toDict()).getObject()).toBe(3);
    expect(toys.find("A model", "toy", one.toDict())).toEqual([OneConfig, one.toDict()]);
    expect(toys.from("'toy'", 3)).toBeNull();
    expect(toys.from("'toy'", { factor: 3 })).toBeNull();
    expect(toys.from("'toy'", { name_: "Theirs", toDict: helper, getObject: helper })?.getObject()).toBe(1);
  });
  it("says which names there are", () => {
    const toys = registry();
    expect(() => toys.from("'toy'", { name_: "Three" })).toThrow(
      "'toy' got the name 'Three'. Expected one of One, Two.",
    );
    expect(() => toys.from("'toy'", { name_: "constructor" })).toThrow(ConfigError);
    expect(() => toys.from("'toy'", { name_: "One", faktor: 1 })).toThrow("unknown option 'faktor'");
    expect(() => toys.read("A model", "toy", "Mine")).toThrow(CannotReadFieldError);
    expect(() => toys.find("A model", "toy", { name_: "Three" })).toThrow(/'toy' was written as .*Three.*register/);
    expect(() => toys.read("A model", "toy", { name_: "One", factor: "x" })).toThrow("'toy' cannot be read");
  });
  it("takes a class of one's own, which is then read like the others; no two of one name", () => {
    const toys = registry();
    class ThreeConfig extends configClass("Three", z.strictObject({})) implements ToyConfig {
      getObject(): number {
        return 3;
      }
    }
    toys.register(ThreeConfig);
    toys.register(ThreeConfig);
    expect(toys.read("A model", "toy", new ThreeConfig().toDict())).toBeInstanceOf(ThreeConfig);
    class OtherConfig extends configClass("One", z.strictObject({})) implements ToyConfig {
      getObject(): number {
        return 4;
      }
    }
    expect(() => toys.register(OtherConfig)).toThrow("Another toy is named 'One' already");
    // @ts-expect-error what it makes is no toy
    expect(() => toys.register(class extends configClass("Four", z.strictObject({})) {})).not.toThrow();
  });
});

describe("a config that is finished after parsing", () => {
  it("has what it was finished to, also in JSON, and is read back as it is", () => {
    const config = new TwoConfig({ pair: 4 });
    expect(config.pair).toEqual([4, 4]);
    expect(config.toDict()).toEqual({ name_: "Two", pair: [4, 4] });
    expect(TwoConfig.fromDict(config.toDict()).fields()).toEqual(config.fields());
    expect(() => new TwoConfig({ pair: [1] })).toThrow("TwoConfig: 'pair' has 1 numbers");
    // @ts-expect-error a required option
    expect(() => new TwoConfig()).toThrow("'pair' is required");
  });
  it("is taken as it is where options or a config are accepted", () => {
    const config = new TwoConfig({ pair: 4 });
    expect(TwoConfig.of(config)).toBe(config);
    expect(TwoConfig.of({ pair: 2 }).pair).toEqual([2, 2]);
    expect(TwoConfig.fromOptions({ pair: 1 }).isGiven("pair")).toBe(true);
  });
});
