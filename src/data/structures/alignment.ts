import * as torch from "../../torch/index.ts";
import { type AxisDirection, orientationOf, sameAffine, voxelMap } from "../../transforms/affine.ts";
import { reorient } from "../../transforms/reorient.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { warnOnce } from "../../utils/warnings.ts";
import { type AnyImage, LabelMap } from "./images.ts";
import { toGrid } from "./resample.ts";

/** An image, and what it is called in messages: its file. */
export interface Named<T extends AnyImage> {
  readonly image: T;
  readonly file: string;
}

export interface AlignOptions {
  /** The name of the mask. */
  readonly name: string;
  /** Whether a mask on another grid is resampled (nearest neighbour) instead of refused. Default false. */
  readonly resample?: boolean;
}

/**
 * The mask on the voxels of the image. One that is there (shape equal, affine to a thousandth) is given back; one whose axes
 * only run in another order or direction is reordered, and said once; any other is refused, or resampled on request. Takes the
 * mask over; the result has the affine of the image.
 *
 * @throws ImageError naming both files, their shapes and affines.
 * @example
 * ```ts
 * const image = new ScalarImage(torch.zeros([1, 4, 4, 4]));
 * // the same voxels, from left to right
 * const mask = new LabelMap(torch.ones([1, 4, 4, 4], { dtype: "int32" }), [-1, 0, 0, 3, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
 * using aligned = alignMask({ image: mask, file: "mask.nii" }, { image, file: "image.nii" }, { name: "brain" });
 * console.log(aligned.affine[0]); // → 1
 * ```
 */
export function alignMask(mask: Named<LabelMap>, to: Named<AnyImage>, options: AlignOptions): LabelMap {
  const { image: own } = mask;
  const target = to.image;
  const aligned = torch.tidy(() => {
    if (lieTogether(own, target)) return own.tensor;
    return reordered(mask, to, options.name) ?? (options.resample === true ? resampled(mask, to) : null);
  });
  if (aligned === null) {
    const message = `The mask '${options.name}' does not lie on its image: ${described(mask)}, and ${described(to)}. Use a mask made for this image, or resample masks to it: new BidsDataset({ …, resampleMasks: "toImage" }).`;
    own.dispose();
    throw new ImageError(message);
  }
  if (aligned !== own.tensor) own.dispose();
  return new LabelMap(aligned, target.affine);
}

function lieTogether(a: AnyImage, b: AnyImage): boolean {
  return a.spatialShape.join() === b.spatialShape.join() && sameAffine(b.affine, a.affine);
}

/** The mask with its axes in the order and direction of the image's; null when it is not on the image's voxels then. */
function reordered({ image: mask, file }: Named<LabelMap>, to: Named<AnyImage>, name: string): torch.Tensor | null {
  const directions = directionsIn(mask, to.image);
  if (directions === null) return null;
  const turned = new LabelMap(mask.tensor, mask.affine);
  reorient(turned, directions);
  if (!lieTogether(turned, to.image)) return null;
  warnOnce(
    `reordered mask ${name}`,
    `The voxels of the mask '${name}' are in another order than those of its image, and are reordered: ${file} is ${letters(mask)}, ${to.file} is ${letters(to.image)}. So are further masks of this name.`,
  );
  return turned.tensor;
}

/** Along which axis of the image each axis of the mask runs; null when two run along the same. */
function directionsIn(mask: AnyImage, image: AnyImage): AxisDirection[] | null {
  const map = voxelMap(mask.affine, image.affine);
  if (map === null) return null;
  const directions = [0, 1, 2].map((axis): AxisDirection => {
    const [a = 0, b = 0, c = 0] = [0, 1, 2].map((row) => map[row * 4 + axis] ?? 0);
    const world = Math.abs(a) >= Math.max(Math.abs(b), Math.abs(c)) ? 0 : Math.abs(b) >= Math.abs(c) ? 1 : 2;
    return { world, sign: ([a, b, c][world] ?? 0) < 0 ? -1 : 1 };
  });
  return new Set(directions.map(({ world }) => world)).size === 3 ? directions : null;
}

function resampled(mask: Named<LabelMap>, to: Named<AnyImage>): torch.Tensor {
  const map = voxelMap(to.image.affine, mask.image.affine);
  const tensor = map === null ? null : toGrid(mask.image.tensor, map, to.image.spatialShape);
  if (tensor === null) {
    throw new ImageError(
      `A mask cannot be resampled to its image, which it does not reach: ${described(mask)}, and ${described(to)}.`,
    );
  }
  return tensor;
}

const LETTERS = ["LR", "PA", "IS"] as const;

/** As nibabel: RAS, LPS … */
function letters({ affine }: AnyImage): string {
  return orientationOf(affine)
    .map(({ world, sign }) => LETTERS[world][sign === 1 ? 1 : 0])
    .join("");
}

function described({ image, file }: Named<AnyImage>): string {
  const rows = [0, 4, 8].map((row) => {
    const numbers = Array.from(image.affine.subarray(row, row + 4), (value) => Number(value.toPrecision(6)));
    return `[${numbers.join(", ")}]`;
  });
  return `${file} has ${image.spatialShape.join("×")} voxels and the affine [${rows.join(", ")}]`;
}
