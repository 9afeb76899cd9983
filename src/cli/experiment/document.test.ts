import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { ExperimentDocument } from "./document.ts";
import { readExperiment } from "./parts.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "document-"));
});
afterEach(() => vi.unstubAllEnvs());
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

it("refuses names that stand for themselves, or for more than memory holds", () => {
  const own = written("maps: m\ndataset: &a { bids: *a }\n");
  expect(() => new ExperimentDocument(own)).toThrow(/^e\.yaml:2: \*a stands for .*, and is a part of it\./);
  const nine = (name: string) => `[${Array(9).fill(name).join(", ")}]`;
  const lines = [..."bcdefghi"].map((name, i) => `${name}: &${name} ${nine(`*${"abcdefgh"[i]}`)}\n`);
  const vast = written(`a: &a ${nine("x")}\n${lines.join("")}`);
  expect(() => new ExperimentDocument(vast)).toThrow(/^e\.yaml:1: the names .* stand for far too much together\./);
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

it("puts values of --set in place of those of the file, and says what came from them", () => {
  const path = written("maps: m\noptimization:\nnetwork: &n { channels: [2] }\nother: *n\nb: { <<: *n, lr: 1 }\n");
  const document = new ExperimentDocument(path, [
    "optimization={num_epochs: 1}",
    "optimization.numEpochs=2",
    "network.channels.1=4",
    "optimization.clip=[x]",
    "new.part=1",
  ]);
  expect(document.values).toEqual({
    maps: "m",
    optimization: { numEpochs: 2, clip: ["x"] },
    network: { channels: [2, 4] },
    other: { channels: [2, 4] },
    b: { channels: [2, 4], lr: 1 },
    new: { part: 1 },
  });
  expect(document.where(["optimization"], ["clip"])).toBe("e.yaml with optimization.clip=[x]");
  expect(document.where(["optimization"], ["numEpochs"])).toBe("e.yaml with optimization.numEpochs=2");
  expect(document.where([], ["new"])).toBe("e.yaml with new.part=1");
  expect(document.where(["maps"])).toBe("e.yaml:1");
  // a key without a value has keys then
  expect(new ExperimentDocument(path, ["optimization.num_epochs=3"]).values.optimization).toEqual({ numEpochs: 3 });
  for (const [change, why] of [
    ["maps.x=1", "maps is 'm', which has no keys."],
    ["network.channels.x=1", "network.channels is a list of 1, and has no x. Its first is 0."],
    ["network.channels.2=1", "network.channels is a list of 1, and has no 2. Its first is 0."],
    ["other.lr=1", "other is *n, which others share. Set it as a whole."],
  ] as const) {
    expect(() => new ExperimentDocument(path, [change])).toThrow(`--set ${change}: ${why}`);
  }
  expect(() => new ExperimentDocument(path, ["b..lr=1"])).toThrow(/^--set got 'b\.\.lr=1'/);
});

it("fills variables in, also in values of --set, and refuses what only a shell would", () => {
  vi.stubEnv("CLINICADL_DOCUMENT", "d");
  vi.stubEnv("CLINICADL_NONE", undefined);
  const variable = (name: string): string => ["$", "{", name, "}"].join("");
  const [known, none, fallback] = ["CLINICADL_DOCUMENT", "CLINICADL_NONE", "X:-m"].map(variable);
  const path = written(`maps: ${known}/m\n`);
  expect(new ExperimentDocument(path, [`x=${known}`]).values).toEqual({ maps: "d/m", x: "d" });
  for (const [text, change, message] of [
    ["x: 1\nmaps: ~/m\n", "y=1", `e.yaml:2: '~/m' is not in your home folder. Write ${variable("HOME")} for ~.`],
    [`maps: ${fallback}\n`, "y=1", `e.yaml:1: ${fallback} is no variable. Between the braces stands its name alone.`],
    ["x: 1\n", `x=${none}`, `e.yaml with x=${none}: the environment has no variable CLINICADL_NONE.`],
    ["x: 1\n---\nx: 2\n", "y=1", "e.yaml:2: a second document begins."],
  ] as const) {
    expect(() => new ExperimentDocument(written(text), [change])).toThrow(message);
  }
});
