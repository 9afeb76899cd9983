/** The options that the original has, and their defaults: test/golden/signatures_golden.py. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { snakeToCamel } from "../../utils/names.ts";
import { makeCohort } from "../fixtures/cohort.ts";
import { Faces } from "../fixtures/own.ts";
import { BidsDataset, ConcatDataset, PairedDataset, SPATIAL_CHECKS, TensorDataset, UnpairedDataset } from "./index.ts";
import { checkToTensors } from "./tensors/options.ts";

interface Signature {
  readonly required: readonly string[];
  readonly defaults: Readonly<Record<string, unknown>>;
}
const golden: Readonly<Record<string, Signature>> = JSON.parse(
  readFileSync(new URL("./golden/signatures.json", import.meta.url), "utf8"),
);
/** Defaults that JSON has; what else there is, is an object with options of its own. */
const defaultsOf = (name: string): object =>
  Object.fromEntries(
    Object.entries(golden[name]!.defaults)
      .filter(([, value]) => !(typeof value === "string" && value.startsWith("<")))
      .map(([key, value]) => [snakeToCamel(key), value]),
  );

const cohort = makeCohort(2);
afterAll(() => cohort[Symbol.dispose]());
const tensors = join(import.meta.dirname, "golden", "tensors", "src-T1w_conv-norm_description.json");
const faces = [new Faces({ count: 2 }), new Faces({ count: 2 })];

describe("the original's options", () => {
  it.each([
    ["BidsDataset", BidsDataset, { bids: cohort.root, fileType: { dataType: "anat", suffix: "T1w" } }],
    ["TensorDataset", TensorDataset, { descriptionJson: tensors }],
    ["ConcatDataset", ConcatDataset, { datasets: faces }],
    ["PairedDataset", PairedDataset, { datasets: faces }],
    ["UnpairedDataset", UnpairedDataset, { datasets: faces }],
  ] as const)("are those of %s: given their defaults, it is as without", (name, Class, required) => {
    expect(Object.keys(required)).toEqual(golden[name]?.required.map(snakeToCamel));
    const plain = Class.fromOptions(required);
    const made = Class.fromOptions({ ...required, ...defaultsOf(name) });
    expect(made.toDict()).toEqual(plain.toDict());
    const fields = Object.keys(plain.toDict()).filter((field) => field !== "name_");
    const { required: needed, defaults } = golden[name]!;
    expect(fields.sort()).toEqual([...needed, ...Object.keys(defaults)].sort());
  });
  it("are those of toTensors and sanityCheck", () => {
    expect(checkToTensors(defaultsOf("BidsDataset.to_tensors"), false)).toEqual(checkToTensors({}, false));
    for (const name of ["BidsDataset", "ConcatDataset"])
      expect(golden[`${name}.sanity_check`]?.defaults).toEqual({ spatial_checks: SPATIAL_CHECKS });
  });
});
