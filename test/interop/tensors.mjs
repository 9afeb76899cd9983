// Tensors of images: each side reads what the other converted, and finds in it what it converts itself.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BidsDataset, TensorDataset } from "clinicadl/data/datasets";
import { writeNifti } from "clinicadl/io/nifti";
import { ask } from "./ask.mjs";
import { largestOf, row } from "./rows.mjs";

const SCRIPT = fileURLToPath(new URL("tensors.py", import.meta.url));
/** @type {[number, number, number]} */
const SHAPE = [5, 4, 6];
// two axes run the other way, so that bringing images to RAS+ moves voxels
const AFFINE = [-2, 0, 0, 10, 0, 0, 1.5, -8, 0, -3, 0, 12, 0, 0, 0, 1];
const PARTICIPANTS = 3;
/** Both make the mean and the deviation of 120 numbers in float32. */
const ROUNDED = 1e-5;

/** @returns rows as those of `finding` */
export async function tensors(work) {
  const bids = cohort(join(work, "bids-of-tensors"));
  const dataset = new BidsDataset({
    bids,
    fileType: { dataType: "anat", suffix: "T1w" },
    masks: { seg: { dataType: "anat", suffix: "mask" } },
    transforms: { imageTransforms: [{ name_: "ZNormalization" }] },
  });
  const here = await dataset.toTensors({ conversionName: "here", saveTransforms: true, nProc: 2, onProgress() {} });
  const own = await samplesOf(here);
  const there = () => ask([SCRIPT, "write", bids]);
  return [
    await row("tensors", "here → there", "converted here, read there", 0, () =>
      differences(own, ask([SCRIPT, "read", here.descriptionJson])),
    ),
    await row("tensors", "there → here", "converted there, read here", ROUNDED, async () =>
      differences(own, await samplesOf(new TensorDataset({ descriptionJson: there() }))),
    ),
  ];
}

/** Images of whole numbers, with masks. */
function cohort(bids) {
  mkdirSync(bids, { recursive: true });
  const description = { Name: "tensors", BIDSVersion: "1.10.0", DatasetType: "raw" };
  writeFileSync(join(bids, "dataset_description.json"), JSON.stringify(description));
  const length = SHAPE[0] * SHAPE[1] * SHAPE[2];
  for (let i = 0; i < PARTICIPANTS; i++) {
    const name = `sub-${String(i).padStart(3, "0")}`;
    const anat = join(bids, name, "ses-M000", "anat");
    mkdirSync(anat, { recursive: true });
    const write = (suffix, dtype, value) =>
      writeNifti(join(anat, `${name}_ses-M000_${suffix}.nii.gz`), {
        data: Float32Array.from({ length }, (_, at) => value(at)),
        shape: SHAPE,
        affine: AFFINE,
        dtype,
      });
    write("T1w", "float32", (at) => (37 * at + 11 * i) % 101);
    write("mask", "uint8", (at) => (at + i) % 3);
  }
  return bids;
}

/** As tensors.py says it. */
async function samplesOf(dataset) {
  const samples = [];
  for (let i = 0; i < dataset.length; i++) {
    using sample = await dataset.get(i);
    const images = [...sample.images].map(([name, { tensor, shape, affine }]) => [
      name,
      { shape, values: Array.from(tensor.contiguous().toTypedArray(), Number), affine: Array.from(affine) },
    ]);
    samples.push({ who: [sample.participantId, sample.sessionId], images: Object.fromEntries(images) });
  }
  return samples;
}

/** The largest difference of each image; Infinity where people, names or shapes differ. */
function differences(expected, got) {
  if (got.length !== expected.length) return [Number.POSITIVE_INFINITY];
  return expected.flatMap(({ who, images }, i) =>
    Object.entries(images).map(([name, { shape, values, affine }]) => {
      const other = got[i].images[name];
      const same = String(who) === String(got[i].who) && String(shape) === String(other?.shape);
      return same
        ? Math.max(largestOf(values, other.values), largestOf(affine, other.affine))
        : Number.POSITIVE_INFINITY;
    }),
  );
}
