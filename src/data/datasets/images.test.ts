import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BidsFileType } from "../../io/bids/index.ts";
import { formatJson, parseJson } from "../../io/json/index.ts";
import { writeNifti } from "../../io/nifti/index.ts";
import * as torch from "../../torch/index.ts";
import { CropOrPadConfig, Patch, Slice, ToCanonicalConfig, ZNormalizationConfig } from "../../transforms/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { AFFINE, makeCohort } from "../fixtures/cohort.ts";
import { BidsDataset } from "./index.ts";

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
      await BidsDataset.fromWorker(dataset.toWorker().content),
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

describe("images of one sample", () => {
  it("are cut alike and masked by what has their voxels, or not at all, whatever a transform did to some of them", async () => {
    using own = makeCohort(1);
    const { maskPath } = own;
    const data = { ...base, bids: own.root, data: own.tsv, masks: { brain: maskType } };
    const crop = (include: string[]) => new CropOrPadConfig({ targetShape: [1, 5, 6], include });
    const normalise = new ZNormalizationConfig({ maskingMethod: "brain" });
    for (const extraction of [new Patch({ patchSize: 2 }), new Slice({ sliceDirection: 2 })]) {
      const dataset = new BidsDataset({ ...data, transforms: { imageTransforms: [crop(["brain"])], extraction } });
      await expect(dataset.get(0)).rejects.toThrow(
        /'image' of sub-000, ses-M000 has 4×5×6 voxels, 'brain' has 1×5×6; they cannot be cut alike/,
      );
      dataset.clearCache();
    }
    for (const include of [["brain"], ["image"]]) {
      const dataset = new BidsDataset({ ...data, transforms: { imageTransforms: [crop(include), normalise] } });
      await expect(dataset.get(0)).rejects.toThrow(
        /ZNormalization: the mask 'brain' of sub-000, ses-M000 has the shape \(1, [14], 5, 6\), and the image/,
      );
    }
    // two masks in one file for an image of one channel
    const twice = Uint8Array.from({ length: 240 }, (_, v) => v % 2);
    writeNifti(maskPath(0), { data: twice, shape: [4, 5, 6], channels: 2, affine: AFFINE, dtype: "uint8" });
    await expect(new BidsDataset({ ...data, transforms: { imageTransforms: [normalise] } }).get(0)).rejects.toThrow(
      /mask 'brain' .* has the shape \(2, 4, 5, 6\)/,
    );
  });

  it("become canonical together, where one affine alone would go the other way", async () => {
    using own = makeCohort(1);
    // nearly 45 degrees: the sixth digit decides which axis is nearer to which
    const turned = (nudge: number): number[] => {
      const [c, s] = [Math.SQRT1_2 - nudge, Math.SQRT1_2 + nudge];
      return [2 * c, -2 * s, 0, 0, 2 * s, 2 * c, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1];
    };
    const voxels = Float32Array.from({ length: 125 }, (_, i) => i);
    writeNifti(own.imagePath(0), { data: voxels, shape: [5, 5, 5], affine: turned(1e-5) });
    writeNifti(own.maskPath(0), { data: voxels, shape: [5, 5, 5], affine: turned(-1e-5), dtype: "uint8" });
    const dataset = new BidsDataset({
      ...base,
      bids: own.root,
      data: own.tsv,
      masks: { brain: maskType },
      transforms: { imageTransforms: [new ToCanonicalConfig()] },
    });
    using sample = await dataset.get(0);
    expect(Array.from(sample.getImage("brain").tensor.toTypedArray(), Number)).toEqual(
      Array.from(sample.image.tensor.toTypedArray(), Number),
    );
    expect(sample.getImage("brain").affine).toEqual(sample.image.affine);
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
    /\(sub-001, ses-M000\): .*: it is a pointer .* datalad get .* \(or git annex get\)/,
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
