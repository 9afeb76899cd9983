import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, mkdtempSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BidsFileType } from "../../../io/bids/index.ts";
import { writeNifti } from "../../../io/nifti/index.ts";
import * as torch from "../../../torch/index.ts";
import {
  ClampConfig,
  ComposeConfig,
  CropConfig,
  type HasImages,
  Patch,
  RandomAffineConfig,
  RandomFlipConfig,
  RandomNoiseConfig,
  RandomPatch,
  ResampleConfig,
  Slice,
  type Transform,
  type TransformConfig,
  type TransformsHandlerOptions,
  ZNormalizationConfig,
} from "../../../transforms/index.ts";
import { say } from "../../../utils/output.ts";
import { receiveWarnings } from "../../../utils/warnings.ts";
import { DataLoader } from "../../dataloader/index.ts";
import { AFFINE, type Cohort, makeCohort } from "../../fixtures/cohort.ts";
import type { Sample } from "../../structures/index.ts";
import { BidsDataset, type BidsDatasetOptions, type TensorDataset } from "../index.ts";
import { listEntries } from "./folder.ts";
import { EntryReader } from "./read-entry.ts";

let cohort: Cohort;
let disk: string;
beforeEach(() => {
  cohort = makeCohort(3, [34, 5, 40]);
  disk = mkdtempSync(join(tmpdir(), "clinicadl disk-"));
});
afterEach(() => {
  cohort[Symbol.dispose]();
  rmSync(disk, { recursive: true });
});

const fileType = (suffix: string): BidsFileType => new BidsFileType({ suffix, dataType: "anat" });
const datasetOf = (options: Partial<BidsDatasetOptions> = {}): BidsDataset =>
  new BidsDataset({
    bids: cohort.root,
    fileType: fileType("T1w"),
    data: cohort.tsv,
    columns: ["age"],
    masks: { brain: fileType("mask") },
    cache: { disk },
    ...options,
  });

type Loading = BidsDataset | TensorDataset;
/** All that a sample is. */
function contentOf(sample: Sample): unknown {
  const images = [...sample.images].map(([name, { kind, tensor, affine }]) => {
    using contiguous = tensor.contiguous();
    return [
      name,
      kind,
      tensor.dtype,
      tensor.shape,
      createHash("sha256").update(contiguous.toBytes()).digest("hex"),
      affine,
    ];
  });
  const fields = [...sample.fieldNames()].map((name) => [name, sample.getField(name)]);
  return { images, fields, history: sample.history, place: sample.place, dtypes: [...sample.dtypes] };
}
async function contents(dataset: Loading, times = 1): Promise<unknown[]> {
  const out: unknown[] = [];
  for (let i = 0; i < dataset.length * times; i++) {
    using sample = await dataset.get(i % dataset.length);
    out.push(contentOf(sample));
  }
  dataset.clearCache();
  return out;
}

/** What is done while no image can be read. */
async function withoutReading<T>(body: () => Promise<T>): Promise<T> {
  const read = BidsDataset.prototype.readFiles;
  BidsDataset.prototype.readFiles = () => {
    throw new Error("An image was read.");
  };
  try {
    return await body();
  } finally {
    BidsDataset.prototype.readFiles = read;
  }
}

const crop = new CropConfig({ cropping: [2, 0, 1] });
const once = (...transforms: readonly TransformConfig[]): ComposeConfig =>
  new ComposeConfig({ transforms, once: true });

describe("images on disk", () => {
  const image = [new ZNormalizationConfig()];
  it.each<[string, TransformsHandlerOptions]>([
    ["whole", {}],
    ["whole, transformed", { imageTransforms: image }],
    ["patches", { imageTransforms: image, extraction: new Patch({ patchSize: [33, 4, 16], overlap: 0.5 }) }],
    ["patches without padding", { extraction: new Patch({ patchSize: [10, 4, 16], padMode: null }) }],
    ["patches, replicated", { extraction: new Patch({ patchSize: [20, 4, 16], padMode: "replicate" }) }],
    ["patches, reflected", { extraction: new Patch({ patchSize: [20, 4, 16], padMode: "reflect" }) }],
    ["patches, circular", { extraction: new Patch({ patchSize: [20, 4, 16], padMode: "circular" }) }],
    ["patches greater than the image", { extraction: new Patch({ patchSize: 48, padValue: -1 }) }],
    [
      "random patches",
      { imageTransforms: image, extraction: new RandomPatch({ patchSize: [33, 4, 16], numSamples: 4 }) },
    ],
    [
      "random patches, reflected",
      { extraction: new RandomPatch({ patchSize: [10, 8, 16], numSamples: 2, padMode: "reflect" }) },
    ],
    [
      "random patches by a mask",
      { extraction: new RandomPatch({ patchSize: 8, weights: { mask: "brain", foreground: 0.5 } }) },
    ],
    ["sagittal slices", { imageTransforms: image, extraction: new Slice({ slices: [0, 7, 33] }) }],
    ["axial slices", { extraction: new Slice({ sliceDirection: 2, borders: 18, squeeze: false }) }],
    ["resampled and cropped once", { imageTransforms: [once(new ResampleConfig({ target: 1.7 }), crop)] }],
    [
      "patches of what is resampled once, and of what is moved and deformed once",
      {
        imageTransforms: [
          once(new ResampleConfig({ target: [3, 3, 2] }), crop),
          once(new RandomAffineConfig(), new RandomFlipConfig(), crop),
        ],
        extraction: new Patch({ patchSize: [10, 2, 12] }),
      },
    ],
    [
      "patches after noise",
      { imageTransforms: [...image, new RandomNoiseConfig({ std: 1 })], extraction: new Patch({ patchSize: 32 }) },
    ],
  ])("are what they are without a cache: %s", async (_, transforms) => {
    const live = torch.memory.live();
    const expected = await contents(datasetOf({ cache: "off", transforms }));
    const kept = datasetOf({ cache: "memory", transforms });
    // the first time they are read, then they come from memory
    expect(await contents(kept, 2)).toEqual([...expected, ...expected]);
    const first = datasetOf({ transforms });
    expect(await contents(first)).toEqual(expected);
    expect(listEntries(disk)).toHaveLength(3);
    // another process would find them so
    await withoutReading(async () => {
      expect(await contents(datasetOf({ transforms }))).toEqual(expected);
      expect(await contents(datasetOf({ transforms }).subset([["sub-001", "ses-M000"]]))).toHaveLength(
        expected.length / 3,
      );
    });
    expect(torch.memory.live()).toEqual(live);
  });

  it("are those of tensors, too", async () => {
    const tensors = await datasetOf({ cache: "off" }).toTensors({ conversionName: "t" });
    const expected = await contents(tensors);
    const { TensorDataset } = await import("../index.ts");
    const { descriptionJson } = tensors;
    const make = (): TensorDataset =>
      new TensorDataset({ descriptionJson, data: cohort.tsv, columns: ["age"], cache: { disk } });
    expect(await contents(make())).toEqual(expected);
    expect(listEntries(disk)).toHaveLength(3);
    expect(await contents(make())).toEqual(expected);
  });

  it("are read for random patches where these lie only", async () => {
    const extraction = new RandomPatch({ patchSize: 4, numSamples: 2 });
    await contents(datasetOf({ transforms: { extraction } }));
    const { tensors } = EntryReader.prototype;
    const regions: unknown[] = [];
    EntryReader.prototype.tensors = function (region) {
      regions.push(region?.size);
      return tensors.call(this, region);
    };
    try {
      await contents(datasetOf({ transforms: { extraction } }));
    } finally {
      EntryReader.prototype.tensors = tensors;
    }
    expect(regions).toEqual(Array(6).fill([4, 4, 4]));
  });

  it("are shared by worker threads", async () => {
    const transforms = { imageTransforms: image, extraction: new Patch({ patchSize: 20 }) };
    const expected = await contents(datasetOf({ cache: "off", transforms }));
    for (const _ of [1, 2]) {
      const found: unknown[] = [];
      await using loader = new DataLoader(datasetOf({ transforms }), { batchSize: 1, numWorkers: 2, shuffle: false });
      for await (using batch of loader) found.push(contentOf(batch.get(0)));
      expect(found).toEqual(expected);
    }
    expect(listEntries(disk)).toHaveLength(3);
  });

  it("are made again when an image, a mask, the transforms or a column are others", async () => {
    await contents(datasetOf());
    const entries = (): number => listEntries(disk).length;
    expect(entries()).toBe(3);
    const changed = {
      data: Float32Array.from({ length: 34 * 5 * 40 }, (_, v) => v % 7),
      shape: [34, 5, 40],
      affine: AFFINE,
    } as const;
    writeNifti(cohort.imagePath(0), changed);
    expect(await contents(datasetOf())).toEqual(await contents(datasetOf({ cache: "off" })));
    expect(entries()).toBe(4);
    writeNifti(cohort.maskPath(1), { ...changed, data: new Uint8Array(34 * 5 * 40), dtype: "uint8" });
    expect(await contents(datasetOf())).toEqual(await contents(datasetOf({ cache: "off" })));
    expect(entries()).toBe(5);
    // the same size and time, and yet another file
    utimesSync(cohort.imagePath(2), 1, 1);
    await contents(datasetOf());
    expect(entries()).toBe(6);
    const copy = `${cohort.imagePath(2)}.tmp`;
    writeNifti(copy.replace(".nii.gz.tmp", "_x.nii.gz"), changed);
    renameSync(copy.replace(".nii.gz.tmp", "_x.nii.gz"), cohort.imagePath(2));
    utimesSync(cohort.imagePath(2), 1, 1);
    expect(await contents(datasetOf())).toEqual(await contents(datasetOf({ cache: "off" })));
    expect(entries()).toBe(7);
    await contents(datasetOf({ transforms: { imageTransforms: image } }));
    expect(entries()).toBe(10);
    await contents(datasetOf({ columns: { age: (column) => column.map(() => 1) } }));
    expect(entries()).toBe(13);
    await contents(datasetOf({ masks: null }));
    expect(entries()).toBe(16);
    await contents(datasetOf());
    expect(entries()).toBe(16);
  });

  it("are made again when a file that a transform names is another, named from here or from the root", async () => {
    const template = join(cohort.root, "template.nii.gz");
    for (const target of [template, relative(process.cwd(), template)]) {
      const transforms = { imageTransforms: [new ResampleConfig({ target })] };
      for (const shape of [[3, 4, 5] as const, [5, 4, 3] as const]) {
        const data = new Float32Array(60);
        writeNifti(template, { data, shape, affine: AFFINE });
        expect(await contents(datasetOf({ transforms }))).toEqual(
          await contents(datasetOf({ cache: "off", transforms })),
        );
      }
    }
  });

  it("hold no transform of one's own, whose code may change", async () => {
    let factor = 2;
    const own: Transform = {
      name: "own",
      random: false,
      apply<T extends HasImages>(point: T): T {
        for (const [, { tensor }] of point.namedImages()) tensor.mul_(factor);
        return point;
      },
    };
    for (const imageTransforms of [
      [...image, own, new ClampConfig({ outMax: 3 })],
      [new ComposeConfig({ transforms: [own] })],
    ]) {
      for (factor of [2, 3]) {
        const transforms = { imageTransforms };
        const expected = await contents(datasetOf({ cache: "off", transforms }));
        expect(await contents(datasetOf({ transforms }))).toEqual(expected);
        expect(await contents(datasetOf({ transforms }))).toEqual(expected);
      }
    }
  });

  it("are made again where they were damaged", async () => {
    const expected = await contents(datasetOf({ cache: "off" }));
    await contents(datasetOf());
    for (const { path } of listEntries(disk)) appendFileSync(path, "x");
    const warnings: string[] = [];
    receiveWarnings((message) => void warnings.push(message));
    try {
      expect(await contents(datasetOf())).toEqual(expected);
    } finally {
      receiveWarnings((message) => say(`Warning: ${message}`));
    }
    expect(warnings).toHaveLength(3);
    await withoutReading(async () => expect(await contents(datasetOf())).toEqual(expected));
  });

  it("may be written by two processes at once", async () => {
    const script = join(disk, "..", `${disk.split("/").at(-1)}.ts`);
    const src = join(import.meta.dirname, "..", "..", "..");
    writeFileSync(
      script,
      `const { BidsDataset } = await import(${JSON.stringify(join(src, "data", "datasets", "index.ts"))});
      const [bids, data, disk] = process.argv.slice(2);
      const make = (cache) => new BidsDataset({ bids, data, cache, fileType: { suffix: "T1w", dataType: "anat" } });
      const bytes = (dataset, i) => { using sample = dataset.load(i); return Buffer.from(sample.image.tensor.toBytes()); };
      const plain = make("off");
      for (let round = 0; round < 20; round++) {
        const { clearEntries } = await import(${JSON.stringify(join(src, "data", "datasets", "disk", "folder.ts"))});
        if (round % 4 === 0) clearEntries(disk);
        const cached = make({ disk });
        for (let i = 0; i < 3; i++) if (!bytes(cached, i).equals(bytes(plain, i))) throw new Error("another image");
      }
      console.log("same");`,
    );
    const run = (): Promise<string> =>
      new Promise((done) => {
        const child = spawn(process.execPath, [script, cohort.root, cohort.tsv, disk]);
        let said = "";
        child.stdout.on("data", (data) => (said += data));
        child.stderr.on("data", (data) => (said += data));
        child.once("close", () => done(said));
      });
    try {
      expect(await Promise.all([run(), run()])).toEqual(["same\n", "same\n"]);
      expect(readdirSync(disk).filter((name) => name.startsWith("."))).toEqual([]);
    } finally {
      rmSync(script);
    }
  });

  it("need a folder", () => {
    expect(() => datasetOf({ cache: { disk: "" } })).toThrow(/cache/);
    expect(() => datasetOf({ cache: { disk, maxBytes: 0 } })).toThrow(/cache/);
    expect(() => datasetOf({ cache: { disk, bytes: 3 } as never })).toThrow(/cache/);
  });
});
