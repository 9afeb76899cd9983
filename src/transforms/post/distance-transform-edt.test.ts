import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareOutput, pointWith } from "../fixtures/outputs.ts";
import { DistanceTransformEDTConfig, Rng } from "../index.ts";

// float32 of squares, sums and a root, each of which is rounded
compareOutput("DistanceTransformEDT", { share: 3e-7 });

it("says where there is no distance, and whose it is", () => {
  const live = torch.memory.live();
  {
    using _scope = torch.scope();
    const apply =
      (output: torch.Tensor, sampling: number | number[] | null = null) =>
      () =>
        new DistanceTransformEDTConfig({ include: ["output"], sampling })
          .getObject()
          .apply(pointWith(output), new Rng(0));
    expect(apply(torch.cat([torch.zeros([1, 3, 3]), torch.ones([1, 3, 3])]))).toThrow(
      /'output' of sub-1, ses-1 has no voxel that is 0 in channel 1/,
    );
    expect(apply(torch.full([1, 3, 3], Number.NaN))).toThrow(/NaN/);
    expect(apply(torch.zeros([1, 3, 3]), [1, 1, 1])).toThrow(/2 spatial dimensions, and 'sampling' 3 numbers/);
    expect(apply(torch.zeros([3]))).toThrow(/shape \(3\)/);
    expect(() => new DistanceTransformEDTConfig({ sampling: 0 })).toThrow(/sampling/);
  }
  expect(torch.memory.live()).toEqual(live);
});
