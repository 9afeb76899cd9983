import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareTransform } from "../fixtures/golden.ts";
import { Point } from "../fixtures/point.ts";
import { PadConfig, Rng } from "../index.ts";

compareTransform("Pad");

it("ramps of whole numbers are NumPy's", () => {
  const live = torch.memory.live();
  {
    using _scope = torch.scope();
    const values = torch.tensor([5, -7, 3], { dtype: "int64" }).reshape([1, 1, 1, 3]);
    const point = new Point().add("image", "label", values, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
    const padded = new PadConfig({ padding: [0, 0, 0, 0, 3, 4], paddingMode: "linear_ramp" });
    expect(padded.getObject().apply(point, new Rng(0)).values()).toEqual([0, 1, 3, 5, -7, 3, 2, 1, 0, 0]);
    expect(point.image("image").tensor.dtype).toBe("int64");
    const long = torch.full([1, 1, 1, 1], 49, { dtype: "int64" });
    const other = new Point().add("image", "label", long, [...point.image("image").affine]);
    const ramp = new PadConfig({ padding: [0, 0, 0, 0, 49, 0], paddingMode: "linear_ramp" });
    expect(ramp.getObject().apply(other, new Rng(0)).values()).toEqual(Array.from({ length: 50 }, (_, i) => i));
  }
  expect(torch.memory.live()).toEqual(live);
});
