import { describe, expect, it } from "vitest";
import { formatJson, parseJson } from "../../io/json/index.ts";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import type { JsonObject } from "../../utils/config.ts";
import { CannotReadFieldError } from "../../utils/exceptions.ts";
import { Faces } from "../fixtures/own.ts";
import { batchTransformRegistry } from "./batch-transforms/registry.ts";
import { collateFnRegistry } from "./collate-fns.ts";
import { DataLoader, DataLoaderConfig, type DataLoaderOptions } from "./index.ts";
import { sampleOrder } from "./order.ts";

expectNothingLeft();

/** What those are given that have something to say. */
const GIVEN: Readonly<Record<string, object>> = {
  CutMix: { alpha: 0.5, targets: ["label", "age"], numClasses: 3, p: 0.25 },
  MergeBatchesCollate: { ignore: ["site", "age"] },
  MixUp: { alpha: 0.4, targets: [], numClasses: 2, p: 0.75 },
};

describe.each([
  ["collation", collateFnRegistry, "collateFn"],
  ["batch transform", batchTransformRegistry, "batchTransform"],
] as const)("every %s", (_, registry, option) => {
  it.each(registry.names)("%s is the same after JSON and back, to the letter, alone and in a loader", (name) => {
    const options = { name_: name, ...GIVEN[name] };
    const made = registry.from("'value'", options);
    const text = formatJson(made!.toDict());
    const read = registry.read("test", "value", parseJson(text) as JsonObject);
    expect(read).toBeInstanceOf(made!.constructor);
    expect(formatJson(read.toDict())).toBe(text);
    expect(read).toEqual(made);
    const config = new DataLoaderConfig({ [option]: options });
    const again = DataLoaderConfig.fromDict(parseJson(formatJson(config.toDict())) as JsonObject);
    expect(again[option]).toEqual(made);
  });
  it("is refused where nothing has its name", () => {
    expect(() => registry.read("test", "value", { name_: "Mine" })).toThrow(CannotReadFieldError);
    expect(() => registry.from("'value'", { name_: "constructor" })).toThrow(/Expected one of/);
  });
});

it("nothing is given to what does not exist", () => {
  const known = [...collateFnRegistry.names, ...batchTransformRegistry.names];
  expect(Object.keys(GIVEN).filter((name) => !known.includes(name))).toEqual([]);
});

describe("a loader, after JSON and back,", () => {
  const dataset = new Faces({ count: 12 });
  const loaders: readonly DataLoaderOptions[] = [
    {},
    { batchSize: 5, shuffle: false, dropLast: true, pinMemory: false },
    { batchSize: 4, samplingWeights: "age" },
    { batchSize: 3, numWorkers: 2, prefetchFactor: 3, persistentWorkers: true },
    { numWorkers: 1, prefetchFactor: 0 },
  ];
  it.each(loaders)("is the same, to the letter, and draws the same samples: %j", (options) => {
    const made = new DataLoader(dataset, options);
    const text = formatJson(made.toDict());
    const read = DataLoader.fromDict(parseJson(text) as JsonObject, dataset);
    expect(formatJson(read.toDict())).toBe(text);
    expect(read.config).toEqual(made.config);
    expect(read.length).toBe(made.length);
    const orderOf = ({ config }: { readonly config: DataLoaderConfig }): number[] =>
      sampleOrder(dataset, { ...config.fields(), seed: 7, epoch: 2 });
    expect(orderOf(read)).toEqual(orderOf(made));
    expect(orderOf(read)).toHaveLength(12);
  });
});
