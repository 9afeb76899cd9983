import { afterAll, beforeAll, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareOutput, pointWith, transformed } from "../fixtures/outputs.ts";
import { Point } from "../fixtures/point.ts";
import { RemoveSmallObjectsConfig, Rng } from "../index.ts";

compareOutput("RemoveSmallObjects");

let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

it("counts the voxels of objects, not of labels; channels are by themselves, or together", () => {
  using _scope = torch.scope();
  const include = ["output"];
  const removed = (values: number[][], options: object) =>
    transformed(new RemoveSmallObjectsConfig({ include, ...options }), torch.tensor(values)).toNumbers();
  expect(removed([[2, 2, 0, 2, 1, 1]], { minSize: 2 })).toEqual([2, 2, 0, 0, 1, 1]);
  const two = [
    [1, 1, 0, 0, 1],
    [0, 1, 1, 0, 0],
  ];
  expect(removed(two, { minSize: 3 })).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(removed(two, { minSize: 3, independentChannels: false })).toEqual([1, 1, 0, 0, 0, 0, 1, 1, 0, 0]);
  expect(removed([[1, 1]], { minSize: 3 })).toEqual([0, 0]);
});

it("measures in millimetres, by the image's own voxel sizes", () => {
  using _scope = torch.scope();
  const apply = (minSize: number) => {
    const point = new Point();
    point.add("mask", "label", torch.tensor([[[[1, 1, 0, 1]]]]), [2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1.5, 0, 0, 0, 0, 1]);
    return new RemoveSmallObjectsConfig({ minSize, byMeasure: true })
      .getObject()
      .apply(point, new Rng(0))
      .values("mask");
  };
  expect(apply(3)).toEqual([1, 1, 0, 1]);
  expect(apply(4)).toEqual([1, 1, 0, 0]);
  expect(apply(7)).toEqual([0, 0, 0, 0]);
  const output =
    (options: object, value = 1) =>
    () =>
      new RemoveSmallObjectsConfig({ include: ["output"], ...options })
        .getObject()
        .apply(pointWith(torch.full([1, 2, 2], value)), new Rng(0));
  expect(output({ byMeasure: true })).toThrow(/'output' of sub-1, ses-1 is no image.*'pixdim'/);
  expect(output({ byMeasure: true, pixdim: [1, 2, 3] })).toThrow(/2 spatial dimensions, and 'pixdim' 3 numbers/);
  expect(output({}, -1)).toThrow(/holds -1/);
  expect(() => new RemoveSmallObjectsConfig({ pixdim: 0 })).toThrow(/pixdim/);
  expect(() => new RemoveSmallObjectsConfig({ minSize: 1.5 })).toThrow(/minSize/);
});
