import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { BidsFileType } from "../../../io/bids/index.ts";
import { writeNifti } from "../../../io/nifti/index.ts";
import * as torch from "../../../torch/index.ts";
import { RandomPatch } from "../../../transforms/index.ts";
import { say } from "../../../utils/output.ts";
import { receiveWarnings } from "../../../utils/warnings.ts";
import { AFFINE, type Cohort, makeCohort } from "../../fixtures/cohort.ts";
import { BidsDataset } from "../index.ts";
import { CHUNK_BYTES, PREFIX_BYTES } from "./entry.ts";
import { listEntries } from "./folder.ts";

const SHAPE = [60, 5, 6] as const;
let cohort: Cohort;
let disk: string;
let warnings: string[];
beforeEach(() => {
  cohort = makeCohort(1, SHAPE);
  disk = mkdtempSync(join(tmpdir(), "clinicadl disk-"));
  warnings = [];
  receiveWarnings((message) => void warnings.push(message));
});
afterEach(() => {
  cohort[Symbol.dispose]();
  rmSync(disk, { recursive: true });
  receiveWarnings((message) => say(`Warning: ${message}`));
});

it("patches by a mask take the mask and their own voxels from disk, and no others", () => {
  const [d, h, w] = SHAPE;
  const isLesion = (voxel: number): boolean => Math.floor(voxel / (h * w)) >= 55;
  const data = Uint8Array.from({ length: d * h * w }, (_, voxel) => (isLesion(voxel) ? 2 : 0));
  writeNifti(cohort.maskPath(0), { data, shape: SHAPE, affine: AFFINE, dtype: "uint8" });
  const datasetOf = (cache: "off" | { disk: string }, extraction: RandomPatch | null): BidsDataset =>
    new BidsDataset({
      bids: cohort.root,
      fileType: new BidsFileType({ suffix: "T1w", dataType: "anat" }),
      data: cohort.tsv,
      masks: { lesion: new BidsFileType({ suffix: "mask", dataType: "anat" }) },
      cache,
      transforms: extraction === null ? {} : { extraction },
    });
  const byLabel = { mask: "lesion", classes: { 2: 1 } };
  const extraction = new RandomPatch({ patchSize: [4, 5, 6], numSamples: 3, weights: byLabel });
  datasetOf({ disk }, null).load(0).dispose();
  const [entry] = listEntries(disk);
  const path = entry?.path ?? "";
  // the first of three chunks of the image is damaged
  const bytes = readFileSync(path);
  const first = PREFIX_BYTES + bytes.readUInt32LE(8) + CHUNK_BYTES * bytes.readUInt32LE(12);
  bytes.writeUInt8(bytes.readUInt8(first + 9) ^ 1, first + 9);
  writeFileSync(path, bytes);

  const live = torch.memory.live();
  const [onDisk, fromFiles] = [datasetOf({ disk }, extraction), datasetOf("off", extraction)];
  for (let i = 0; i < 3; i++) {
    using sample = onDisk.load(i);
    using expected = fromFiles.load(i);
    expect(sample.place).toEqual(expected.place);
    expect(sample.image.tensor.toBytes()).toEqual(expected.image.tensor.toBytes());
    expect(sample.getImage("lesion").tensor.toBytes()).toEqual(expected.getImage("lesion").tensor.toBytes());
  }
  fromFiles.clearCache();
  expect(torch.memory.live()).toEqual(live);
  expect(warnings).toEqual([]);
  datasetOf({ disk }, null).load(0).dispose();
  expect(warnings).toEqual([expect.stringMatching(/is damaged: chunk 0 has another checksum/)]);
});
