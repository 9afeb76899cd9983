import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BidsDataset } from "../../data/datasets/index.ts";
import { BidsFileType } from "../../io/bids/index.ts";
import { readNifti } from "../../io/nifti/index.ts";
import { readTsv } from "../../io/tsv/index.ts";
import { Rng } from "../../utils/random/index.ts";
import { gridOf, simulateBrain } from "./brain.ts";
import { generateCohort } from "./cohort.ts";
import { smoothField } from "./smooth-field.ts";
import type { Template } from "./template.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "clinicadl-generate-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe("smoothField", () => {
  it("has the deviation asked for, and no jumps", () => {
    const field = smoothField(new Rng(1), [60, 60, 60], 6, 2);
    expect(field).toHaveLength(60 ** 3);
    const mean = field.reduce((a, b) => a + b, 0) / field.length;
    const std = Math.sqrt(field.reduce((a, b) => a + (b - mean) ** 2, 0) / field.length);
    expect(Math.abs(std - 2)).toBeLessThan(0.4);
    let jump = 0;
    for (let i = 1; i < field.length; i++) if (i % 60 > 0) jump = Math.max(jump, Math.abs(field[i]! - field[i - 1]!));
    expect(jump).toBeLessThan(3);
    // sizes that end on a knot, and a grid wider than the image
    expect(smoothField(new Rng(1), [7, 13, 1], 6, 1).every(Number.isFinite)).toBe(true);
    expect(smoothField(new Rng(1), [3, 4, 5], 20, 1).every(Number.isFinite)).toBe(true);
  });
});

describe("simulateBrain", () => {
  // a block of tissue in the template's space
  const shape = [197, 233, 189] as const;
  const template: Template = { data: new Float32Array(197 * 233 * 189).fill(150), shape, origin: [-98, -134, -72] };
  const grid = gridOf(template, 6);
  const brain = (atrophy: number, seed = 1): Uint8Array =>
    simulateBrain(template, grid, { anatomy: new Rng(seed, 1), scan: new Rng(seed, 2), atrophy, scale: 1 }).image;
  const at = (data: Uint8Array, mm: readonly [number, number, number]): number => {
    const [x, y, z] = mm.map((v, axis) => Math.round((v - grid.origin[axis]!) / grid.spacing)) as [
      number,
      number,
      number,
    ];
    return data[(x * grid.shape[1] + y) * grid.shape[2] + z]!;
  };

  it("darkens both hippocampal regions, and nothing else", () => {
    const [healthy, ill] = [brain(0), brain(0.8)];
    for (const side of [-26, 26]) expect(at(ill, [side, -22, -14])).toBeLessThan(0.7 * at(healthy, [side, -22, -14]));
    for (const elsewhere of [
      [0, -22, -14],
      [26, 40, 20],
      [-26, -70, 10],
      [60, -22, -14],
    ] as const) {
      expect(at(ill, elsewhere)).toBe(at(healthy, elsewhere));
    }
  });

  it("depends on its streams alone", () => {
    expect(brain(0.5)).toEqual(brain(0.5));
    expect(brain(0.5, 2)).not.toEqual(brain(0.5, 1));
  });
});

// the template may have to be fetched first
describe("generateCohort", () => {
  it("makes a BIDS dataset, the same each time", async () => {
    const options = { participants: 4, resolution: 8, sessions: 2, seed: 3 };
    const cohort = await generateCohort({ ...options, output: join(dir, "a") });
    expect(cohort.shape).toEqual([25, 30, 24]);
    expect(readdirSync(cohort.bids).sort()).toEqual([
      "README",
      "dataset_description.json",
      "metadata.tsv",
      "participants.tsv",
      "sub-001",
      "sub-002",
      "sub-003",
      "sub-004",
    ]);
    expect(readdirSync(dir)).toEqual(["a"]);
    const rows = readTsv(cohort.metadata);
    expect(rows).toEqual(cohort.rows);
    expect(Object.keys(rows[0]!)).toEqual(["participant_id", "session_id", "age", "sex", "diagnosis", "label"]);
    expect(rows.map((row) => row.session_id)).toEqual(Array(4).fill(["ses-M000", "ses-M012"]).flat());
    for (const row of rows) expect(row.label).toBe(row.diagnosis === "AD" ? 1 : 0);
    expect(rows.filter((row) => row.label === 1)).toHaveLength(4);
    expect(rows[1]!.age).toBeCloseTo((rows[0]!.age as number) + 1, 5);

    const file = join("sub-002", "ses-M012", "anat", "sub-002_ses-M012_T1w.nii.gz");
    const image = readNifti(join(cohort.bids, file));
    expect(image.shape).toEqual([25, 30, 24]);
    expect([...image.affine].slice(0, 4)).toEqual([8, 0, 0, -94.5]);
    expect(image.data[0]).toBe(0);
    expect(Math.max(...image.data)).toBeGreaterThan(120);
    expect(readFileSync(join(cohort.bids, "README"), "utf8")).toMatch(/SIMULATED DATA/);
    expect(readFileSync(join(cohort.bids, "dataset_description.json"), "utf8")).toMatch(/SIMULATED DATA/);

    const again = await generateCohort({ ...options, output: join(dir, "b") });
    expect(readFileSync(join(again.bids, file))).toEqual(readFileSync(join(cohort.bids, file)));
    expect(again.rows).toEqual(cohort.rows);
  });

  it("permutes the diagnoses and leaves the images", async () => {
    const options = { participants: 12, resolution: 12 };
    const truth = await generateCohort({ ...options, output: join(dir, "a") });
    const permuted = await generateCohort({ ...options, output: join(dir, "b"), permuteLabels: true });
    const labels = (rows: readonly { label?: unknown }[]): unknown[] => rows.map((row) => row.label);
    expect(labels(permuted.rows)).not.toEqual(labels(truth.rows));
    expect(labels(permuted.rows).toSorted()).toEqual(labels(truth.rows).toSorted());
    const file = join("sub-005", "ses-M000", "anat", "sub-005_ses-M000_T1w.nii.gz");
    expect(readFileSync(join(permuted.bids, file))).toEqual(readFileSync(join(truth.bids, file)));
  });

  it("writes the masks of what the images show, which are the same without them", async () => {
    const options = { participants: 3, resolution: 6, sessions: 1, seed: 5 };
    const plain = await generateCohort({ ...options, output: join(dir, "plain") });
    expect(plain.masks).toBeNull();
    const { bids, masks } = await generateCohort({ ...options, output: join(dir, "bids"), masks: true });
    const folder = (root: string) => join(root, "sub-002", "ses-M000", "anat");
    const name = (end: string) => `sub-002_ses-M000_${end}.nii.gz`;
    expect(masks).toBe(join(bids, "derivatives", "masks"));
    expect(readdirSync(folder(masks!)).sort()).toEqual([
      name("desc-brain_mask"),
      name("dseg"),
      name("label-hippocampus_mask"),
    ]);
    expect(readFileSync(join(folder(bids), name("T1w")))).toEqual(readFileSync(join(folder(plain.bids), name("T1w"))));
    const image = readNifti(join(folder(bids), name("T1w")));
    const [dseg, brain, hippocampus] = ["dseg", "desc-brain_mask", "label-hippocampus_mask"].map((end) =>
      readNifti(join(folder(masks!), name(end))),
    );
    for (const mask of [dseg!, brain!, hippocampus!]) {
      expect(mask.shape).toEqual(image.shape);
      expect([...mask.affine]).toEqual([...image.affine]);
    }
    // bias and noise leave 1 and more in the brain, and 0 outside
    expect([...brain!.data]).toEqual([...image.data].map((value) => (value > 0 ? 1 : 0)));
    expect([...dseg!.data].map((index) => (index > 0 ? 1 : 0))).toEqual([...brain!.data]);
    const mean = (index: number) => {
      const values = [...image.data].filter((_, i) => dseg!.data[i] === index);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    // fluid is darker than grey matter, and that is darker than white
    expect(mean(3)).toBeLessThan(mean(1));
    expect(mean(1)).toBeLessThan(mean(2));
    const region = [...hippocampus!.data].flatMap((value, i) => (value === 1 ? [i] : []));
    expect(region.length).toBeGreaterThan(0);
    expect(region.every((i) => brain!.data[i] === 1)).toBe(true);
    expect(readTsv(join(masks!, "dseg.tsv"))).toEqual([
      { index: 1, name: "Grey matter", abbreviation: "GM" },
      { index: 2, name: "White matter", abbreviation: "WM" },
      { index: 3, name: "Cerebrospinal fluid", abbreviation: "CSF" },
    ]);

    const dataset = new BidsDataset({
      bids,
      fileType: new BidsFileType({ dataType: "anat", suffix: "T1w" }),
      masks: {
        tissues: [masks!, new BidsFileType({ dataType: "anat", suffix: "dseg" })],
        hippocampus: [
          masks!,
          new BidsFileType({ dataType: "anat", suffix: "mask", withEntities: { label: "hippocampus" } }),
        ],
      },
    });
    expect(dataset.length).toBe(3);
    await generateCohort({ ...options, output: bids, masks: true, overwrite: true });
    // derivatives that somebody else made stay
    mkdirSync(join(bids, "derivatives", "tensors"));
    await expect(generateCohort({ ...options, output: bids, overwrite: true })).rejects.toThrow(
      /holds "derivatives.tensors"/,
    );
  });

  it("an atrophied region is smaller, also in its mask", () => {
    const template: Template = {
      data: new Float32Array(197 * 233 * 189).fill(150),
      shape: [197, 233, 189],
      origin: [-98, -134, -72],
    };
    const volume = (atrophy: number) =>
      simulateBrain(template, gridOf(template, 3), {
        anatomy: new Rng(1, 1),
        scan: new Rng(1, 2),
        atrophy,
        scale: 1,
      }).hippocampus.reduce((sum, value) => sum + value, 0);
    expect(volume(0.9)).toBeLessThan(0.9 * volume(0));
    expect(volume(0.9)).toBeGreaterThan(0);
  });

  it("replaces only what it made", async () => {
    const output = join(dir, "mine");
    mkdirSync(output);
    writeFileSync(join(output, "thesis.txt"), "years of work");
    await expect(generateCohort({ output })).rejects.toThrow(/already exists/);
    await expect(generateCohort({ output, overwrite: true })).rejects.toThrow(/left as it is/);
    expect(existsSync(join(output, "thesis.txt"))).toBe(true);
    await expect(generateCohort({ output, particpants: 3 } as never)).rejects.toThrow(/particpants/);
    const made = { output: join(dir, "made"), participants: 2, resolution: 12 };
    await generateCohort(made);
    await expect(generateCohort(made)).rejects.toThrow(/already exists/);
    expect((await generateCohort({ ...made, participants: 3, overwrite: true })).rows).toHaveLength(3);
  });
});
