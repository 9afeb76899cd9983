import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { sweepJsonSchema } from "./json-schema.ts";

const ajv = new Ajv2020({ allErrors: true, strict: false });
const SWEEP = "experiment: e.yaml\nstudy: s\nparameters: { model.optimizer.lr: { low: 1, high: 2 } }\n";

/** All options of a schema, with where they are. */
function optionsOf(schema: object, path: string): [path: string, option: object][] {
  return Object.entries(schema).flatMap(([key, value]: [string, unknown]) => {
    if (typeof value !== "object" || value === null || key === "default") return [];
    const own = key === "properties" ? Object.entries(value).filter(([name]) => name !== "name") : [];
    return [
      ...own.map(([name, option]): [string, object] => [`${path}/${name}`, option]),
      ...optionsOf(value, `${path}/${key}`),
    ];
  });
}

describe("the JSON schema of sweeps", () => {
  const validate = ajv.compile(sweepJsonSchema());
  const problems = (text: string): string[] =>
    validate(parse(text)) ? [] : (validate.errors ?? []).map((one) => `${one.instancePath} ${one.message}`);

  it("accepts the sweeps of the documentation", () => {
    const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "sweeps.md"), "utf8");
    const files = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);
    expect(files.length).toBeGreaterThanOrEqual(2);
    for (const text of files) expect(problems(text)).toEqual([]);
    expect(problems(SWEEP)).toEqual([]);
    expect(ajv.compile(sweepJsonSchema("camelCase"))(parse(`${SWEEP}nested: { nSplits: 3 }`))).toBe(true);
  });

  it.each([
    ["study: s\n", "", /required property 'study'/],
    ["low: 1", "lowest: 1", /^\/parameters/],
    ["{ low: 1, high: 2 }", "{ choice: [] }", /^\/parameters/],
    ["study: s", "study: s\nsampler: best", /^\/sampler/],
    ["study: s", "study: s\nnested: { n_split: 3 }", /^\/nested/],
    ["study: s", "study: s\npruner: { name: asha, min_epochs: 0 }", /^\/pruner/],
    ["study: s", "study: s\nseeds: [-1]", /^\/seeds/],
    ["study: s", "study: s\nfold: [1]", /additional properties/],
  ])("refuses %s → %s", (from, to, said) => {
    expect(problems(SWEEP.replace(from, to)).join("\n")).toMatch(said);
  });

  it("is printed", () => {
    const args = [join(import.meta.dirname, "..", "index.ts"), "schema", "--sweep"];
    const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(JSON.parse(stdout)).toEqual(sweepJsonSchema());
  });

  it("says what each option is", () => {
    const undescribed = optionsOf(sweepJsonSchema(), "").filter(([, option]) => !("description" in option));
    expect(undescribed.map(([path]) => path)).toEqual([]);
  });
});
