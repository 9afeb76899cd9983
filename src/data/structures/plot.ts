/** Pictures of images: planes through their middle. */
import { spacingOf } from "../../io/nifti/index.ts";
import * as torch from "../../torch/index.ts";
import { orientationOf } from "../../transforms/affine.ts";
import { percentileOf } from "../../transforms/masking.ts";
import { reorient } from "../../transforms/reorient.ts";
import type { ImageLike } from "../../transforms/types.ts";
import type { Pixels } from "../../utils/png.ts";

/** The planes of a brain: seen from the right, from the front, from above; left is left. */
const PLANES = ["sagittal", "coronal", "axial"] as const;
export type Plane = (typeof PLANES)[number];
/** Along which axis (right, front, up) one looks, and which axes run to the right and up in the picture. */
const AXES = { sagittal: [0, 1, 2], coronal: [1, 0, 2], axial: [2, 0, 1] } as const;

/** Colours of masks that people tell apart who see red and green alike (Okabe and Ito 2008). */
const COLOURS = [
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [204, 121, 167],
  [213, 94, 0],
] as const;
const MASK_SHARE = 0.5;
const GAP = 2;

export interface PictureOptions {
  /** Which planes, beside each other. Default: all; of an image with an axis of one voxel the one that it is. */
  readonly planes?: readonly Plane[];
  /** Intensities that are black and white. Default: the 1st and the 99th percentile of what is shown. */
  readonly range?: readonly [low: number, high: number];
}

/**
 * Planes through the middle of an image, with masks over it: pixels of the smallest voxel size, by linear interpolation. The image may lie in any
 * direction; of several channels the first is shown. What is not a number is black.
 */
export function pictureOf(image: ImageLike, masks: readonly ImageLike[], { planes, range }: PictureOptions): Pixels {
  using _scope = torch.scope();
  using _grad = torch.noGrad();
  const [straight, ...over] = [image, ...masks].map((one) => canonical(one));
  if (straight === undefined) throw new TypeError("there is no image");
  const shape = straight.tensor.shape.slice(1);
  const flat = PLANES.filter((plane) => shape[AXES[plane][0]] === 1);
  const shown = planes ?? (flat.length === 1 ? flat : PLANES);
  const cuts = shown.map((plane) => planeOf(straight, plane, "bilinear"));
  const [low, high] = range ?? contrastOf(torch.cat(cuts.map((cut) => cut.flatten())));
  const parts = cuts.map((cut, i) => ({
    grey: cut
      .sub(low)
      .div(Math.max(high - low, 1e-12))
      .clamp(0, 1)
      .nanToNum(0),
    masks: over.map((mask) => planeOf(mask, shown[i] ?? "axial", "nearest-exact")),
  }));
  const height = Math.max(...parts.map(({ grey }) => grey.shape[0] ?? 0));
  const width = parts.reduce((sum, { grey }) => sum + (grey.shape[1] ?? 0), GAP * (parts.length - 1));
  const rgb = new Uint8Array(width * height * 3);
  let left = 0;
  for (const { grey, masks: labels } of parts) {
    const [rows = 0, columns = 0] = grey.shape;
    const top = (height - rows) >> 1;
    const values = grey.mul(255).round().contiguous().toTypedArray();
    const colours = labels.map((one) => one.contiguous().toTypedArray());
    for (let i = 0; i < rows * columns; i++) {
      const at = ((top + Math.floor(i / columns)) * width + left + (i % columns)) * 3;
      const value = Number(values[i]);
      const label = Number(colours.findLast((one) => one[i] !== 0)?.[i] ?? 0);
      const colour = label === 0 ? undefined : COLOURS[(Math.abs(Math.round(label)) - 1) % COLOURS.length];
      for (let c = 0; c < 3; c++) {
        rgb[at + c] = colour === undefined ? value : (1 - MASK_SHARE) * value + MASK_SHARE * (colour[c] ?? 0);
      }
    }
    left += columns + GAP;
  }
  return { width, height, rgb };
}

/** The same image with its axes to the right, the front and up; nothing of the given one is changed. */
function canonical({ kind, tensor, affine }: ImageLike): ImageLike {
  const copy: ImageLike = { kind, tensor: tensor.narrow(0, 0, 1), affine };
  reorient(copy, orientationOf(affine));
  return copy;
}

/** Black and white: the percentiles of what is shown, so that a few bright voxels do not make all others dark. */
function contrastOf(values: torch.Tensor): [number, number] {
  const numbers = values.maskedSelect(values.isfinite());
  if (numbers.numel() === 0) return [0, 1];
  const [sorted] = numbers.sort();
  return [percentileOf(sorted, 1), percentileOf(sorted, 99)];
}

/** The middle plane, its rows from the top, in pixels of the smallest voxel size of the image. */
function planeOf({ tensor, affine }: ImageLike, plane: Plane, mode: "bilinear" | "nearest-exact"): torch.Tensor {
  const [through, across, up] = AXES[plane];
  const sizes = spacingOf(affine);
  const smallest = Math.min(...sizes);
  const middle = (tensor.shape[through + 1] ?? 1) >> 1;
  const cut = tensor
    .select(through + 1, middle)
    .select(0, 0)
    .to({ dtype: "float32" });
  // what is left of the three axes is in their order: the vertical one is to come first, from the top
  const upright = (across < up ? cut.t() : cut).flip([0]);
  const pixels = [up, across].map((axis) =>
    Math.max(1, Math.round(((tensor.shape[axis + 1] ?? 1) * (sizes[axis] ?? 1)) / smallest)),
  );
  return new torch.nn.Upsample({ size: pixels, mode }).forward(upright.unsqueeze(0).unsqueeze(0)).squeeze(0).squeeze(0);
}
