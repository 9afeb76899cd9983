import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { CannotReadFieldError, ConfigError, ImageError } from "../utils/exceptions.ts";
import { goldenPoint, near, readGolden } from "./fixtures/golden.ts";
import { Point } from "./fixtures/point.ts";
import {
  ActivationsConfig,
  AsDiscreteConfig,
  ClampConfig,
  CropOrPadConfig,
  extractionRegistry,
  type HasImages,
  Image,
  isRandomExtraction,
  Patch,
  PostprocessingHandler,
  RandomFlipConfig,
  RandomNoiseConfig,
  RescaleIntensityConfig,
  Rng,
  Slice,
  ToCanonicalConfig,
  TransformsHandler,
  transformRegistry,
  ZNormalizationConfig,
} from "./index.ts";

interface Golden {
  images: Record<"image" | "brain", { shape: number[]; data: number[]; affine: number[] }>;
  samples: {
    extraction: JsonObject;
    n: number;
    results: { index: number; position: number | number[]; shape: number[]; data: number[] }[];
  }[];
  output: number[][];
  outputs: { config: JsonObject; shape: number[]; data: number[] }[];
}
const golden = readGolden<Golden>();
const { image: original, brain } = golden.images;
const make = (data?: number[]): Point => {
  const point = goldenPoint();
  if (data !== undefined) point.image("image").tensor = torch.fromTypedArray(Float32Array.from(data), original.shape);
  return point;
};

let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

describe("as ClinicaDL (TorchIO, MONAI) does", () => {
  it.each(golden.samples.map((c) => [JSON.stringify(c.extraction), c] as const))("%s", (_, c) => {
    using _scope = torch.scope();
    const extraction = extractionRegistry.read("test", "extraction", c.extraction);
    expect(extraction.toDict()).toEqual(c.extraction);
    if (isRandomExtraction(extraction)) throw new Error("ClinicaDL has none that draws");
    const [, d = 0, h = 0, w = 0] = original.shape;
    expect(extraction.numSamplesPerImage({ participantId: "sub-1", sessionId: "ses-1", spatialShape: [d, h, w] })).toBe(
      c.n,
    );
    for (const result of c.results) {
      const point = make();
      const place = extraction.extract(point, result.index);
      expect(place.samplePosition).toEqual(result.position);
      expect(point.images.get("image")!.tensor.shape).toEqual(result.shape);
      near(point.values(), result.data, 0);
    }
    expect(() => extraction.extract(make(), c.n)).toThrow(RangeError);
  });

  it.each(golden.outputs.map((c) => [JSON.stringify(c.config), c] as const))("%s", (_, c) => {
    using _scope = torch.scope();
    const point = make();
    point.setField("output", torch.tensor(golden.output));
    const config = transformRegistry.read("test", "config", c.config);
    expect(config.toDict()).toEqual(c.config);
    new PostprocessingHandler({ transforms: [config] }).apply(point);
    const output = point.getField("output") as Tensor;
    expect(output.shape).toEqual(c.shape);
    near(output.flatten().toNumbers(), c.data, 1e-6);
  });
});

describe("random transforms", () => {
  it("draw the same for the same seed, epoch and sample", () => {
    using _scope = torch.scope();
    const transform = new RandomNoiseConfig({ std: 2 }).getObject();
    const noisy = (...keys: number[]): number[] => transform.apply(make(), new Rng(...keys)).values();
    expect(noisy(1, 2, 3)).toEqual(noisy(1, 2, 3));
    expect(noisy(1, 2, 3)).not.toEqual(noisy(1, 2, 4));
    expect(noisy(1, 2, 3)).not.toEqual(noisy(2, 1, 3));
    expect(transform.apply(make(), new Rng(0)).values("brain")).toEqual(brain.data);
    const noise = noisy(5).map((value, i) => value - original.data[i]!);
    const mean = noise.reduce((a, b) => a + b, 0) / noise.length;
    const std = Math.sqrt(noise.reduce((a, b) => a + (b - mean) ** 2, 0) / noise.length);
    expect(Math.abs(mean)).toBeLessThan(0.6);
    expect(Math.abs(std - 2)).toBeLessThan(0.5);
  });

  it("flip image and mask together, each axis with its probability", () => {
    using _scope = torch.scope();
    const always = new RandomFlipConfig({ axes: [0, 2], flipProbability: 1 }).getObject().apply(make(), new Rng(0));
    for (const [name, data] of [
      ["image", original.data],
      ["brain", brain.data],
    ] as const) {
      const wanted = torch.fromTypedArray(Float32Array.from(data), original.shape).flip([1, 3]);
      near(always.values(name), [...(wanted.contiguous().toTypedArray() as Float32Array)], 0);
    }
    expect([...always.images.get("image")!.affine]).toEqual(original.affine);
    const flip = new RandomFlipConfig().getObject();
    const flipped = Array.from(
      { length: 200 },
      (_, i) => flip.apply(make(), new Rng(7, i)).values()[0] !== original.data[0],
    );
    const count = flipped.filter(Boolean).length;
    expect(count).toBeGreaterThan(70);
    expect(count).toBeLessThan(130);
    // the first voxel axis of the image runs along world y
    const pa = new RandomFlipConfig({ axes: "PA", flipProbability: 1 }).getObject().apply(make(), new Rng(0));
    const byNumber = new RandomFlipConfig({ axes: 0, flipProbability: 1 }).getObject().apply(make(), new Rng(0));
    const wanted = [original.affine[0], original.affine[4], original.affine[8]].map((v) => Math.abs(v!));
    if (wanted[1] === Math.max(...wanted)) expect(pa.values()).toEqual(byNumber.values());
    else expect(pa.values()).not.toEqual(byNumber.values());
  });
});

describe("what cannot be done is said", () => {
  it("constant images, naming the participant", () => {
    using _scope = torch.scope();
    const flat = (): Point => make(original.data.map(() => 3));
    expect(() => new ZNormalizationConfig().getObject().apply(flat(), new Rng(0))).toThrow(/sub-1, ses-1.*the same/);
    expect(() => new RescaleIntensityConfig().getObject().apply(flat(), new Rng(0))).toThrow(ImageError);
    const nan = make(original.data.map((v, i) => (i === 4 ? Number.NaN : v)));
    expect(() => new ZNormalizationConfig().getObject().apply(nan, new Rng(0))).toThrow(/not numbers/);
  });

  it("options", () => {
    expect(() => new ZNormalizationConfig({ includes: ["image"] } as never)).toThrow(/includes/);
    expect(() => new ToCanonicalConfig({ include: ["a"], exclude: ["b"] })).toThrow(/include.*exclude/);
    expect(() => new ClampConfig()).toThrow(ConfigError);
    expect(() => new ActivationsConfig({ include: ["output"] })).toThrow(/exactly one/);
    expect(() => new AsDiscreteConfig({ argmax: true, threshold: 0.5 })).toThrow(/'argmax' and 'threshold'/);
    expect(() => new RandomFlipConfig({ flipProbability: 2 })).toThrow(/flipProbability/);
    expect(() => new RescaleIntensityConfig({ outMinMax: [1, 0] })).toThrow(/smaller/);
    expect(() => new CropOrPadConfig({ targetShape: 0 })).toThrow(/targetShape/);
    expect(() => new Slice({ slices: [1], borders: 2 })).toThrow(/exclude each other/);
    expect(() => new TransformsHandler({ augmentation: [] } as never)).toThrow(/augmentation/);
  });

  it("names that do not exist", () => {
    using _scope = torch.scope();
    expect(() => new ZNormalizationConfig({ include: ["t1"] }).getObject().apply(make(), new Rng(0))).toThrow(
      /'t1'.*'image', 'brain'/,
    );
    expect(() => new ZNormalizationConfig({ maskingMethod: "hippo" }).getObject().apply(make(), new Rng(0))).toThrow(
      /'hippo'.*'brain'/,
    );
    expect(() =>
      new ActivationsConfig({ include: ["out"], sigmoid: true }).getObject().apply(make(), new Rng(0)),
    ).toThrow(/'out'/);
  });
});

describe("TransformsHandler", () => {
  it("goes to JSON and back", () => {
    const handler = new TransformsHandler({
      extraction: new Patch({ patchSize: 4, overlap: 0.5 }),
      imageTransforms: [new ToCanonicalConfig(), new ZNormalizationConfig({ maskingMethod: "brain" })],
      augmentations: [new RandomFlipConfig({ axes: [0, 1] }), new RandomNoiseConfig({ std: [0, 0.1] })],
    });
    const json = JSON.parse(JSON.stringify(handler.toDict())) as JsonObject;
    expect(TransformsHandler.fromDict(json).toDict()).toEqual(handler.toDict());
    expect(new TransformsHandler().toDict()).toEqual({
      name_: "TransformsHandler",
      extraction: { name_: "Image" },
      image_transforms: [],
      sample_transforms: [],
      augmentations: [],
    });
    expect(handler.fixedImageTransforms()).toBe(handler.imageTransforms.length);
    expect(String(handler)).toMatch(/ToCanonical → ZNormalization/);
  });

  it("takes functions, which cannot be read back", () => {
    using _scope = torch.scope();
    const handler = new TransformsHandler({
      imageTransforms: [
        function double<T extends HasImages>(point: T): T {
          for (const [, image] of point.namedImages()) if (image.kind === "scalar") image.tensor = image.tensor.mul(2);
          return point;
        },
      ],
    });
    near(
      handler.applyImageTransforms(make(), new Rng(0)).values(),
      original.data.map((v) => 2 * v),
      1e-4,
    );
    expect(() => TransformsHandler.fromDict(handler.toDict())).toThrow(CannotReadFieldError);
    expect(() => new TransformsHandler({ imageTransforms: [42 as never] })).toThrow(ConfigError);
  });

  it("copy leaves the data point that was given", () => {
    using _scope = torch.scope();
    const given = make();
    const changed = new ClampConfig({ outMax: 0, copy: true }).getObject().apply(given, new Rng(0));
    expect(changed).not.toBe(given);
    expect(given.values()).toEqual(make().values());
    const batch = [make(), make()];
    new PostprocessingHandler({ transforms: [new ClampConfig({ outMax: 0 })] }).batchApply(batch);
    for (const point of batch) expect(Math.max(...point.values())).toBeLessThanOrEqual(0);
  });
});

describe("extractions", () => {
  it("Patch works with a great overlap (D33)", () => {
    using _scope = torch.scope();
    const patch = new Patch({ patchSize: 4, overlap: 0.9 });
    expect(patch.numSamplesPerImage({ participantId: "a", sessionId: "b", spatialShape: [5, 6, 7] })).toBe(2 * 3 * 4);
    expect(patch.positionOf([5, 6, 7], 23)).toEqual([1, 2, 3]);
  });

  it("Slice reads its table", () => {
    const dir = mkdtempSync(join(tmpdir(), "clinicadl-slices-"));
    try {
      const path = join(dir, "slices.tsv");
      writeFileSync(path, "participant_id\tsession_id\tslice_idx\nsub-1\tses-1\t4\nsub-1\tses-1\t2\n");
      const slice = new Slice({ tsvPath: path, sliceDirection: 1 });
      const outline = { participantId: "sub-1", sessionId: "ses-1", spatialShape: [5, 6, 7] as const };
      expect(slice.positions(outline)).toEqual([2, 4]);
      expect(() => slice.positions({ ...outline, sessionId: "ses-2" })).toThrow(/ses-2/);
      expect(() => slice.positions({ ...outline, spatialShape: [5, 3, 7] })).toThrow(/slices 0 to 2/);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it("Image is one sample", () => {
    expect(new Image().numSamplesPerImage()).toBe(1);
    expect(() => new Image().extract(new Point(), 1)).toThrow(RangeError);
    expect(() => new Image({ size: 3 } as never)).toThrow(/size/);
  });
});
