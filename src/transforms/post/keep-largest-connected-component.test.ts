import { afterAll, beforeAll, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { ConfigError, ImageError } from "../../utils/exceptions.ts";
import { compareOutput, pointWith, transformed } from "../fixtures/outputs.ts";
import { KeepLargestConnectedComponentConfig, Rng } from "../index.ts";

compareOutput("KeepLargestConnectedComponent");

let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

const include = ["output"];
const kept = (values: number[][], options: object, dtype: torch.DType = "float32") => {
  const made = transformed(
    new KeepLargestConnectedComponentConfig({ include, ...options }),
    torch.tensor([values]).to({ dtype }),
  );
  expect(made.dtype).toBe(dtype);
  return made.squeeze(0).toNumbers();
};

it("of objects of one size keeps the last, in every type of numbers", () => {
  using _scope = torch.scope();
  const image = [
    [1, 0, 2, 0, 1],
    [1, 0, 2, 0, 1],
  ];
  for (const dtype of ["uint8", "int64", "float32", "float64"] as const)
    expect(kept(image, {}, dtype)).toEqual([0, 0, 2, 0, 1, 0, 0, 2, 0, 1]);
  expect(kept(image, { independent: false })).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  expect(kept([[1, 1, 0, 1]], {}, "bool")).toEqual([1, 1, 0, 0]);
  expect(kept([[0, 0]], {})).toEqual([0, 0]);
  expect(kept([[1, 1]], {})).toEqual([1, 1]);
});

it("says what is wrong, and whose", () => {
  using _scope = torch.scope();
  const of = (shape: number[], value: number, options: object) => () =>
    new KeepLargestConnectedComponentConfig({ include, ...options })
      .getObject()
      .apply(pointWith(torch.full(shape, value)), new Rng(0));
  expect(of([1, 3, 3], -1, {})).toThrow(ImageError);
  expect(of([1, 3, 3], -1, {})).toThrow(/'output' of sub-1, ses-1 holds -1, which is no label/);
  expect(of([1, 3, 3], 0.5, {})).toThrow(/holds 0.5/);
  expect(of([1, 3, 3], Number.NaN, {})).toThrow(/holds NaN/);
  expect(of([2, 3, 3], Number.NaN, {})).toThrow(/holds NaN/);
  expect(of([2, 3, 3], 1, { isOnehot: false })).toThrow(/2 channels/);
  expect(of([2, 3, 3], 1, { appliedLabels: [1, 2] })).toThrow(/2 channels.*names 2/);
  expect(of([1, 3, 3], 1, { connectivity: 3 })).toThrow(/2 spatial dimensions.*3/);
  expect(of([3], 1, {})).toThrow(/shape \(3\)/);
  for (const options of [{ numComponents: 0 }, { connectivity: 4 }, { appliedLabels: [-1] }, { appliedLabels: [] }])
    expect(() => new KeepLargestConnectedComponentConfig(options as never)).toThrow(ConfigError);
});
