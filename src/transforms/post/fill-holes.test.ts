import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareOutput, pointWith, transformed } from "../fixtures/outputs.ts";
import { FillHolesConfig, Rng } from "../index.ts";

compareOutput("FillHoles");

it("keeps the type of the numbers, and images that are full or one voxel wide", () => {
  const live = torch.memory.live();
  {
    using _scope = torch.scope();
    const ring = torch.ones([1, 3, 3, 3]);
    ring.narrow(1, 1, 1).narrow(2, 1, 1).narrow(3, 1, 1).fill_(0);
    for (const dtype of ["bool", "uint8", "int64", "float64"] as const) {
      const filled = transformed(new FillHolesConfig({ include: ["output"] }), ring.to({ dtype }));
      expect(filled.dtype).toBe(dtype);
      expect(filled.to({ dtype: "int64" }).sum().item()).toBe(27);
      // along an axis of size 1 everything is at the border
      const slice = ring.narrow(1, 1, 1).to({ dtype });
      expect(transformed(new FillHolesConfig({ include: ["output"] }), slice).equal(slice)).toBe(true);
      expect(
        transformed(new FillHolesConfig({ include: ["output"] }), slice.squeeze(1))
          .to({ dtype: "int64" })
          .sum()
          .item(),
      ).toBe(9);
    }
    const apply = (value: number, options: object) => () =>
      new FillHolesConfig({ include: ["output"], ...options })
        .getObject()
        .apply(pointWith(torch.full([1, 3, 3], value)), new Rng(0));
    expect(apply(-2, {})).toThrow(/'output' of sub-1, ses-1 holds -2/);
    expect(apply(Number.NaN, {})).toThrow(/holds NaN/);
    expect(apply(1, { connectivity: 3 })).toThrow(/'connectivity' is 3/);
    expect(() => new FillHolesConfig({ appliedLabels: -1 })).toThrow(/appliedLabels/);
  }
  expect(torch.memory.live()).toEqual(live);
});
