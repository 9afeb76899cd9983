import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareTransform, goldenPoint } from "../fixtures/golden.ts";
import { Point } from "../fixtures/point.ts";
import { ResizeConfig, Rng } from "../index.ts";

compareTransform("Resize");

let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

describe("Resize", () => {
  it("always gives the number of voxels that was asked for, in the same part of space", () => {
    using _scope = torch.scope();
    // 0.7 is no number of float64: TorchIO may find a voxel less, and pads with zeros
    const affine = [0.7, 0, 0, 10, 0, 0.7, 0, 20, 0, 0, 0.7, 30, 0, 0, 0, 1];
    const resize = new ResizeConfig({ targetShape: [7, -1, 3] }).getObject();
    for (let n = 1; n < 12; n++) {
      const image = resize
        .apply(new Point().add("image", "scalar", torch.ones([1, n, 4, n]), affine), new Rng(1))
        .image("image");
      expect(image.tensor.shape).toEqual([1, 7, 4, 3]);
      expect(image.tensor.min().item()).toBe(1);
      const edges = (i: number, size: number): number[] => {
        const [step = 0, start = 0] = [image.affine[i * 5], image.affine[i * 4 + 3]];
        return [start - step / 2, start + step * (size - 0.5)];
      };
      expect(edges(0, 7)[0]).toBeCloseTo(9.65, 9);
      expect(edges(0, 7)[1]).toBeCloseTo(9.65 + 0.7 * n, 9);
      expect(edges(1, 4)[1]).toBeCloseTo(19.65 + 2.8, 9);
    }
  });

  it("takes each image as it is: an axis that stays is that image's own", () => {
    using _scope = torch.scope();
    const resize = new ResizeConfig({ targetShape: [2, -1, 2] }).getObject();
    const shapeOf = (n: number) => {
      const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
      const point = new Point().add("image", "scalar", torch.zeros([1, 3, n, 3]), identity);
      return resize.apply(point, new Rng(1)).image("image").tensor.shape;
    };
    expect([shapeOf(4), shapeOf(6)]).toEqual([
      [1, 2, 4, 2],
      [1, 2, 6, 2],
    ]);
  });

  it("leaves masks of integers what they are, and takes 'cubic' for 'bspline'", () => {
    using _scope = torch.scope();
    const point = goldenPoint(["image", "segmentation"]);
    const labels = point.image("segmentation");
    labels.tensor = labels.tensor.to({ dtype: "uint8" });
    const made = (imageInterpolation: "cubic" | "bspline") =>
      new ResizeConfig({ targetShape: 4, imageInterpolation, copy: true }).getObject().apply(point, new Rng(1));
    expect(made("cubic").values()).toEqual(made("bspline").values());
    expect(made("cubic").image("segmentation").tensor.dtype).toBe("uint8");
    expect(made("cubic").image("image").tensor.dtype).toBe("float32");
  });

  it("refuses sizes that are none, and interpolations that it does not know", () => {
    expect(() => new ResizeConfig({ targetShape: 0 })).toThrow(/targetShape/);
    expect(() => new ResizeConfig({ targetShape: [4, 4, -2] })).toThrow(/targetShape/);
    expect(() => new ResizeConfig({ targetShape: 4, imageInterpolation: "sinc" as never })).toThrow(
      /imageInterpolation.*lanczos/,
    );
  });
});
