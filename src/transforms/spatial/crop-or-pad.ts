import { z } from "zod";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { shiftOrigin } from "../affine.ts";
import { perImage, transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";

const size = z.int().min(1);
const options = {
  targetShape: z.union([size.transform((n): [number, number, number] => [n, n, n]), z.tuple([size, size, size])]),
  paddingMode: z
    .union([z.number(), z.enum(["minimum", "maximum", "mean", "median", "edge", "reflect", "symmetric", "wrap"])])
    .default(0),
  maskName: z.null("Cropping around a mask is not offered: leave it out").default(null),
  labels: z.null("Cropping around a mask is not offered: leave it out").default(null),
};
type PaddingMode = z.output<typeof options.paddingMode>;

/**
 * Brings images and masks to `targetShape` (one size, or one for x, y and z) around their centre: what is too large is cropped, what
 * is too small is padded with `paddingMode`: a number (default 0), a statistic of the image, or a continuation of it (NumPy's names).
 * Where the difference is odd, the larger half is at the beginning. As TorchIO's `CropOrPad`.
 */
export class CropOrPadConfig extends transformConfig("CropOrPad", options) implements TransformConfig {
  getObject(): Transform {
    return perImage(this, "all", (image) => {
      const start: number[] = [];
      let tensor = image.tensor;
      this.targetShape.forEach((target, axis) => {
        const missing = target - (tensor.shape[axis + 1] ?? 0);
        const before = Math.ceil(Math.abs(missing) / 2);
        start.push(missing > 0 ? -before : before);
      });
      if (start.every((n) => n === 0)) return;
      const fill = fillValue(tensor, this.paddingMode);
      start.forEach((first, axis) => {
        const target = this.targetShape[axis] ?? 1;
        if (first >= 0) tensor = tensor.narrow(axis + 1, first, target);
        else if (fill === null) tensor = continued(tensor, axis + 1, first, target, this.paddingMode);
        else
          tensor = torch.constantPadNd(
            tensor,
            padding(axis, -first, target - (tensor.shape[axis + 1] ?? 0) + first),
            fill,
          );
      });
      image.tensor = tensor.contiguous();
      image.affine = shiftOrigin(image.affine, start);
    });
  }
}

/** libtorch lists paddings from the last axis. */
function padding(axis: number, before: number, after: number): number[] {
  const list = [0, 0, 0, 0, 0, 0];
  list[(2 - axis) * 2] = before;
  list[(2 - axis) * 2 + 1] = after;
  return list;
}

function fillValue(tensor: Tensor, mode: PaddingMode): number | null {
  if (typeof mode === "number") return mode;
  switch (mode) {
    case "minimum":
      return tensor.min().item();
    case "maximum":
      return tensor.max().item();
    case "mean":
      return tensor.to({ dtype: "float32" }).mean().item();
    case "median":
      return tensor.to({ dtype: "float32" }).flatten().quantile(0.5).item();
    case "edge":
    case "reflect":
    case "symmetric":
    case "wrap":
      return null;
  }
}

function continued(tensor: Tensor, dim: number, first: number, length: number, mode: PaddingMode): Tensor {
  const n = tensor.shape[dim] ?? 1;
  const modulo = (i: number, m: number): number => ((i % m) + m) % m;
  const source = (i: number): number => {
    if (mode === "wrap") return modulo(i, n);
    if (mode === "symmetric") {
      const at = modulo(i, 2 * n);
      return at < n ? at : 2 * n - 1 - at;
    }
    if (mode === "reflect" && n > 1) {
      const at = modulo(i, 2 * (n - 1));
      return at < n ? at : 2 * (n - 1) - at;
    }
    return Math.min(Math.max(i, 0), n - 1);
  };
  const indices = Array.from({ length }, (_, i) => source(first + i));
  return tensor.indexSelect(dim, torch.tensor(indices, { dtype: "int64" }));
}
