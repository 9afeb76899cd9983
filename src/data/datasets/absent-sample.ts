import * as torch from "../../torch/index.ts";
import { Sample, Sample2D, ScalarImage } from "../structures/index.ts";
import type { DatasetLike } from "./dataset-like.ts";
import { ImagesDataset } from "./images-dataset.ts";

/** The field that says whether a sample's image is there, and not zeros: a tensor, so that batches have it as (N), merged ones as (N, members). */
export const IS_PRESENT = "is_present";

/** Says of a sample whether its image is there. */
export function markPresent(sample: Sample, present: boolean): Sample {
  sample.setField(IS_PRESENT, torch.full([], present, { dtype: "bool" }).keep());
  return sample;
}

/**
 * Zeros in the place of an image that a dataset lacks: float32, of the shape and at the place of the image of `other`, whose fields it has, too,
 * but no masks. It belongs to the caller.
 */
export function absentSample(dataset: DatasetLike<Sample>, other: Sample): Sample {
  const { participantId, sessionId, place, image } = other;
  const options = {
    image: new ScalarImage(torch.zeros([...image.shape], { dtype: "float32" }).keep(), image.affine),
    fields: Object.fromEntries([...other.fields].filter(([, value]) => !(value instanceof torch.Tensor))),
    participantId,
    sessionId,
    fileType: dataset instanceof ImagesDataset ? dataset.fileType : other.fileType,
    imagePath: "",
  };
  const sample = place.sampleType === "slice" ? new Sample2D({ ...options, place }) : new Sample({ ...options, place });
  sample.dtypes = other.dtypes;
  return markPresent(sample, false);
}
