import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { forgetWarnings, receiveWarnings } from "../../utils/warnings.ts";
import { alignMask } from "./alignment.ts";
import { LabelMap, ScalarImage } from "./images.ts";

interface Golden {
  image: { shape: [number, number, number]; affine: number[] };
  cases: { name: string; shape: number[]; affine: number[]; labels: number[]; resampled: number[] }[];
}
const golden = JSON.parse(readFileSync(new URL("./golden/alignment.json", import.meta.url), "utf8")) as Golden;

let warnings: string[] = [];
let live = torch.memory.live();
beforeEach(() => {
  warnings = [];
  forgetWarnings();
  receiveWarnings((message) => warnings.push(message));
  live = torch.memory.live();
});
afterEach(() => expect(torch.memory.live()).toEqual(live));

const straight = [2, 0, 0, -10, 0, 3, 0, 5, 0, 0, 1.5, 7, 0, 0, 0, 1];
/** The same grid, walked from the other end of x, and with y and z exchanged. */
const turned = [-2, 0, 0, -4, 0, 0, 3, 5, 0, 1.5, 0, 7, 0, 0, 0, 1];
const shape = [4, 3, 5] as const;
const values = Int16Array.from({ length: 4 * 3 * 5 }, (_, i) => i);

const image = (affine = straight): ScalarImage => new ScalarImage(torch.zeros([1, ...shape]), affine);
const mask = (affine: number[], data = values, size: readonly number[] = shape): LabelMap =>
  new LabelMap(torch.fromTypedArray(data, [1, ...size]), affine);
const align = (own: LabelMap, to: ScalarImage, resample = false): LabelMap =>
  alignMask({ image: own, file: "mask.nii" }, { image: to, file: "image.nii" }, { name: "brain", resample });
const refused = (own: LabelMap, resample = false): string => {
  using to = image();
  try {
    align(own, to, resample);
  } catch (error) {
    expect(error).toBeInstanceOf(ImageError);
    if (!own.tensor.disposed) own.dispose();
    return (error as Error).message;
  }
  throw new Error("no error was thrown");
};

describe("a mask", () => {
  it("that lies on its image is left as it is, with the image's affine to the last bit", () => {
    const near = straight.map((value) => value * 1.0005);
    near[1] = 1e-3;
    using to = image();
    using got = align(mask(near), to);
    expect(got.tensor.toTypedArray()).toEqual(values);
    expect(got.affine).toEqual(to.affine);
    expect(warnings).toEqual([]);
  });

  it("whose axes run in another order or direction is reordered, and it is said once", () => {
    // voxel (x, y, z) of the image is voxel (3 - x, z, y) of the mask
    const data = new Int16Array(values.length);
    for (let x = 0; x < 4; x++) {
      for (let y = 0; y < 3; y++) {
        for (let z = 0; z < 5; z++) data[((3 - x) * 5 + z) * 3 + y] = values[(x * 3 + y) * 5 + z] ?? 0;
      }
    }
    using to = image();
    for (let i = 0; i < 2; i++) {
      using got = align(mask(turned, data, [4, 5, 3]), to);
      expect(got.tensor.shape).toEqual([1, ...shape]);
      expect(got.tensor.toTypedArray()).toEqual(values);
      expect(got.affine).toEqual(to.affine);
    }
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/mask 'brain' are in another order.* mask\.nii is LSA, image\.nii is RAS/);
  });

  it("in another place, of another shape, or of one voxel is refused, with both files, shapes and affines", () => {
    const moved = [...straight];
    moved[3] = 90;
    expect(refused(mask(moved))).toBe(
      `The mask 'brain' does not lie on its image: mask.nii has 4×3×5 voxels and the affine [[2, 0, 0, 90], [0, 3, 0, 5], [0, 0, 1.5, 7]], and image.nii has 4×3×5 voxels and the affine [[2, 0, 0, -10], [0, 3, 0, 5], [0, 0, 1.5, 7]]. Use a mask made for this image, or resample masks to it: new BidsDataset({ …, resampleMasks: "toImage" }).`,
    );
    expect(refused(mask(straight, values.subarray(0, 45), [3, 3, 5]))).toMatch(/mask\.nii has 3×3×5 voxels/);
    expect(refused(mask(straight, values.subarray(0, 15), [1, 3, 5]))).toMatch(/mask\.nii has 1×3×5 voxels/);
    // turned the right way, but not on the same voxels then
    const flippedAndMoved = [...turned];
    flippedAndMoved[3] = -3;
    expect(refused(mask(flippedAndMoved, values, [4, 5, 3]))).toMatch(/does not lie on its image/);
    expect(warnings).toEqual([]);
  });

  it("is resampled on request, but not from nothing", () => {
    const far = [...straight];
    far[3] = 1000;
    expect(refused(mask(far), true)).toMatch(/cannot be resampled to its image, which it does not reach: mask\.nii/);
  });
});

describe("resampling, as TorchIO", () => {
  it.each(golden.cases.map((c) => [c.name, c] as const))("%s", (_, c) => {
    using to = new ScalarImage(torch.zeros([1, ...golden.image.shape]), golden.image.affine);
    for (const dtype of ["int32", "int64", "uint8", "float64"] as const) {
      const labels = torch.fromTypedArray(Int32Array.from(c.labels), [2, ...c.shape], { dtype });
      using got = align(new LabelMap(labels, c.affine), to, true);
      expect([got.tensor.dtype, got.tensor.shape]).toEqual([dtype, [2, ...golden.image.shape]]);
      expect(Array.from(got.tensor.toTypedArray(), Number)).toEqual(c.resampled);
      expect(Array.from(got.affine)).toEqual(golden.image.affine);
    }
  });
});
