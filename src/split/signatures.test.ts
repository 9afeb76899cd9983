/** The options that the original has, and their defaults: test/golden/signatures_golden.py. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Faces } from "../data/fixtures/own.ts";
import { snakeToCamel } from "../utils/names.ts";
import { KFoldConfig, SingleSplitConfig, Split } from "./index.ts";
import { makeKFoldSchema } from "./make-kfold.ts";
import { makeSplitSchema } from "./make-split.ts";

type Defaults = Readonly<Record<string, unknown>>;
interface Golden {
  readonly [name: string]: { readonly required: readonly string[]; readonly defaults: Defaults };
}
const { json, ...golden }: Golden & { readonly json: readonly string[] } = JSON.parse(
  readFileSync(new URL("./golden/signatures.json", import.meta.url), "utf8"),
);
const defaultsOf = (name: string): Defaults =>
  Object.fromEntries(Object.entries(golden[name]!.defaults).map(([key, value]) => [snakeToCamel(key), value]));

const data = new Faces({ count: 2 });
const split = (): Split => new Split({ index: 0, trainDataset: data, valDataset: data });

describe("the options of the original, with its defaults,", () => {
  it.each([
    // what is left out is null there; the name of the subset is the config's
    ["make_split", makeSplitSchema, new SingleSplitConfig({}).subsetName, ["groups"]],
    ["make_kfold", makeKFoldSchema, new KFoldConfig({ nSplits: 5 }).subsetName, ["groups", "repeats"]],
  ] as const)("are those of %s, and ours besides are %s", (name, schema, subsetName, besides) => {
    const nothing = Object.fromEntries(Object.keys(schema.shape).map((key) => [key, null]));
    const ours = { ...nothing, ...schema.parse({}), subsetName };
    expect(ours).toMatchObject(defaultsOf(name));
    const known = Object.keys(defaultsOf(name));
    expect(Object.keys(ours).filter((key) => !known.includes(key))).toEqual(besides);
  });
  it("are those of the loaders of a split", () => {
    const { name_: _, ...train } = split().buildTrainLoader().toDict();
    expect(train).toEqual(golden["Split.build_train_loader"]?.defaults);
    const { name_: __, ...val } = split().buildValLoader().toDict();
    expect(val).toEqual(golden["Split.build_val_loader"]?.defaults);
  });
  it("are those of a split, which has its fields in JSON", () => {
    expect(golden.Split?.required).toEqual(["index", "train_dataset", "val_dataset"]);
    const { name_, ...fields } = split().toDict();
    expect([name_, Object.keys(fields).sort()]).toEqual(["Split", json]);
    expect({ split_dir: fields.split_dir }).toEqual(golden.Split?.defaults);
  });
});
