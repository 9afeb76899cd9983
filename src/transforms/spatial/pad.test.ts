import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { say } from "../../utils/output.ts";
import { forgetWarnings, receiveWarnings } from "../../utils/warnings.ts";
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

it("says that a mask gets a label beyond its border, and refuses one that it cannot hold", () => {
  const live = torch.memory.live();
  const warnings: string[] = [];
  receiveWarnings((message) => void warnings.push(message));
  const padded = (dtype: torch.DType, options: ConstructorParameters<typeof PadConfig>[0]): number[] => {
    using _scope = torch.scope();
    const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    const point = new Point().add("image", "scalar", torch.ones([1, 1, 1, 2]), affine);
    point.add("seg", "label", torch.tensor([3, 3], { dtype }).reshape([1, 1, 1, 2]), affine);
    return new PadConfig(options).getObject().apply(point, new Rng(0)).image("seg").tensor.flatten().toNumbers();
  };
  const padding = [0, 0, 0, 0, 0, 1] as const;
  try {
    expect(padded("uint8", { padding: [...padding] })).toEqual([3, 3, 0]);
    expect(padded("uint8", { padding: [...padding], paddingMode: "edge" })).toEqual([3, 3, 3]);
    expect(padded("uint8", { padding: [...padding], paddingMode: 255, include: ["seg"] })).toEqual([3, 3, 255]);
    expect(padded("uint8", { padding: [...padding], paddingMode: -1, include: ["image"] })).toEqual([3, 3]);
    expect(warnings).toEqual([]);
    for (let i = 0; i < 2; i++) {
      expect(padded("int16", { padding: [...padding], paddingMode: "mean" })).toEqual([3, 3, 3]);
    }
    expect(warnings).toEqual([
      expect.stringMatching(/^Pad: the mask 'seg' is padded with "mean".* the label 3 .*'include'/),
    ]);
    for (const [dtype, paddingMode] of [
      ["uint8", -1],
      ["uint8", 256],
      ["int8", -129],
      ["int16", 32768],
    ] as const) {
      expect(() => padded(dtype, { padding: [...padding], paddingMode })).toThrow(
        `is a mask of ${dtype}, and cannot be padded with ${paddingMode}. Name the images`,
      );
    }
  } finally {
    receiveWarnings((message) => say(`Warning: ${message}`));
    forgetWarnings();
  }
  expect(torch.memory.live()).toEqual(live);
});
