import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeNifti } from "../../io/nifti/index.ts";
import * as torch from "../../torch/index.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { compareTransform, goldenPoint } from "../fixtures/golden.ts";
import { Point } from "../fixtures/point.ts";
import { ResampleConfig, Rng, transformRegistry } from "../index.ts";

compareTransform("Resample");

const IDENTITY = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
let folder: string;
let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
  folder = mkdtempSync(join(tmpdir(), "clinicadl-resample-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  expect(torch.memory.live()).toEqual(before);
});

/** An image of which each voxel holds its place along the first axis, in millimetres, and a mask with other voxels. */
function ramp(): Point {
  const point = new Point();
  const line = torch.fromTypedArray(Float32Array.from({ length: 8 }, (_, i) => i)).reshape([1, 8, 1, 1]);
  point.add("image", "scalar", line.expand([1, 8, 4, 4]).contiguous(), IDENTITY);
  const wide = [2, 0, 0, 0.5, 0, 2, 0, 0.5, 0, 0, 2, 0.5, 0, 0, 0, 1];
  return point.add("mask", "label", torch.ones([1, 4, 2, 2], { dtype: "uint8" }), wide);
}

describe("Resample", () => {
  it("to an image of the data point, which stays as it is", () => {
    using _scope = torch.scope();
    const point = ramp();
    const { tensor } = point.image("image");
    new ResampleConfig({ target: "image" }).getObject().apply(point, new Rng(1));
    expect(point.image("image").tensor).toBe(tensor);
    expect(point.image("mask").tensor.shape).toEqual([1, 8, 4, 4]);
    expect(point.image("mask").tensor.dtype).toBe("uint8");
    expect([...point.image("mask").affine]).toEqual(IDENTITY);
    expect(new Set(point.values("mask"))).toEqual(new Set([1]));
  });

  it("to a file, whose header is read when the transform is made", () => {
    using _scope = torch.scope();
    const path = join(folder, "grid.nii.gz");
    const affine = Float64Array.from([0.5, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
    writeNifti(path, { data: new Float32Array(6), shape: [6, 1, 1], affine });
    const transform = new ResampleConfig({ target: path }).getObject();
    rmSync(path);
    const point = transform.apply(ramp(), new Rng(1));
    expect(point.values()).toEqual([1, 1.5, 2, 2.5, 3, 3.5]);
    expect([...point.image("image").affine]).toEqual([...affine]);
    expect(() => new ResampleConfig({ target: path }).getObject()).toThrow(/grid\.nii\.gz/);
  });

  it("to a shape and an affine, which are read from JSON again; what lies outside is 0", () => {
    using _scope = torch.scope();
    const config = new ResampleConfig({
      target: [
        [5, 1, 1],
        [
          [1, 0, 0, 5],
          [0, 1, 0, 0],
          [0, 0, 1, 0],
          [0, 0, 0, 1],
        ],
      ],
    });
    const again = transformRegistry.read("the test", "config", JSON.parse(JSON.stringify(config.toDict())));
    expect(again.toDict()).toEqual(config.toDict());
    expect(again.getObject().apply(ramp(), new Rng(1)).values()).toEqual([5, 6, 7, 0, 0]);
  });

  it("half-way between two voxels, the nearest is the one after", () => {
    using _scope = torch.scope();
    const half = new ResampleConfig({ target: [2, 4, 4], imageInterpolation: "nearest" }).getObject();
    expect(half.apply(ramp(), new Rng(1)).values()).toEqual([1, 3, 5, 7]);
  });

  it("to voxels larger than the image leaves one; of single slices, one", () => {
    using _scope = torch.scope();
    const point = new ResampleConfig({ target: 100 }).getObject().apply(ramp(), new Rng(1));
    expect(point.image("image").tensor.shape).toEqual([1, 1, 1, 1]);
    expect(point.values()).toEqual([3.5]);
  });

  it("says what a target is that it does not find, and whose image has no place", () => {
    using _scope = torch.scope();
    const applied = (target: ConstructorParameters<typeof ResampleConfig>[0], point = ramp()) => {
      return () => new ResampleConfig(target).getObject().apply(point, new Rng(1));
    };
    expect(applied({ target: "t1" })).toThrow(ImageError);
    expect(applied({ target: "t1" })).toThrow(/'image' of sub-1, ses-1.*'t1'.*'image', 'mask'.*NIfTI/);
    expect(applied({ target: 1e-4 })).toThrow(/80000×40000×40000 voxels/);
    const nowhere = goldenPoint(["image"]);
    nowhere.image("image").affine = new Float64Array(16);
    expect(applied({ target: [[2, 2, 2], rows(IDENTITY)] }, nowhere)).toThrow(/no inverse/);
    expect(applied({ target: 1 }, nowhere)).toThrow(/no inverse/);
    expect(() => new ResampleConfig({ target: 0 })).toThrow(/target/);
    expect(() => new ResampleConfig({ target: [[2, 2, 2], rows(new Array(16).fill(0))] })).toThrow(/affine/);
    expect(() => new ResampleConfig({ preAffineName: "mni" as never })).toThrow(/leave it out/);
  });
});

function rows(flat: readonly number[]): [Row, Row, Row, Row] {
  const row = (i: number): Row => [flat[i] ?? 0, flat[i + 1] ?? 0, flat[i + 2] ?? 0, flat[i + 3] ?? 0];
  return [row(0), row(4), row(8), row(12)];
}
type Row = [number, number, number, number];
