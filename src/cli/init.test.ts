import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { AFFINE, makeCohort } from "../data/fixtures/cohort.ts";
import { Bids } from "../io/bids/index.ts";
import { writeNifti } from "../io/nifti/index.ts";
import { askOn } from "./init/ask.ts";
import { imageKinds, typeOf, voxelsOf } from "./init/images.ts";
import { labelColumns, requireTask, taskOf } from "./init/labels.ts";

let dir = "";
beforeAll(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "cli init-")));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const clinicadl = (...args: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, "index.ts"), ...args], { encoding: "utf8", cwd: dir });
const ONE_EPOCH = ["--set", "optimization.num_epochs=1", "--folds", "0"];

describe("clinicadl init", () => {
  it("writes a file that trains, of images that are alike and a table that says all", () => {
    using cohort = makeCohort(6);
    const made = clinicadl("init", cohort.root, "--seed", "3");
    expect(made.stderr).toBe("Next: npx clinicadl train experiment.yaml\n");
    expect(made.stdout).toContain("images: 6 of anat/T1w.nii.gz (6 sessions), 4×5×6 voxels\n");
    expect(made.stdout).toContain("learnt: diagnosis: CN (0), AD (1)\n");
    const content = parse(readFileSync(join(dir, "experiment.yaml"), "utf8"));
    expect(content.dataset.columns).toEqual({ diagnosis: { CN: 0, AD: 1 } });
    expect(content.dataset.file_type).toEqual({ suffix: "T1w", data_type: "anat" });
    // of three participants of each class
    expect(content.split).toEqual({ make_kfold: { n_splits: 3, stratification: "diagnosis", seed: 3 } });
    expect(existsSync(join(dir, "experiment.tsv"))).toBe(false);
    expect(clinicadl("train", "experiment.yaml", ...ONE_EPOCH).stdout).toContain("split 0 trained");
    expect(clinicadl("init", cohort.root).stderr).toMatch(/is there already.*--overwrite/);
    // what the system says of a file is one line, without a stack
    expect(clinicadl("init", cohort.root, "--output", "experiment.yaml/e.yaml").stderr).toMatch(
      /^clinicadl: E[A-Z]+: .*experiment\.yaml.*\n$/,
    );
  });

  it("brings images together that differ, and rows of participants to their sessions", () => {
    using cohort = makeCohort(7);
    const shape = [9, 8, 7] as const;
    const data = Float32Array.from({ length: 9 * 8 * 7 }, (_, v) => v);
    writeNifti(cohort.imagePath(0), { data, shape, affine: AFFINE });
    const second = cohort.imagePath(1).replaceAll("ses-M000", "ses-M012");
    mkdirSync(dirname(second), { recursive: true });
    copyFileSync(cohort.imagePath(1), second);
    rmSync(cohort.imagePath(2));
    const rows = cohort.rows.map(({ participant_id, age }, i) => [participant_id, i === 3 ? "n/a" : String(age)]);
    rmSync(cohort.tsv);
    writeFileSync(
      join(cohort.root, "participants.tsv"),
      [["participant_id", "age"], ...rows, ["sub-099", "50"]].map((row) => row.join("\t")).join("\n"),
    );
    const result = JSON.parse(clinicadl("init", cohort.root, "--output", "age/e.yaml", "--json").stdout);
    expect(result).toMatchObject({
      images: 6,
      task: { kind: "regression", label: "age" },
      leftOut: { "images without a value of 'age'": 1, "rows without an image": 2 },
      table: join(dir, "age/e.tsv"),
    });
    expect(readFileSync(result.table, "utf8").split("\n")[2]).toBe("sub-001\t61.0\tses-M000");
    const { model, dataset } = parse(readFileSync(result.experiment, "utf8"));
    expect(model.network.in_shape).toEqual([1, ...result.voxels.shape]);
    expect(dataset.transforms.image_transforms.map(({ name_ }: { name_: string }) => name_)).toEqual([
      "ToCanonical",
      "Resample",
      "CropOrPad",
      "ZNormalization",
    ]);
    expect(clinicadl("train", "age/e.yaml", ...ONE_EPOCH).stdout).toContain("split 0 trained");
  });

  it("learns several classes", () => {
    using cohort = makeCohort(9);
    const rows = cohort.rows.map(({ participant_id, session_id }, i) => [participant_id, session_id, "abc"[i % 3]]);
    const table = [["participant_id", "session_id", "kind"], ...rows].map((row) => row.join("\t")).join("\n");
    writeFileSync(join(dir, "kinds.tsv"), table);
    const output = "classes.yaml";
    expect(clinicadl("init", cohort.root, "--data", "kinds.tsv", "--output", output).stdout).toContain(
      "kind: a (0), b (1), c (2)",
    );
    expect(clinicadl("train", output, "--set", "maps=classes", ...ONE_EPOCH).stdout).toContain("split 0 trained");
  });

  it("says what is missing", () => {
    using cohort = makeCohort(3);
    const wrong = (...args: string[]) => clinicadl("init", cohort.root, "--output", "wrong.yaml", ...args).stderr;
    expect(wrong("--suffix", "FLAIR")).toMatch(/There are: anat\/T1w.nii.gz \(3 sessions\); anat\/mask/);
    expect(wrong("--label", "participant_id")).toMatch(/neither a number nor .* Columns that are: diagnosis/);
    expect(wrong("--label", "weight")).toMatch(/has no column 'weight'. Its columns are: participant_id, /);
    // of the three, one is AD
    expect(wrong()).toMatch(/'diagnosis' has a class with a single participant/);
    renameSync(cohort.tsv, join(dir, "elsewhere.tsv"));
    expect(wrong()).toMatch(/has no metadata.tsv or participants.tsv.*--data table.tsv/);
    writeFileSync(join(dir, "strange.tsv"), "subject\tage\n1\t2\n");
    expect(wrong("--data", "strange.tsv", "--label", "age")).toMatch(/row 1 has no participant_id/);
    expect(existsSync(join(dir, "wrong.yaml"))).toBe(false);
  });
});

describe("what init finds", () => {
  it("tells kinds of images of one suffix apart", () => {
    const of = (entities: Record<string, string>, extension = ".nii.gz") => ({
      dataType: "t1_linear",
      suffix: "T1w",
      extension,
      entities,
      sessions: 3,
    });
    const [plain, cropped] = [of({ res: "1" }), of({ res: "1", desc: "Crop" })];
    expect(typeOf(plain, [plain, cropped]).toDict()).toMatchObject({
      extension: ".nii.*",
      with_entities: { res: "1" },
      without_entities: { desc: ".*" },
    });
    expect(typeOf(cropped, [plain, cropped]).toDict()).toMatchObject({ without_entities: null });
    const packed = of({ res: "1" }, ".nii");
    expect(typeOf(packed, [packed, plain]).extension).toBe("\\.nii");
  });

  it("takes scans before masks, whatever else there is", () => {
    using cohort = makeCohort(2);
    rmSync(cohort.imagePath(0));
    const bids = new Bids(cohort.root);
    expect(imageKinds(bids).map(({ suffix }) => suffix)).toEqual(["T1w", "mask"]);
    expect(voxelsOf([cohort.imagePath(1)])).toEqual({ shape: [4, 5, 6], spacing: null });
  });

  it("knows classes from numbers from words", () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({
      participant_id: `sub-${i}`,
      sex: i % 2 ? "F" : "M",
      Group: i % 3 === 0 ? "healthy" : i % 3 === 1 ? "AD" : "n/a",
      code: i % 4,
      age: 20 + i,
      city: `city ${i}`,
      scanner: "one",
    }));
    expect(labelColumns(rows)).toEqual(["Group", "age", "sex", "code"]);
    expect(taskOf(rows, "Group")).toEqual({ kind: "classification", label: "Group", classes: ["healthy", "AD"] });
    expect(taskOf(rows, "age")).toEqual({ kind: "regression", label: "age" });
    expect(requireTask(rows, "code")).toMatchObject({ classes: ["0", "1", "2", "3"] });
    expect(() => requireTask(rows, "city")).toThrow(/'city' is neither a number nor one of 2 to 10 classes/);
  });

  it("asks until it is answered, and not where there is one answer", async () => {
    const input = new PassThrough();
    const output = new PassThrough().setEncoding("utf8");
    const choose = askOn(input, output);
    expect(await choose("One?", ["a"], String)).toBe("a");
    const answer = choose("Which?", ["a", "b"], (one) => `the ${one}`);
    input.write("3\n");
    await new Promise(setImmediate);
    input.write("2\n");
    expect(await answer).toBe("b");
    expect(output.read()).toBe("Which?\n  1  the a\n  2  the b\n[1] A number from 1 to 2: ");
    const ended = choose("Which?", ["a", "b"], String);
    input.end();
    await expect(ended).rejects.toThrow("Nothing was written.");
    expect(output.read()).toBe("Which?\n  1  a\n  2  b\n[1] \n");
  });
});
