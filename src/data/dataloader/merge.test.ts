/** Tuples of samples that are merged, held to what ClinicaDL 2.0.0 makes of them: test/golden/merge_golden.py. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BidsFileType } from "../../io/bids/index.ts";
import { formatJson, parseJson } from "../../io/json/index.ts";
import { Split } from "../../split/index.ts";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import * as torch from "../../torch/index.ts";
import { type JsonObject, show } from "../../utils/config.ts";
import { ConfigError, ImageError } from "../../utils/exceptions.ts";
import { PairedDataset, UnpairedDataset } from "../datasets/index.ts";
import { Faces } from "../fixtures/own.ts";
import { LabelMap, Sample, Sample2D, type SampleOptions, ScalarImage } from "../structures/index.ts";
import { collate } from "./collate.ts";
import { Batch, DataLoader, MergeBatchesCollate, partsOf, ToBatchCollate, ToBatchesCollate } from "./index.ts";

interface Golden {
  readonly json: JsonObject;
  readonly suffixes: string[];
  readonly paths: string[];
  readonly image: number[][][][];
  readonly affine: number[];
  readonly seg: number[][][][];
  readonly label: number[][];
  readonly fields: Readonly<Record<string, unknown>>;
  readonly slices: { readonly shape: number[]; readonly values: number[] };
  readonly errors: Readonly<Record<string, string>>;
}
const golden: Golden = JSON.parse(readFileSync(new URL("./golden/merge.json", import.meta.url), "utf8"));

function tensor(start: number, channels: number, [d, h, w]: readonly [number, number, number]): torch.Tensor {
  const values = Float32Array.from({ length: channels * d * h * w }, (_, i) => start + i);
  return torch.fromTypedArray(values, [channels, d, h, w]);
}
const affine = (zoom: number): number[] => [zoom, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
function image(start: number, { channels = 1, zoom = 1, shape = [2, 3, 2] as [number, number, number] } = {}) {
  return new ScalarImage(tensor(start, channels, shape), affine(zoom));
}
const labels = (start: number): LabelMap => new LabelMap(tensor(start, 1, [2, 3, 2]), affine(1));
function sample(own: ScalarImage, suffix: string, options: Partial<SampleOptions> = {}): Sample {
  return new Sample({
    image: own,
    participantId: "sub-001",
    sessionId: "ses-M000",
    fileType: new BidsFileType({ dataType: "anat", suffix }),
    imagePath: `/${suffix}.nii.gz`,
    ...options,
  });
}
function slice(start: number, { squeeze = true, samplePosition = 4 } = {}): Sample2D {
  return new Sample2D({
    image: image(start, { shape: [1, 3, 2] }),
    participantId: "sub-001",
    sessionId: "ses-M000",
    place: { sampleType: "slice", samplePosition, sliceDirection: 0, squeeze },
  });
}
/** The merged batch, whose tensors live until the test ends. */
function merge(samples: readonly Sample[], ignore: string[] | null = null): Batch<Sample> {
  const batch = collate([samples], new MergeBatchesCollate({ ignore }));
  if (!(batch instanceof Batch)) throw new Error("no batch");
  return batch;
}

expectNothingLeft();

describe("MergeBatchesCollate", () => {
  it("joins images, stacks tensors, and keeps or collects values, as the original", () => {
    const a = sample(image(0), "T1w", {
      images: { seg: labels(0) },
      fields: { age: 55, sex: "M", site: 1, only: 3, label: torch.tensor([0, 1]) },
    });
    const b = sample(image(100, { channels: 2, zoom: 1.0005 }), "PET", {
      images: { seg: labels(50) },
      fields: { age: 56, sex: "M", label: torch.tensor([1, 2]), drop: 1 },
    });
    using batch = merge([a, b], ["drop"]);
    const merged = batch.get(0);
    expect(Array.from(merged.image.tensor.toTypedArray(), Number)).toEqual(golden.image.flat(3));
    expect(merged.image.shape).toEqual([3, 2, 3, 2]);
    expect(Array.from(merged.image.affine)).toEqual(golden.affine);
    expect(merged.getImage("seg").kind).toBe("label");
    expect(Array.from(merged.getImage("seg").tensor.toTypedArray(), Number)).toEqual(golden.seg.flat(3));
    using label = batch.getField("label");
    expect([label.shape, Array.from(label.toTypedArray(), Number)]).toEqual([[1, 2, 2], golden.label.flat()]);
    for (const [name, value] of Object.entries(golden.fields)) expect(merged.getField(name)).toEqual(value);
    expect(merged.hasField("drop")).toBe(false);
    expect(merged.fileType.map(({ suffix }) => suffix)).toEqual(golden.suffixes);
    expect(merged.imagePath).toEqual(golden.paths);
  });
  it("merges slices, which stay squeezed", () => {
    using batch = merge([slice(0), slice(6)]);
    expect(batch.get(0)).toBeInstanceOf(Sample2D);
    using images = batch.getField("image");
    expect([images.shape, Array.from(images.toTypedArray(), Number)]).toEqual([
      golden.slices.shape,
      golden.slices.values,
    ]);
  });

  const tensors = (count: number): Partial<SampleOptions> => ({ fields: { x: torch.zeros([count]) } });
  const refused: [string, () => Sample[], abstract new (...args: never) => Error, RegExp][] = [
    [
      "participant",
      () => [sample(image(0), "T1w"), sample(image(0), "T1w", { participantId: "sub-002" })],
      ConfigError,
      /^\(sub-001, ses-M000\): .* same participant_id: one has 'sub-001', another 'sub-002'/,
    ],
    [
      "spacing",
      () => [sample(image(0), "T1w"), sample(image(0, { zoom: 2 }), "PET")],
      ImageError,
      /^\(sub-001, ses-M000\): 'image' .* voxels of 1×1×1, another 2×1×1/,
    ],
    [
      "shape",
      () => [sample(image(0), "T1w"), sample(image(0, { shape: [2, 2, 2] }), "PET")],
      ImageError,
      /the shape 2×3×2, another 2×2×2/,
    ],
    [
      "tensors",
      () => [sample(image(0), "T1w", tensors(2)), sample(image(0), "PET", tensors(3))],
      ConfigError,
      /the tensors 'x' of a tuple have the shapes \(2\) and \(3\)/,
    ],
    [
      "kind",
      () => [sample(image(0, { shape: [1, 3, 2] }), "T1w"), slice(0)],
      ConfigError,
      /same sample_type: one has 'image', another 'slice'/,
    ],
    [
      "squeeze",
      () => [slice(0), slice(0, { squeeze: false })],
      ConfigError,
      /same squeeze: one has true, another false/,
    ],
    [
      "position",
      () => [slice(0), slice(0, { samplePosition: 5 })],
      ConfigError,
      /same sample_position: one has 4, another 5/,
    ],
  ];
  it.each(refused)("refuses samples of another %s, as the original", (what, make, Class, message) => {
    expect(typeof golden.errors[what]).toBe("string");
    const samples = make();
    const attempt = (): unknown => merge(samples);
    expect(attempt).toThrow(Class);
    expect(attempt).toThrow(message);
    for (const one of samples) one.dispose();
  });
  it("refuses a field that is an image here and a value there, or a tensor here and a number there", () => {
    const pairs = [
      [sample(image(0), "T1w", { images: { seg: labels(0) } }), sample(image(0), "PET", { fields: { seg: 1 } })],
      [sample(image(0), "T1w", { fields: { seg: torch.zeros([1]) } }), sample(image(0), "PET", { fields: { seg: 1 } })],
    ];
    for (const [i, pair] of pairs.entries()) {
      expect(() => merge(pair)).toThrow(i === 0 ? /'seg' is an image in one/ : /'seg' is a tensor in one/);
      for (const one of pair) one.dispose();
    }
  });

  it("goes to JSON as the original, and back with its loader", () => {
    const collateFn = new MergeBatchesCollate({ ignore: ["drop"] });
    expect(collateFn.toDict()).toEqual(golden.json);
    expect(() => new MergeBatchesCollate({ ignore: ["image"] })).toThrow(/'ignore\.0'|'ignore'/);
    const dataset = new PairedDataset([new Faces({ count: 2 }), new Faces({ count: 2 })]);
    const loader = new DataLoader(dataset, { batchSize: 2, collateFn });
    const json = parseJson(formatJson(loader.toDict())) as JsonObject;
    expect(json.collate_fn).toEqual(golden.json);
    expect(formatJson(DataLoader.fromDict(json, dataset).toDict())).toBe(formatJson(loader.toDict()));
    expect(() => DataLoader.fromDict({ ...json, collate_fn: { name_: "Mine" } }, dataset)).toThrow(/'collate_fn'/);
    expect(() => new DataLoader(dataset, { collateFn: 3 as never })).toThrow(/'collateFn'/);
    expect(() => new DataLoader(new UnpairedDataset(dataset.datasets), { collateFn })).toThrow(/of an UnpairedDataset/);
  });
  it("makes the batches of a loader, and of a split, with worker threads too", async () => {
    const dataset = new PairedDataset([new Faces({ count: 5 }), new Faces({ count: 5 })]);
    const runs = [];
    for (const numWorkers of [0, 2]) {
      const split = new Split({ index: 0, trainDataset: dataset, valDataset: dataset });
      const seen: string[] = [];
      const collateFn = new MergeBatchesCollate();
      for await (using batch of split.buildTrainLoader({ batchSize: 2, numWorkers, shuffle: false, collateFn })) {
        using images = batch.getField("image");
        using ages = batch.getField("age");
        seen.push(
          show([images.shape, ages.dtype, Array.from(ages.toTypedArray(), Number), batch.get(0).getField("seen")]),
        );
        expect(images.shape.slice(1)).toEqual([2, 4, 4, 4]);
      }
      runs.push(seen);
    }
    expect(runs[0]).toHaveLength(3);
    expect(runs[1]).toEqual(runs[0]);
  });
  it("leaves nothing where merging fails in the middle of a batch, or is not possible at all", async () => {
    const single = new DataLoader(new Faces({ count: 2 }), { batchSize: 2, collateFn: new MergeBatchesCollate() });
    await expect(first(single)).rejects.toThrow(/merges the samples of tuples, and the dataset gives single samples/);
    const good = [sample(image(0), "T1w"), sample(image(0), "PET")];
    const bad = [sample(image(0), "T1w"), sample(image(0, { zoom: 3 }), "PET")];
    expect(() => collate([good, bad], new MergeBatchesCollate())).toThrow(ImageError);
    for (const one of [...good, ...bad]) one.dispose();
  });
});

describe("ToBatchCollate and ToBatchesCollate", () => {
  it("do what a loader does anyway, and refuse what the dataset does not give", async () => {
    const faces = (): Faces => new Faces({ count: 2 });
    const paired = (): PairedDataset => new PairedDataset([faces(), faces()]);
    expect(await first(new DataLoader(faces(), { batchSize: 2, collateFn: new ToBatchCollate() }))).toBe(1);
    expect(await first(new DataLoader(paired(), { batchSize: 2, collateFn: new ToBatchesCollate() }))).toBe(2);
    await expect(first(new DataLoader(paired(), { collateFn: new ToBatchCollate() }))).rejects.toThrow(
      /'ToBatchCollate' cannot put together .* several samples at a time/,
    );
    await expect(first(new DataLoader(faces(), { collateFn: new ToBatchesCollate() }))).rejects.toThrow(
      /'ToBatchesCollate' cannot put together .* single samples/,
    );
  });
});

/** Of how many parts the first batch is. */
async function first(loader: AsyncIterable<Batch | readonly Batch[]>): Promise<number> {
  let parts = 0;
  for await (const batch of loader) {
    parts ||= partsOf(batch).length;
    for (const part of partsOf(batch)) part.dispose();
  }
  return parts;
}
