import { mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BidsFileType } from "../../io/bids/index.ts";
import * as torch from "../../torch/index.ts";
import {
  ClampConfig,
  type HasImages,
  Patch,
  RandomNoiseConfig,
  type Transform,
  TransformsHandler,
  ZNormalizationConfig,
} from "../../transforms/index.ts";
import { Batch, DataLoader } from "../dataloader/index.ts";
import { type Cohort, makeCohort } from "../fixtures/cohort.ts";
import { DataPoint, LabelMap, ScalarImage } from "../structures/index.ts";
import { ImageCache } from "./image-cache.ts";
import { BidsDataset, type BidsDatasetOptions } from "./index.ts";
import { narrowest } from "./narrow.ts";

let cohort: Cohort;
let aside: string;
beforeEach(() => {
  cohort = makeCohort(4);
  aside = mkdtempSync(join(tmpdir(), "clinicadl-cache-"));
});
afterEach(() => {
  cohort[Symbol.dispose]();
  rmSync(aside, { recursive: true });
});

type Options = Pick<BidsDatasetOptions, "cache" | "transforms">;
const datasetOf = (options: Options = {}): BidsDataset =>
  new BidsDataset({
    bids: cohort.root,
    fileType: new BidsFileType({ suffix: "T1w", dataType: "anat" }),
    data: cohort.tsv,
    ...options,
  });

async function values(dataset: BidsDataset, index = 0): Promise<number[]> {
  using sample = await dataset.get(index);
  using flat = sample.image.tensor.flatten();
  return flat.toNumbers();
}

/** What samples are when the images are gone: from the cache alone. */
async function withoutFiles<T>(body: () => Promise<T>): Promise<T> {
  const participants = readdirSync(cohort.root).filter((name) => name.startsWith("sub-"));
  const move = (from: string, to: string): void => {
    for (const name of participants) renameSync(join(from, name), join(to, name));
  };
  move(cohort.root, aside);
  try {
    return await body();
  } finally {
    move(aside, cohort.root);
  }
}

describe("images", () => {
  it("are read once where they fit, and are what they were", async () => {
    const held = torch.SharedCache.bytes;
    const live = torch.memory.live();
    const dataset = datasetOf({ transforms: { imageTransforms: [new ZNormalizationConfig()] } });
    const first = await values(dataset);
    expect(torch.SharedCache.bytes).toBeGreaterThan(held);
    expect(await withoutFiles(() => values(dataset))).toEqual(first);
    // a subset has the images of the whole
    const [[participant, session] = ["", ""]] = dataset.getParticipantSessionCouples();
    expect(await withoutFiles(() => values(dataset.subset([[participant, session]])))).toEqual(first);
    dataset.clearCache();
    expect(torch.SharedCache.bytes).toBe(held);
    await expect(withoutFiles(() => values(dataset))).rejects.toThrow(/sub-/);
    expect(await values(dataset)).toEqual(first);
    dataset.clearCache();
    expect(torch.memory.live()).toEqual(live);
  });

  it.each([
    ["whole numbers, kept in fewer bytes", []],
    ["others, kept as they are", [new ZNormalizationConfig()]],
  ])("of a cache are never changed by who writes into a sample or a batch: %s", async (_, imageTransforms) => {
    const dataset = datasetOf({ cache: "memory", transforms: { imageTransforms } });
    const first = [await values(dataset, 0), await values(dataset, 1)];
    const live = torch.memory.live();
    {
      using sample = await dataset.get(0);
      sample.image.tensor.fill_(-1);
      // one that was looked at, and one that was not
      using batch = new Batch([sample.alias(), await dataset.get(1)]).stackImages();
      using images = batch.getField("image");
      expect(images.toNumbers()).toEqual([...(first[0] ?? []).map(() => -1), ...(first[1] ?? [])]);
      batch.get(1).image.tensor.fill_(-2);
    }
    for (const numWorkers of [0, 1]) {
      for await (using batch of new DataLoader(dataset, { batchSize: 2, numWorkers })) {
        using images = batch.getField("image");
        expect(images.dtype).toBe("float32");
        images.fill_(-3);
      }
    }
    // what was replaced before it was looked at is given back
    const replaced = await dataset.get(0);
    replaced.image.tensor = torch.zeros([1, 1, 1, 1]);
    replaced.dispose();
    expect([await values(dataset, 0), await values(dataset, 1)]).toEqual(first);
    expect(torch.memory.live()).toEqual(live);
    // a sample that outlives what the cache forgot is what it was
    using late = await dataset.get(1);
    dataset.clearCache();
    using flat = late.image.tensor.flatten();
    expect(flat.toNumbers()).toEqual(first[1]);
  });

  it("are read each time when that is asked, and patches of one image once", async () => {
    const held = torch.SharedCache.bytes;
    const dataset = datasetOf({ cache: "off" });
    await values(dataset);
    await expect(withoutFiles(() => values(dataset))).rejects.toThrow();
    const patches = datasetOf({ cache: "off", transforms: { extraction: new Patch({ patchSize: 2 }) } });
    const first = await values(patches, 1);
    expect(await withoutFiles(() => values(patches, 1))).toEqual(first);
    await values(patches, patches.length - 1);
    await expect(withoutFiles(() => values(patches, 1))).rejects.toThrow();
    expect(torch.SharedCache.bytes).toBe(held);
    patches.clearCache();
  });

  it("are kept up to the first transform that draws, and drawn for anew", async () => {
    const transforms = (): TransformsHandler =>
      new TransformsHandler({
        imageTransforms: [
          new ZNormalizationConfig(),
          new RandomNoiseConfig({ std: 1 }),
          new ClampConfig({ outMin: -1 }),
        ],
      });
    const plain = datasetOf({ cache: "off", transforms: transforms() });
    const cached = datasetOf({ cache: "memory", transforms: transforms() });
    for (const epoch of [0, 1, 2]) {
      plain.setEpoch(epoch);
      cached.setEpoch(epoch);
      expect(await values(cached)).toEqual(await values(plain));
    }
    expect(await withoutFiles(() => values(cached))).toEqual(await values(plain));
    cached.clearCache();
  });

  it("cannot be spoilt by who writes into a sample, or by a transform that does", async () => {
    const spoils: Transform = {
      name: "spoils",
      random: false,
      apply<T extends HasImages>(point: T): T {
        for (const [, image] of point.namedImages()) image.tensor.mul_(2);
        return point;
      },
    };
    for (const extraction of [undefined, new Patch({ patchSize: 2 })]) {
      const dataset = datasetOf({
        cache: "memory",
        transforms: { ...(extraction === undefined ? {} : { extraction }), sampleTransforms: [spoils] },
      });
      const first = await values(dataset);
      {
        using sample = await dataset.get(0);
        sample.image.tensor.zero_();
      }
      expect(await values(dataset)).toEqual(first);
      dataset.clearCache();
    }
  });

  it("are shared by all worker threads", async () => {
    const dataset = datasetOf({ cache: "memory", transforms: { imageTransforms: [new ZNormalizationConfig()] } });
    const epoch = async (): Promise<number[][]> => {
      const all: number[][] = [];
      for await (using batch of new DataLoader(dataset, { batchSize: 1, numWorkers: 2, shuffle: false })) {
        using flat = batch.get(0).image.tensor.flatten();
        all.push(flat.toNumbers());
      }
      return all;
    };
    const first = await epoch();
    expect(await withoutFiles(epoch)).toEqual(first);
    expect(await withoutFiles(() => values(dataset, 1))).toEqual(first[1]);
    dataset.clearCache();
  });

  it("refuse another word for how they are kept", () => {
    expect(() => datasetOf({ cache: "ram" as never })).toThrow(/cache.*"auto"\|"memory"\|"off"/);
  });
});

describe("narrowest", () => {
  it.each([
    ["uint8", [0, 3, 255]],
    ["int16", [-1, 3, 255]],
    ["int16", [0, 256]],
    ["float32", [0, 40000]],
    ["float32", [0.5, 1]],
    ["float32", [Number.NaN, 1]],
    ["float32", [Number.POSITIVE_INFINITY, 1]],
    ["float32", [-0, 1]],
  ])("%s of %j", (dtype, numbers) => {
    using _scope = torch.scope();
    const given = torch.tensor(numbers, { dtype: "float32" });
    const made = narrowest(given);
    expect(made.dtype).toBe(dtype);
    expect(made.to({ dtype: "float32" }).toNumbers()).toEqual(given.toNumbers());
  });

  it("looks at all values, not only at the first", () => {
    expect(narrowest(torch.fromTypedArray(BigInt64Array.of(9007199254740993n), [1])).dtype).toBe("int64");
    using _scope = torch.scope();
    const numbers = torch.zeros([5000]);
    numbers.narrow(0, 4999, 1).fill_(0.5);
    expect(narrowest(numbers).dtype).toBe("float32");
    expect(narrowest(torch.tensor([7, -2], { dtype: "int64" })).dtype).toBe("int16");
    expect(narrowest(torch.zeros([0])).dtype).toBe("float32");
  });
});

it("gives of images in memory the region that is asked for, in their type", () => {
  const live = torch.memory.live();
  {
    using _scope = torch.scope();
    const values = torch.arange(60, { dtype: "float32" }).reshape([1, 3, 4, 5]);
    const image = new ScalarImage(values.clone());
    const mask = new LabelMap(values.remainder(3).to({ dtype: "int32" }));
    const point = new DataPoint({ image, images: { mask }, participantId: "sub-1", sessionId: "ses-1" });
    const cache = new ImageCache("memory");
    const row = { key: "a", source: "image.nii", diskKey: () => "a" };
    cache.put(row, point, new TransformsHandler({ extraction: new Patch({ patchSize: 2 }) }), [], 1);
    const asked: unknown[] = [];
    const found = cache.get(
      row,
      (shape, images) => {
        asked.push(
          shape,
          [...images].map(([name, { tensor }]) => [name, tensor.shape]),
        );
        return { start: [1, 0, 2], size: [2, 4, 2] };
      },
      false,
    );
    expect(asked).toEqual([
      [3, 4, 5],
      [
        ["image", [1, 3, 4, 5]],
        ["mask", [1, 3, 4, 5]],
      ],
    ]);
    expect(found?.whole).toEqual([3, 4, 5]);
    const part = values.narrow(1, 1, 2).narrow(3, 2, 2);
    const [cut, labels] = ["image", "mask"].map((name) => found?.images.get(name)?.tensor);
    expect([cut?.dtype, cut?.toNumbers()]).toEqual(["float32", part.contiguous().toNumbers()]);
    expect([labels?.dtype, labels?.toNumbers()]).toEqual(["int32", part.remainder(3).toNumbers()]);
    expect(cache.get(row, () => null, false)?.whole).toBeNull();
    cache.clear();
  }
  expect(torch.memory.live()).toEqual(live);
});
