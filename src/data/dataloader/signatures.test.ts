/** The options that the original has, and their defaults: test/golden/signatures_golden.py. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { DataLoaderConfig, MergeBatchesCollate } from "./index.ts";

const golden: Readonly<Record<string, { readonly defaults: object }>> = JSON.parse(
  readFileSync(new URL("./golden/signatures.json", import.meta.url), "utf8"),
);

it.each([
  ["DataLoader", new DataLoaderConfig({})],
  ["MergeBatchesCollate", new MergeBatchesCollate({})],
] as const)("%s has the original's options and defaults in JSON, and no others", (name, made) => {
  const { name_, ...fields } = made.toDict();
  expect(name_).toBe(name);
  expect(fields).toEqual(golden[name]?.defaults);
});
