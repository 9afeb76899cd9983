/** What transforms of the objects in label images share: options, and what an image of labels is. */
import { z } from "zod";
import type { morphology, Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import type { ImagePlace } from "../base.ts";

const label = z.int().min(0);
/** One label, or a list of them; null for all. */
export const appliedLabels = z
  .union([label, z.array(label).min(1)])
  .nullable()
  .default(null);

/** Within how many steps along axes voxels touch; null for the number of spatial dimensions. */
export const connectivity = z.union([z.literal(1), z.literal(2), z.literal(3)]).nullable();

/** @throws ImageError when there are not 1 to 3 spatial dimensions, or fewer than the connectivity. */
export function requireSpatial(x: Tensor, place: ImagePlace, hops: morphology.Connectivity | null = null): void {
  if (x.ndim < 2 || x.ndim > 4) {
    throw place.error(
      `has the shape (${x.shape.join(", ")}). It should have channels first, then 1 to 3 spatial dimensions.`,
    );
  }
  if (hops !== null && hops > x.ndim - 1) {
    throw place.error(
      `has ${x.ndim - 1} spatial dimensions, and 'connectivity' is ${hops}. It is at most the number of dimensions.`,
    );
  }
}

/** @throws ImageError when a tensor holds anything but 0, 1, 2 …: intensities are no labels. */
export function requireLabels(x: Tensor, place: ImagePlace): void {
  if (torch.voxels.areLabels(x)) return;
  const wrong = firstBut(x, x.isFloatingPoint() ? x.ge(0).logicalAnd(x.frac().eq(0)) : x.ge(0));
  if (wrong === null) return;
  throw place.error(
    `holds ${wrong}, which is no label: labels are 0, 1, 2 …. Name the masks and outputs to change with 'include'.`,
  );
}

/**
 * Returns the number of channels.
 * @throws ImageError when a tensor holds negative or infinite numbers or NaN, which are in no one-hot image, or has no channel of one of
 * the labels that are to be changed.
 */
export function requireOneHot(x: Tensor, labels: readonly number[] | null, place: ImagePlace): number {
  const exact = x.dtype === "bool" || x.dtype === "uint8";
  const wrong = exact ? null : firstBut(x, x.isFloatingPoint() ? x.ge(0).logicalAnd(x.isfinite()) : x.ge(0));
  if (wrong !== null) {
    throw place.error(
      `holds ${wrong}. A channel of a one-hot image is 0 where its label is not, and greater where it is.`,
    );
  }
  const channels = x.shape[0] ?? 0;
  const missing = labels?.find((label) => label >= channels);
  if (missing !== undefined) {
    throw place.error(`has ${channels} channels, and 'appliedLabels' names ${missing}: they are counted from 0.`);
  }
  return channels;
}

/** The first number that is not as it should be; null when there is none. */
function firstBut(x: Tensor, good: Tensor): number | bigint | null {
  if (x.numel() === 0 || good.all().item()) return null;
  return x.maskedSelect(good.logicalNot()).narrow(0, 0, 1).item();
}
