import { expect, it } from "vitest";
import { BidsFileType } from "../../io/bids/index.ts";
import { writeNifti } from "../../io/nifti/index.ts";
import * as torch from "../../torch/index.ts";
import { BidsDataset } from "../datasets/index.ts";
import { AFFINE, makeCohort } from "../fixtures/cohort.ts";
import { DataLoader } from "./index.ts";

it("numbers of images and masks that float32 cannot hold come into the samples and batches of worker threads as they are", async () => {
  const before = torch.memory.live();
  using own = makeCohort(2);
  const ids = BigInt64Array.from({ length: 120 }, (_, i) => 2n ** 53n + 1n + BigInt(i));
  const large = Float64Array.from({ length: 120 }, (_, i) => 2 ** 24 + 1 + i);
  writeNifti(own.maskPath(0), { data: ids, shape: [4, 5, 6], affine: AFFINE, dtype: "int64" });
  writeNifti(own.imagePath(0), { data: large, shape: [4, 5, 6], affine: AFFINE, dtype: "int32" });
  const dataset = new BidsDataset({
    bids: own.root,
    data: own.tsv,
    fileType: new BidsFileType({ dataType: "anat", suffix: "T1w" }),
    masks: { brain: new BidsFileType({ dataType: "anat", suffix: "mask" }) },
  });
  for (const numWorkers of [0, 1]) {
    await using loader = new DataLoader(dataset, { batchSize: 2, numWorkers });
    for await (const batch of loader) {
      using _batch = batch;
      using image = batch.getField("image");
      using brain = batch.getField("brain");
      expect([image.dtype, brain.dtype]).toEqual(["float64", "int64"]);
      expect(image.toTypedArray().slice(0, 120)).toEqual(large);
      expect(brain.toTypedArray().slice(0, 120)).toEqual(ids);
      expect(Array.from(brain.toTypedArray().slice(120, 124), Number)).toEqual([0, 1, 2, 0]);
      using given = batch.getField("image", { dtype: "float32" });
      expect(given.dtype).toBe("float32");
    }
  }
  expect(torch.memory.live()).toEqual(before);
});
