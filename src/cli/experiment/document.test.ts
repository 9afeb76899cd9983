import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ExperimentDocument } from "./document.ts";
import { readExperiment } from "./parts.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "document-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function written(text: string): string {
  const path = join(dir, "e.yaml");
  writeFileSync(path, text);
  return path;
}

it("refuses a key that is there in both spellings, of which one would be left out", () => {
  const path = written("maps: m\noptimization:\n  num_epochs: 5\n  numEpochs: 10\n");
  expect(() => readExperiment(new ExperimentDocument(path))).toThrow(
    /^e\.yaml:3: num_epochs and numEpochs are the same\. Keep one of them\.$/,
  );
  // names that the user chose are two
  const names = new ExperimentDocument(written("metrics: { my_auc: { name_: A }, myAuc: { name_: B } }\n"));
  expect(names.values).toEqual({ metrics: { my_auc: { name_: "A" }, myAuc: { name_: "B" } } });
});

it("refuses tags and aliases that mean nothing, and says where they stand", () => {
  expect(() => new ExperimentDocument(written("maps: m\ndataset: !include data.yaml\n"))).toThrow(
    /^e\.yaml:2: Unresolved tag: !include$/,
  );
  const starred = written("maps: m\ndataset:\n  data: *.tsv\n");
  expect(() => new ExperimentDocument(starred)).toThrow(/^e\.yaml:3: \*\.tsv stands for .* needs quotes\.$/);
  const path = written("maps: &name m\ndataset: { data: *name }\n");
  expect(() => new ExperimentDocument(path, ["maps=*.m"])).toThrow(/^--set maps=\*\.m: .* needs quotes\.$/);
  expect(new ExperimentDocument(path).values).toEqual({ maps: "m", dataset: { data: "m" } });
});
