import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readJson } from "../../../io/files/index.ts";
import { FileLock, LockedError } from "../../../io/maps/index.ts";
import { writeNifti } from "../../../io/nifti/index.ts";
import { readTsv } from "../../../io/tsv/index.ts";
import { expectNothingLeft } from "../../../torch/fixtures/nothing-left.ts";
import { say } from "../../../utils/output.ts";
import { receiveWarnings } from "../../../utils/warnings.ts";
import { type Cohort, makeCohort } from "../../fixtures/cohort.ts";
import { BidsDataset, removeTensors } from "../index.ts";

expectNothingLeft();

describe("conversions to tensors at the same time", () => {
  let cohort: Cohort;
  beforeEach(() => {
    cohort = makeCohort(4);
  });
  afterEach(() => cohort[Symbol.dispose]());
  const dataset = (): BidsDataset =>
    new BidsDataset({ bids: cohort.root, fileType: { dataType: "anat", suffix: "T1w" }, data: cohort.rows });
  const folder = (): string => join(cohort.root, "derivatives", "tensors");
  const description = (): string => join(folder(), "src-T1w_conv-raw_description.json");
  const quiet = { onProgress: () => undefined };

  it("list what all of them converted, and say of all images whether they are alike", async () => {
    const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    writeNifti(cohort.imagePath(3), { data: new Float32Array(8), shape: [2, 2, 2], affine });
    const all = dataset();
    const parts = [cohort.rows.slice(0, 3), cohort.rows.slice(3), cohort.rows.slice(1)].map((rows) => all.subset(rows));
    const converted = await Promise.all(parts.map((part) => part.toTensors(quiet)));
    expect(converted.map(({ length }) => length)).toEqual([3, 1, 3]);
    const who = readTsv(join(folder(), "src-T1w_conv-raw_participantsXsessions.tsv"));
    expect(who.map((row) => row.participant_id)).toEqual(cohort.rows.map((row) => row.participant_id));
    expect(readJson(description())).toMatchObject({ Interrupted: false, Spacing: null, SpatialShape: null });
  });
  it("are not deleted meanwhile, and leave no lock when they are deleted afterwards", async () => {
    const lock = join(folder(), ".conv-raw_src-T1w.lock");
    const onProgress = (): void => {
      expect(() => removeTensors(description())).toThrow(LockedError);
    };
    await dataset().toTensors({ onProgress });
    removeTensors(description());
    expect([existsSync(description()), existsSync(lock)]).toEqual([false, false]);
  });
  it("wait for another that goes on, and say so", async () => {
    await dataset().toTensors(quiet);
    const lock = FileLock.acquire(join(folder(), ".conv-raw_src-T1w.lock"), "it");
    const warnings: string[] = [];
    receiveWarnings((message) => {
      warnings.push(message);
      lock[Symbol.dispose]();
    });
    try {
      await dataset().toTensors(quiet);
    } finally {
      receiveWarnings(say);
    }
    expect(warnings).toEqual([expect.stringMatching(/conv-raw_src-T1w in .* are being converted already; this waits/)]);
  });
});
