import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { Tensor } from "../../torch/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { goldenPoint, readGolden } from "../fixtures/golden.ts";
import { MergeFieldsConfig, Rng, transformRegistry } from "../index.ts";

interface Golden {
  readonly merged: readonly { config: JsonObject; kind: string; shape: number[]; data: number[] }[];
}
const { merged } = readGolden<Golden>("post.json");

let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

const all = ["image", "t2", "brain", "segmentation"];

describe("MergeFields, compared to the original", () => {
  it.each(merged.map((one) => [JSON.stringify(one.config), one] as const))("%s", (_, one) => {
    using _scope = torch.scope();
    const config = transformRegistry.read("the test", "config", one.config);
    expect(config.toDict()).toEqual(one.config);
    const point = config.getObject().apply(goldenPoint(all), new Rng(0));
    const image = point.image("merged");
    expect(image.kind).toBe(one.kind);
    expect(image.tensor.shape).toEqual(one.shape);
    expect(point.values("merged")).toEqual(one.data);
    expect([...image.affine]).toEqual([...point.image("image").affine]);
  });
});

const mergedOf = (...keys: string[]): unknown => {
  const point = goldenPoint(all);
  point.setField("age", 55);
  point.setField("sex", "M");
  point.setField("list", [1, [2]]);
  point.setField("one", torch.zeros([2]));
  point.setField("two", torch.ones([2]));
  point.setField("three", torch.ones([3]));
  return new MergeFieldsConfig({ keys, outputKey: "merged" }).getObject().apply(point, new Rng(0)).getField("merged");
};

it("stacks tensors, joins lists, and lists anything else", () => {
  using _scope = torch.scope();
  const stacked = mergedOf("one", "two");
  if (!(stacked instanceof Tensor)) throw new Error("no tensor");
  expect(stacked.shape).toEqual([2, 2]);
  expect(stacked.flatten().toNumbers()).toEqual([0, 0, 1, 1]);
  expect(mergedOf("age", "sex")).toEqual([55, "M"]);
  expect(mergedOf("list", "list")).toEqual([1, [2], 1, [2]]);
  expect(mergedOf("age")).toEqual([55]);
});

it("says what cannot be merged", () => {
  using _scope = torch.scope();
  expect(() => mergedOf("nope", "age")).toThrow(/'nope', which does not exist in sub-1, ses-1/);
  expect(() => mergedOf("one", "three")).toThrow(/'three' of sub-1, ses-1 has the shape \(3\), and 'one' \(2\)/);
  const apply = (change: (point: ReturnType<typeof goldenPoint>) => void) => () => {
    const point = goldenPoint(all);
    change(point);
    new MergeFieldsConfig({ keys: ["image", "brain"], outputKey: "merged" }).getObject().apply(point, new Rng(0));
  };
  expect(
    apply((point) => {
      point.image("brain").tensor = torch.ones([1, 5, 6, 6]);
    }),
  ).toThrow(/'brain' of sub-1, ses-1 has 5×6×6 voxels, and 'image' 5×6×7/);
  expect(
    apply((point) => {
      point.image("brain").affine = Float64Array.from(point.image("brain").affine, (v) => v * 2);
    }),
  ).toThrow(/'brain' .* elsewhere than 'image'/);
  expect(() => new MergeFieldsConfig({ keys: [], outputKey: "x" })).toThrow(/keys/);
  expect(() => new MergeFieldsConfig({ keys: ["a"] } as never)).toThrow(/outputKey/);
});
