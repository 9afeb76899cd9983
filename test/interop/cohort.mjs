// A tiny BIDS of real .nii.gz files, test participants apart, and three folds of the others. Both sides read it.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeNifti } from "clinicadl/io/nifti";
import { makeKFold, makeSplit } from "clinicadl/split";

/** @type {[number, number, number]} */
const SHAPE = [12, 16, 12];
const AFFINE = [2, 0, 0, -12, 0, 2, 0, -16, 0, 0, 2, -12, 0, 0, 0, 1];
const PARTICIPANTS = 16;

/** Makes it in `folder`: 8 images to train on, 4 to validate, 4 to test. */
export function makeCohort(folder) {
  const bids = join(folder, "bids");
  mkdirSync(bids, { recursive: true });
  const description = { Name: "interop", BIDSVersion: "1.10.0", DatasetType: "raw" };
  writeFileSync(join(bids, "dataset_description.json"), JSON.stringify(description));

  const random = uniform(42);
  const lines = ["participant_id\tsession_id\tdiagnosis\tlabel\tscore"];
  for (let i = 0; i < PARTICIPANTS; i++) {
    const participant = `sub-${String(i + 1).padStart(3, "0")}`;
    const label = i % 2;
    const score = 0.25 + Math.round(500 * random()) / 1000;
    const anat = join(bids, participant, "ses-M000", "anat");
    mkdirSync(anat, { recursive: true });
    const image = { data: voxels(random, label, score), shape: SHAPE, affine: AFFINE };
    writeNifti(join(anat, `${participant}_ses-M000_T1w.nii.gz`), image);
    // 0.0 and 1.0: ClinicaDL cannot compute the loss of a BCE on a column of integers
    lines.push([participant, "ses-M000", label === 1 ? "AD" : "CN", label.toFixed(1), score].join("\t"));
  }
  const metadata = join(bids, "metadata.tsv");
  writeFileSync(metadata, `${lines.join("\n")}\n`);

  const stratified = { outputDir: folder, seed: 42 };
  const split = makeSplit(metadata, { ...stratified, nTest: 4, stratification: ["diagnosis"] });
  const folds = makeKFold(join(split, "train.tsv"), { ...stratified, nSplits: 3, stratification: "diagnosis" });
  return { bids, folds, test: join(split, "test_baseline.tsv") };
}

/** Noise; the first third along x is brighter with the label, the last with the score. */
function voxels(random, label, score) {
  const [x, y, z] = SHAPE;
  return Float32Array.from({ length: x * y * z }, (_, at) => {
    const third = Math.floor((3 * (at % x)) / x);
    const signal = [120 * label, 0, 120 * score][third];
    return 100 * (random() + random() + random()) + signal;
  });
}

function uniform(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
