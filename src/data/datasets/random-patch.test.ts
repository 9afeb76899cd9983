import { afterAll, describe, expect, it } from "vitest";
import { BidsFileType } from "../../io/bids/index.ts";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import * as torch from "../../torch/index.ts";
import { RandomFlipConfig, RandomNoiseConfig, RandomPatch, ZNormalizationConfig } from "../../transforms/index.ts";
import { DataLoader } from "../dataloader/index.ts";
import { makeCohort } from "../fixtures/cohort.ts";
import type { Sample } from "../structures/index.ts";
import { BidsDataset, type BidsDatasetOptions, PairedDataset } from "./index.ts";

// images of 4×5×6 voxels; the mask holds 0, 1 and 2 by turns
const cohort = makeCohort(5);
afterAll(() => cohort[Symbol.dispose]());
const fileType = (suffix: string): BidsFileType => new BidsFileType({ dataType: "anat", suffix });
const make = (extraction: RandomPatch, options: Partial<BidsDatasetOptions> = {}): BidsDataset =>
  new BidsDataset({
    bids: cohort.root,
    fileType: fileType("T1w"),
    masks: { seg: fileType("mask") },
    data: cohort.tsv,
    transforms: { extraction },
    ...options,
  });
const uniform = new RandomPatch({ patchSize: [2, 3, 4], numSamples: 3 });
const weighted = new RandomPatch({ patchSize: 2, numSamples: 3, weights: { mask: "seg", classes: { 1: 1, 2: 1 } } });

expectNothingLeft();

const numbers = (sample: Sample, name: string): number[] =>
  torch.tidy(() => sample.getImage(name).tensor.flatten().toNumbers());
const seenOf = (sample: Sample): unknown => ({
  who: sample.participantId,
  at: sample.samplePosition,
  image: numbers(sample, "image"),
  seg: numbers(sample, "seg"),
});
async function read(loader: DataLoader<Sample>, startBatch = 0): Promise<unknown[][]> {
  const seen: unknown[][] = [];
  for await (using batch of loader.iterate({ startBatch })) {
    seen.push(batch.samples.map(seenOf));
  }
  return seen;
}

describe("RandomPatch of images in files", () => {
  it("gives so many samples of each image without reading any, and in evaluation those of a grid", async () => {
    const dataset = make(uniform);
    const { readFiles } = BidsDataset.prototype;
    BidsDataset.prototype.readFiles = () => {
      throw new Error("An image was read.");
    };
    try {
      expect(dataset.length).toBe(15);
      expect(dataset.df[0]?.n_samples).toBe(3);
    } finally {
      BidsDataset.prototype.readFiles = readFiles;
    }
    dataset.eval();
    // 2 × 2 × 2, padded along y and z
    expect(dataset.length).toBe(40);
    expect(dataset.subset([["sub-003", "ses-M000"]]).length).toBe(8);
    using last = await dataset.get(39);
    expect([last.participantId, last.samplePosition]).toEqual(["sub-004", [2, 3, 4]]);
    dataset.train();
    expect(dataset.length).toBe(15);
    using sample = await dataset.get(14);
    expect(sample.participantId).toBe("sub-004");
    expect(BidsDataset.fromDict(dataset.toDict()).toDict()).toEqual(dataset.toDict());
  });

  it.each([
    ["uniform", uniform],
    ["weighted", weighted],
  ])("draws anew for each sample and epoch, and the same with any number of workers: %s", async (_, extraction) => {
    const runs = [];
    for (const numWorkers of [0, 2]) {
      const transforms = {
        extraction,
        imageTransforms: [new RandomNoiseConfig()],
        augmentations: [new RandomFlipConfig({ axes: [0, 1, 2] })],
      };
      const options = { batchSize: 4, seed: 5, numWorkers, persistentWorkers: numWorkers > 0 };
      await using loader = new DataLoader(make(extraction, { transforms }), options);
      const epochs = [];
      for (const epoch of [1, 2]) {
        loader.setEpoch(epoch);
        epochs.push(await read(loader));
      }
      // to go on in the middle of an epoch
      loader.setEpoch(1);
      expect(await read(loader, 2)).toEqual(epochs[0]?.slice(2));
      loader.dataset.eval();
      const evaluation = await read(loader);
      expect(evaluation.flat()).toHaveLength(loader.dataset.length);
      expect(new Set((epochs[0] ?? []).flat().map((one) => JSON.stringify(one))).size).toBe(15);
      runs.push([...epochs, evaluation]);
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[0]?.[0]).not.toEqual(runs[0]?.[1]);
  });

  it("places do not depend on what is drawn for the image, nor on where it comes from", async () => {
    const placesOf = async (dataset: BidsDataset): Promise<unknown[]> => {
      const places: unknown[] = [];
      for (let i = 0; i < dataset.length; i++) {
        using sample = await dataset.get(i);
        places.push([sample.samplePosition, numbers(sample, "seg")]);
      }
      dataset.clearCache();
      return places;
    };
    const plain = await placesOf(make(uniform));
    expect(new Set(plain.map((place) => JSON.stringify(place))).size).toBeGreaterThan(1);
    for (const imageTransforms of [[new ZNormalizationConfig()], [new RandomNoiseConfig()]]) {
      for (const cache of ["off", "memory"] as const) {
        const dataset = make(uniform, { transforms: { extraction: uniform, imageTransforms }, cache });
        expect(await placesOf(dataset)).toEqual(plain);
      }
    }
  });

  it("cuts the images of a pair at the same places", async () => {
    const pair = new PairedDataset([make(weighted), make(weighted)]);
    for (let i = 0; i < pair.length; i++) {
      const [one, other] = await pair.get(i);
      expect(one?.samplePosition).toEqual(other?.samplePosition);
      one?.dispose();
      other?.dispose();
    }
  });

  it("says at the first sample which mask is missing", async () => {
    const lost = new RandomPatch({ patchSize: 2, weights: { mask: "lesion", foreground: 0.5 } });
    await expect(make(lost).get(0)).rejects.toThrow(/the mask 'lesion', and the masks of sub-000, ses-M000 are: 'seg'/);
  });
});
