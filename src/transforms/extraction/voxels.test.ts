import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { Rng } from "../types.ts";
import { complementOf, drawVoxel, type VoxelSet, voxelSet } from "./voxels.ts";

expectNothingLeft();

/** (C, 3, 4, 600): rows longer than a byte can count, of labels from 0 to 4. */
const labels = (channels: number, dtype: torch.DType): Tensor =>
  torch
    .arange(channels * 3 * 4 * 600, { dtype: "int64" })
    .mul(7919)
    .remainder(101)
    .remainder(5)
    .view([channels, 3, 4, 600])
    .to({ dtype });

const rowsOf = (inside: Tensor): number[] => Array.from(inside.any(0).sum([2]).view([-1]).toTypedArray(), Number);

describe("voxelSet", () => {
  it.each(["uint8", "int8", "int16", "int32", "int64", "float32", "float64", "float16"] as const)(
    "counts the voxels of each row: %s",
    (dtype) => {
      using _scope = torch.scope();
      for (const channels of [1, 2]) {
        const mask = labels(channels, dtype);
        expect([...voxelSet(mask, null).rows]).toEqual(rowsOf(mask.ne(0)));
        expect([...voxelSet(mask, 3).rows]).toEqual(rowsOf(mask.eq(3)));
        expect(voxelSet(mask, 0).count).toBe(mask.eq(0).any(0).sum().item());
        const outside = complementOf(voxelSet(mask, null));
        expect([...outside.rows]).toEqual(rowsOf(mask.ne(0).any(0).logicalNot().unsqueeze(0)));
      }
    },
  );

  it.each([
    ["uint8", 259],
    ["int8", 131],
    ["bool", 2],
    ["float16", 70_000],
    ["int64", 2 ** 60],
  ] as const)(
    "of %s has no voxels of the label %i, which the type does not hold or the image not have",
    (dtype, label) => {
      using _scope = torch.scope();
      expect(voxelSet(labels(1, dtype), label).count).toBe(0);
    },
  );

  it("takes NaN for something", () => {
    using _scope = torch.scope();
    expect(voxelSet(torch.tensor([[[[0, Number.NaN, 1]]]]), null).count).toBe(2);
  });
});

describe("drawVoxel", () => {
  it("gives the voxel of the drawn number, counted row by row", () => {
    using _scope = torch.scope();
    const mask = labels(1, "uint8");
    const flat = Array.from(mask.view([-1]).toTypedArray(), Number);
    const places = (is: (label: number) => boolean): number[] => [...flat.keys()].filter((i) => is(flat[i] ?? 0));
    const sets: [VoxelSet, number[]][] = [
      [voxelSet(mask, 3), places((label) => label === 3)],
      [voxelSet(mask, null), places((label) => label !== 0)],
      [complementOf(voxelSet(mask, null)), places((label) => label === 0)],
    ];
    for (const [set, all] of sets) {
      expect(set.count).toBe(all.length);
      for (let seed = 0; seed < 50; seed++) {
        const [i, j, k] = drawVoxel(set, new Rng(seed));
        expect((i * 4 + j) * 600 + k).toBe(all[new Rng(seed).integer(all.length)]);
      }
    }
  });
});
