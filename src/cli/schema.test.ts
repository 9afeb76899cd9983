import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { BidsFileType } from "../io/bids/index.ts";
import { experimentJsonSchema } from "./experiment/json-schema/index.ts";
import { experimentText } from "./init/experiment.ts";
import type { Task } from "./init/labels.ts";

/** What is wrong with a text, as an editor would say it. */
type Check = (yaml: string) => string[];
const ajv = new Ajv2020({ allErrors: true, strict: false });
const checkOf = (schema: object): Check => {
  const validate = ajv.compile(schema);
  return (yaml) =>
    validate(parse(yaml)) ? [] : (validate.errors ?? []).map((one) => `${one.instancePath} ${one.message}`);
};

interface Described {
  readonly description?: string;
}
/** All options in a schema, with where they are. */
function optionsOf(schema: object, path: string): [path: string, option: Described][] {
  return Object.entries(schema).flatMap(([key, value]: [string, unknown]) => {
    if (typeof value !== "object" || value === null || key === "default" || key === "if") return [];
    const own = key === "properties" ? Object.entries(value).filter(([name]) => name !== "name_") : [];
    return [
      ...own.map(([name, option]): [string, Described] => [`${path}/${name}`, option]),
      ...optionsOf(value, `${path}/${key}`),
    ];
  });
}

const EXPERIMENT = `
maps: maps
dataset:
  bids: bids
  file_type: { suffix: T1w, data_type: anat }
  columns: { diagnosis: { CN: 0, AD: 1 } }
  transforms:
    extraction: { name_: Patch, patch_size: 8 }
    image_transforms: [{ name_: ZNormalization }]
    augmentations: [{ name_: OneOf, transforms: [{ name_: RandomFlip, axes: [0] }, { name_: RandomNoise }] }]
split: { make_kfold: { n_splits: 3, stratification: diagnosis } }
train_loader: { batch_size: 4 }
model:
  label_key: diagnosis
  network: { name_: CNN, in_shape: [1, 8, 8, 8], num_outputs: 1, conv_args: { channels: [2], norm: [group, { num_groups: 2 }] } }
  loss: { name_: BCEWithLogitsLoss }
  optimizer: { name_: Adam, lr: 0.001 }
metrics:
  auc: { name_: ROCAUCMetric, postprocessing: [{ name_: Activations, include: [output], sigmoid: true }] }
computational: { seed: 1 }
callbacks: [{ name_: EarlyStoppingCallback, metric: auc, patience: 3 }]
`;

describe("the JSON schema of experiments", () => {
  let check: Check;
  beforeAll(() => {
    check = checkOf(experimentJsonSchema());
  });

  it("accepts what runs", () => {
    expect(check(EXPERIMENT)).toEqual([]);
    const chapter = readFileSync(join(import.meta.dirname, "../../docs/command-line.md"), "utf8");
    const blocks = [...chapter.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = ""]) => yaml);
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) expect(check(block)).toEqual([]);
  });

  it("knows the tasks of a model by names of one's own", () => {
    const several = EXPERIMENT.replace("label_key: diagnosis", "name_: MultiTaskModel").replace(
      "loss: { name_: BCEWithLogitsLoss }",
      "tasks: { age_at_scan: { loss: { name_: MSELoss }, weight: 0.5 }, dx: { loss: { name_: BCEWithLogitsLoss }, label_key: diagnosis } }",
    );
    expect(check(several)).toEqual([]);
    expect(check(several.replace("weight: 0.5", "weight: -1"))).toContain(
      "/model/tasks/age_at_scan/weight must be >= 0",
    );
    expect(check(several.replace("loss: { name_: MSELoss }, ", ""))).toContain(
      "/model/tasks/age_at_scan must have required property 'loss'",
    );
  });

  it.each<Task>([
    { kind: "regression", label: "age" },
    { kind: "classification", label: "dx", classes: ["CN", "AD"] },
    { kind: "classification", label: "dx", classes: ["0", "1", "2"] },
  ])("accepts what init writes for %o", (task) => {
    const fileType = new BidsFileType({ suffix: "T1w", withEntities: { desc: "Crop" } });
    const voxels = { shape: [60, 70, 50], spacing: [3, 3, 3] } as const;
    const rest = { bids: "b", data: "d.tsv", maps: "m", images: 9, folds: 3, seed: 1 };
    expect(check(experimentText({ ...rest, fileType, voxels, task }))).toEqual([]);
  });

  it("says where something is misspelt, missing or of another type", () => {
    const wrong: [from: string, to: string, message: string][] = [
      ["n_splits: 3", "n_split: 3", "/split/make_kfold must NOT have additional properties"],
      ["lr: 0.001", "lr: -1", "/model/optimizer/lr must be > 0"],
      ["name_: CNN", "name_: CMM", "/model/network/name_ must be equal to one of the allowed values"],
      ["num_outputs: 1, ", "", "/model/network must have required property 'num_outputs'"],
      ["suffix: T1w", "sufix: T1w", "/dataset/file_type must NOT have additional properties"],
      ["sigmoid: true", "sigmoid: 3", "/metrics/auc/postprocessing/0/sigmoid must be boolean"],
      ["patience: 3", "patience: x", "/callbacks/0/patience must be integer"],
      ["patch_size: 8", "patch_size: no", "/dataset/transforms/extraction/patch_size must be integer"],
      ["maps: maps", "", " must have required property 'maps'"],
    ];
    for (const [from, to, message] of wrong) expect(check(EXPERIMENT.replace(from, to)), to).toContain(message);
  });

  it("knows what datasets of several take beside them", () => {
    const bids = "{ name_: BidsDataset, bids: bids, file_type: { suffix: T1w } }";
    const of = (name: string, rest: string) =>
      check(
        EXPERIMENT.replace(
          /dataset:[\s\S]*?\nsplit/,
          `dataset: { name_: ${name}, datasets: [${bids}, ${bids}]${rest} }\nsplit`,
        ),
      );
    expect(of("ConcatDataset", "")).toEqual([]);
    expect(of("PairedDataset", ", missing: zeros")).toEqual([]);
    expect(of("UnpairedDataset", ", oversample: true")).toEqual([]);
    expect(of("PairedDataset", ", missing: zero")).toContain(
      "/dataset/missing must be equal to one of the allowed values",
    );
    expect(of("UnpairedDataset", ", oversample: 1")).toContain("/dataset/oversample must be boolean");
    expect(of("ConcatDataset", ", oversample: true")).toContain("/dataset must NOT have additional properties");
  });

  it("can be had in camelCase", () => {
    const camel = checkOf(experimentJsonSchema("camelCase"));
    const written = EXPERIMENT.replaceAll(/([a-z])_([a-z])/g, (_, a: string, b: string) => a + b.toUpperCase());
    expect(camel(written)).toEqual([]);
    expect(camel(EXPERIMENT).length).toBeGreaterThan(0);
  });

  it("says of every option what it is, from the comments in the source", () => {
    const options = optionsOf(experimentJsonSchema("camelCase"), "");
    const said = new Map(options);
    // from a list in the comment of a class, and from the comment of an option inside of another
    expect(said.get("/$defs/callback.EarlyStoppingCallback/patience")?.description).toMatch(/0 ends at the first/);
    expect(said.get("/$defs/network.CNN/properties/convArgs/channels")?.description).toMatch(/output channels/);
    expect(options.length).toBeGreaterThan(1000);
    expect(options.filter(([, schema]) => !schema.description).map(([path]) => path)).toEqual([]);
  });

  it("is printed, with classes of one's own", () => {
    const dir = mkdtempSync(join(tmpdir(), "cli schema-"));
    const source = (name: string) => JSON.stringify(join(import.meta.dirname, "..", name));
    writeFileSync(
      join(dir, "mine.ts"),
      `import { z } from ${JSON.stringify(import.meta.resolve("zod"))};
      import { registerNetwork } from ${source("networks/index.ts")};
      import { configClass } from ${source("utils/config.ts")};
      class Mine extends configClass("Mine", z.strictObject({ myDepth: z.int() })) { getObject() { throw new Error(); } }
      registerNetwork(Mine);`,
    );
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [join(import.meta.dirname, "index.ts"), "schema", ...args], {
        encoding: "utf8",
        cwd: dir,
      });
    const own = checkOf(JSON.parse(run("--module", "mine.ts").stdout));
    const mine = EXPERIMENT.replace(/network: .*/, "network: { name_: Mine, my_depth: 3 }");
    expect(own(mine)).toEqual([]);
    expect(check(mine)).toContain("/model/network/name_ must be equal to one of the allowed values");
    expect(run("--module", "none.ts").stderr).toContain("none.ts cannot be loaded");
    rmSync(dir, { recursive: true });
  });
});
