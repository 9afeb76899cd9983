import { cpSync, mkdirSync, renameSync, rmSync, utimesSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readJson, writeJson } from "../../../io/files/index.ts";
import { expectNothingLeft } from "../../../torch/fixtures/nothing-left.ts";
import { type Cohort, makeCohort } from "../../fixtures/cohort.ts";
import { BidsDataset, type BidsDatasetOptions } from "../index.ts";

expectNothingLeft();

describe("toTensors of a data set that was moved", () => {
  let cohort: Cohort;
  let other: string;
  beforeEach(() => {
    cohort = makeCohort(3);
    other = `${cohort.root}-moved`;
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    cohort[Symbol.dispose]();
    rmSync(other, { recursive: true, force: true });
  });
  const mask = (root: string): string => join(root, "template_mask.nii.gz");
  const convert = (root: string, n: number, more: Partial<BidsDatasetOptions> = {}) => {
    const done: number[] = [];
    const dataset = new BidsDataset({
      bids: root,
      fileType: { dataType: "anat", suffix: "T1w" },
      data: cohort.rows.slice(0, n),
      masks: { seg: { dataType: "anat", suffix: "mask" }, common: mask(root) },
      ...more,
    });
    return dataset
      .toTensors({ onProgress: (progress) => done.push(progress.done) })
      .then((tensors) => ({ tensors, done }));
  };
  const converted = async (n: number): Promise<void> => {
    cpSync(cohort.maskPath(0), mask(cohort.root));
    await convert(cohort.root, n);
  };

  it("adds to the tensors that were moved with it, again and again, and says so", async () => {
    await converted(2);
    renameSync(cohort.root, other);
    const { tensors, done } = await convert(other, 3);
    expect(done).toEqual([3]);
    expect(String(vi.mocked(process.stderr.write).mock.calls)).toContain(`is taken for ${other}, moved with them`);
    expect(readJson(tensors.descriptionJson)).toMatchObject({
      Image: [other, {}],
      Masks: { seg: [other, {}], common: mask(other) },
    });
    expect((await convert(other, 3)).done).toEqual([]);
  });
  it("sees which of its images are others", async () => {
    await converted(3);
    renameSync(cohort.root, other);
    const later = new Date(Date.now() + 60_000);
    utimesSync(cohort.imagePath(1).replace(cohort.root, other), later, later);
    await expect(convert(other, 3)).rejects.toThrow(/1 files have changed .* \(sub-001, ses-M000\): .*-moved.*_T1w/);
  });
  it("does not take tensors of a data set that is still there, or of one beside it", async () => {
    await converted(3);
    cpSync(cohort.root, other, { recursive: true, preserveTimestamps: true });
    await expect(convert(other, 3)).rejects.toThrow(/the image is of the dataset .* there, and .*-moved here/);
    // tensors of derivatives are beside them, those of several in one folder
    rmSync(other, { recursive: true });
    const derivative = (name: string): string => join(other, name);
    mkdirSync(other);
    cpSync(cohort.root, derivative("a"), { recursive: true, preserveTimestamps: true });
    writeDerivative(derivative("a"));
    await convert(derivative("a"), 2);
    renameSync(derivative("a"), derivative("b"));
    await expect(convert(derivative("b"), 3)).rejects.toThrow(/the image is of the dataset .*a there, and .*b here/);
    renameSync(derivative("b"), derivative("a"));
    const place = join(dirname(other), `${basename(other)}-again`);
    renameSync(other, place);
    other = place;
    expect((await convert(derivative("a"), 3)).done).toEqual([3]);
  });
});

function writeDerivative(root: string): void {
  rmSync(join(root, "derivatives"), { recursive: true });
  writeJson(
    join(root, "dataset_description.json"),
    { Name: "d", BIDSVersion: "1.7.0", DatasetType: "derivative" },
    { overwrite: true },
  );
}
