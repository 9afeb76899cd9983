import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import type { Pixels } from "../../utils/png.ts";
import { DataPoint, LabelMap, ScalarImage } from "./index.ts";
import { pictureOf } from "./plot.ts";

const SHAPE = [5, 7, 9] as const;
const MILLIMETRES = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/** 0 but for a voxel of 1. */
function dot(x: number, y: number, z: number): torch.Tensor {
  const values = new Float32Array(SHAPE[0] * SHAPE[1] * SHAPE[2]);
  values[(x * SHAPE[1] + y) * SHAPE[2] + z] = 1;
  return torch.fromTypedArray(values, [1, ...SHAPE]);
}
/** Column and row of the white pixels. */
function white({ width, rgb }: Pixels): [number, number][] {
  return [...rgb].flatMap((value, i): [number, number][] =>
    i % 3 === 0 && value === 255 ? [[(i / 3) % width, Math.floor(i / 3 / width)]] : [],
  );
}

it("has right at the right, front at the right of the sagittal plane, up at the top", () => {
  using _scope = torch.scope();
  const range = [0, 1] as const;
  const all = pictureOf(new ScalarImage(dot(2, 3, 4)), [], { range });
  expect([all.width, all.height]).toEqual([7 + 2 + 5 + 2 + 5, 9]);
  const middle = [
    [3, 4],
    [9 + 2, 4],
    [16 + 2, 1 + 3],
  ];
  expect(white(all).sort((a, b) => a[0] - b[0])).toEqual(middle);
  expect(white(pictureOf(new ScalarImage(dot(4, 3, 8)), [], { planes: ["coronal"], range }))).toEqual([[4, 0]]);
  expect(white(pictureOf(new ScalarImage(dot(0, 6, 4)), [], { planes: ["axial"], range }))).toEqual([[0, 0]]);
  expect(white(pictureOf(new ScalarImage(dot(2, 6, 0)), [], { planes: ["sagittal"], range }))).toEqual([[6, 8]]);
});

it("is of the place, not of the order of the voxels, and in pixels of the smallest voxel size", () => {
  using _scope = torch.scope();
  const image = new ScalarImage(torch.rand([1, ...SHAPE]), [1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  const straight = pictureOf(image, [], {});
  expect([straight.width, straight.height]).toEqual([14 + 2 + 5 + 2 + 5, 14]);
  // to the left, and z before y
  const turned = new ScalarImage(
    image.tensor.flip([1]).permute([0, 1, 3, 2]),
    [-1, 0, 0, 4, 0, 0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 1],
  );
  expect(pictureOf(turned, [], {})).toEqual(straight);
});

it("lays masks over it, has black where there is no number, and one plane of a slice", () => {
  const live = torch.memory.live().tensors;
  const dir = mkdtempSync(join(tmpdir(), "plot-"));
  {
    using _scope = torch.scope();
    const voxels = torch.ones([1, 2, 2, 1]);
    voxels.select(1, 0).fill_(Number.NaN);
    const mask = torch.zeros([1, 2, 2, 1], { dtype: "uint8" });
    mask.select(1, 1).select(1, 1).fill_(2);
    const point = new DataPoint({
      image: new ScalarImage(voxels, MILLIMETRES),
      participantId: "sub-001",
      sessionId: "ses-M000",
      images: { left: new LabelMap(mask, MILLIMETRES) },
    });
    const before = torch.memory.live().tensors;
    const { width, height, rgb } = pictureOf(point.image, [point.getImage("left")], { range: [0, 1] });
    expect([width, height]).toEqual([2, 2]);
    const blue = [86, 180, 233].map((value) => Math.floor(127.5 + value / 2));
    expect([...rgb]).toEqual([0, 0, 0, ...blue, 0, 0, 0, 255, 255, 255]);
    point.plot(join(dir, "a.png"), { masks: ["left"] });
    expect(readFileSync(join(dir, "a.png")).subarray(1, 4).toString()).toBe("PNG");
    expect(() => point.plot(join(dir, "a.png"), { masks: ["right"] })).toThrow(/no image 'right'/);
    // @ts-expect-error
    expect(() => point.plot(join(dir, "a.png"), { mask: ["left"] })).toThrow(/unknown option 'mask'/);
    expect(torch.memory.live().tensors).toBe(before);
  }
  rmSync(dir, { recursive: true });
  expect(torch.memory.live().tensors).toBe(live);
});
