import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BidsFileType } from "../../io/bids/index.ts";
import { formatJson, parseJson } from "../../io/json/index.ts";
import { writeNifti } from "../../io/nifti/index.ts";
import * as torch from "../../torch/index.ts";
import { Patch, Slice, ZNormalizationConfig } from "../../transforms/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { AFFINE, makeCohort } from "../fixtures/cohort.ts";
import { BidsDataset, datasetFromWorker } from "./index.ts";

const base = { fileType: new BidsFileType({ dataType: "anat", suffix: "T1w" }) };
const maskType = new BidsFileType({ dataType: "anat", suffix: "mask" });

let before: ReturnType<typeof torch.memory.live>;
beforeEach(() => {
  before = torch.memory.live();
});
afterEach(() => {
  expect(torch.memory.live()).toEqual(before);
});

describe("masks", () => {
  const shift = (dx: number, path: string, shape: readonly [number, number, number] = [4, 5, 6]): void => {
    const count = shape[0] * shape[1] * shape[2];
    const affine = AFFINE.map((value, i) => (i === 3 ? value + dx : value));
    writeNifti(path, {
      data: Uint8Array.from({ length: count }, (_, v) => (v % 3) + 1),
      shape,
      affine,
      dtype: "uint8",
    });
  };
  const masks = { brain: maskType };

  it("that do not lie on their image are refused, for whole images, patches and slices", async () => {
    using own = makeCohort(2);
    shift(100, own.maskPath(0));
    shift(0, own.maskPath(1), [3, 5, 6]);
    const options = { ...base, bids: own.root, data: own.tsv, masks };
    const dataset = new BidsDataset(options);
    await expect(dataset.get(0)).rejects.toThrow(
      /^\(sub-000, ses-M000\): The mask 'brain' does not lie on its image: .*000_mask\.nii\.gz has 4×5×6 voxels and the affine \[\[2, 0, 0, 90\].*000_T1w\.nii\.gz has 4×5×6 voxels and the affine \[\[2, 0, 0, -10\]/,
    );
    for (const extraction of [new Patch({ patchSize: 2 }), new Slice({ sliceDirection: 2 })]) {
      expect(
        () => new BidsDataset({ ...options, transforms: { extraction } }).subset([["sub-001", "ses-M000"]]).length,
      ).toThrow(/sub-001.*mask\.nii\.gz has 3×5×6 voxels/);
    }
  });

  it("are resampled on request, in workers and from JSON, too, where Python reads it as its own Resample", async () => {
    using own = makeCohort(1);
    // one voxel to the right
    shift(2, own.maskPath(0));
    const transforms = { imageTransforms: [new ZNormalizationConfig()] };
    const options = { ...base, bids: own.root, data: own.tsv, masks, transforms, columns: ["age"] };
    const dataset = new BidsDataset({ ...options, resampleMasks: "toImage" });
    const dict = parseJson(formatJson(dataset.toDict())) as JsonObject;
    expect(Object.keys(dict)).toEqual(["name_", "data", "transforms", "columns", "bids", "file_type", "masks"]);
    expect((dict.transforms as { image_transforms: JsonObject[] }).image_transforms.map((t) => t.name_)).toEqual([
      "Resample",
      "ZNormalization",
    ]);
    const again = BidsDataset.fromDict(dict);
    expect(again.transforms.imageTransforms).toHaveLength(1);
    expect(formatJson(again.toDict())).toBe(formatJson(dict));
    for (const each of [
      dataset,
      again,
      datasetFromWorker(dataset.toWorker()),
      dataset.subset([["sub-000", "ses-M000"]]),
    ]) {
      using sample = await each.get(0);
      const mask = sample.getImage("brain");
      const got = Array.from(mask.tensor.toTypedArray(), Number);
      const per = 5 * 6;
      expect(got.slice(0, per)).toEqual(Array(per).fill(0));
      expect(got.slice(per)).toEqual(Array.from({ length: 3 * per }, (_, v) => (v % 3) + 1));
      expect(mask.affine).toEqual(sample.image.affine);
    }
    expect(() => new BidsDataset({ ...options, resampleMasks: "yes" } as never)).toThrow(/resampleMasks/);
    await expect(new BidsDataset(options).get(0)).rejects.toThrow(/does not lie on its image/);
  });
});

it("finds, when it is made, files that hold no image: not fetched, empty, links that lead nowhere", () => {
  using own = makeCohort(5);
  const options = { ...base, bids: own.root, data: own.tsv };
  rmSync(own.imagePath(0));
  symlinkSync("../../../.git/annex/objects/a/b/MD5E-s1--x.nii.gz", own.imagePath(0));
  writeFileSync(own.imagePath(1), "/annex/objects/MD5E-s123--d41d8cd98f00b204e9800998ecf8427e.nii.gz\n");
  writeFileSync(own.imagePath(2), "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n");
  writeFileSync(own.imagePath(3), "");
  const messages = [
    "4 of 5 sessions have a file for the image that holds none",
    /\(sub-000, ses-M000\): .*T1w\.nii\.gz: it is a link to .*annex.* datalad get /,
    /\(sub-001, ses-M000\): .*: it is a pointer .* datalad get .* \(or git annex get /,
    /\(sub-002, ses-M000\): .*: it is a pointer .* git lfs pull/,
    /\(sub-003, ses-M000\): .*: it is empty \(0 bytes\)/,
  ];
  for (const message of messages) expect(() => new BidsDataset(options)).toThrow(message);
  writeFileSync(own.maskPath(4), "");
  const one = { ...options, data: own.rows.slice(4) };
  expect(() => new BidsDataset({ ...one, masks: { brain: maskType } })).toThrow(
    /1 of 1 .* the mask 'brain' .*is empty/s,
  );
  expect(() => new BidsDataset({ ...one, masks: { brain: own.maskPath(4) } })).toThrow(
    /mask 'brain' cannot be read: .*is empty/,
  );
});
