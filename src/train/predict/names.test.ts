import { afterEach, expect, it } from "vitest";
import { Sample, type SampleOptions, ScalarImage } from "../../data/structures/index.ts";
import { BidsFileType } from "../../io/bids/index.ts";
import * as torch from "../../torch/index.ts";
import { bidsLabel, fullName, predictionName } from "./names.ts";

const samples: Sample[] = [];
afterEach(() => {
  for (const sample of samples.splice(0)) sample.dispose();
});

function sampleFrom(imagePath: string | string[], options: Partial<SampleOptions> = {}): Sample {
  const channels = typeof imagePath === "string" ? 1 : imagePath.length;
  const sample = new Sample({
    image: new ScalarImage(torch.zeros([channels, 2, 2, 2])),
    participantId: "sub-001",
    sessionId: "ses-M000",
    fileType: new BidsFileType({ suffix: "T1w" }),
    imagePath,
    ...options,
  });
  samples.push(sample);
  return sample;
}

it("keeps the entities of a BIDS name, and says which output it is", () => {
  const sample = sampleFrom("/b/sub-001/ses-M000/anat/sub-001_ses-M000_space-MNI152_desc-Crop_res-1x1x1_T1w.nii.gz");
  expect(fullName(predictionName(sample, "output", false))).toBe(
    "sub-001_ses-M000_space-MNI152_res-1x1x1_desc-output_T1w",
  );
  expect(fullName(predictionName(sample, "brain_mask", true))).toBe(
    "sub-001_ses-M000_space-MNI152_res-1x1x1_desc-brainMask_mask",
  );
  expect(fullName(predictionName(sample, "output", false), 2)).toBe(
    "sub-001_ses-M000_space-MNI152_res-1x1x1_copy-2_desc-output_T1w",
  );
  // a dataset without sessions on the disk
  expect(fullName(predictionName(sampleFrom("sub-001_T1w.nii"), "output", false))).toBe(
    "sub-001_ses-M000_desc-output_T1w",
  );
  const sessionId = "ses-none";
  expect(fullName(predictionName(sampleFrom("sub-001_T1w.nii", { sessionId }), "output", false))).toBe(
    "sub-001_desc-output_T1w",
  );
  expect(fullName(predictionName(sampleFrom("scan 1.nii", { sessionId }), "output", false))).toBe("sub-001_output");
  expect(bidsLabel("a_b c2")).toBe("aBC2");
});

it("gives position, where it is one", () => {
  const path = "sub-001_ses-M000_T1w.nii.gz";
  const patch = sampleFrom(path, { place: { sampleType: "patch", samplePosition: [0, 32, 64] } });
  expect(fullName(predictionName(patch, "output", false))).toBe("sub-001_ses-M000_patch-0x32x64_desc-output_T1w");
  const place = { sampleType: "slice", samplePosition: 7, sliceDirection: 0, squeeze: true } as const;
  expect(fullName(predictionName(sampleFrom(path, { place }), "output", true))).toBe(
    "sub-001_ses-M000_slice-7_desc-output_mask",
  );
});

it("is made of the ids where the input's name tells nothing", () => {
  for (const path of [
    "scan 1.nii.gz",
    "sub-002_ses-M000_T1w.nii.gz", // another's
    ["sub-001_ses-M000_T1w.nii.gz", "sub-001_ses-M000_FLAIR.nii.gz"],
  ]) {
    expect(fullName(predictionName(sampleFrom(path), "output", false))).toBe("sub-001_ses-M000_output");
  }
  const own = sampleFrom("", { participantId: "a/../b" });
  expect(fullName(predictionName(own, "out/put", false))).toBe("a-..-b_ses-M000_out-put");
});
