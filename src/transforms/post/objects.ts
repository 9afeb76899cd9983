/** The objects of a label image, and which of them are kept. */
import type { morphology, Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";

export interface ImageObject {
  /** How many voxels. */
  readonly size: number;
  /** Its label. */
  readonly value: number;
  readonly channel: number;
}

/** The objects of (C, …), each channel by itself, in the order of their first voxels; and the number, from 1, of each voxel's object. */
export function objectsOf(
  x: Tensor,
  connectivity: morphology.Connectivity | null,
): { readonly objects: ImageObject[]; readonly numbers: Tensor } {
  const { labels, sizes, firsts } = torch.morphology.connectedComponents(x, { connectivity });
  const voxels = x.numel() / (x.shape[0] ?? 1);
  const values = x.flatten().indexSelect(0, firsts).toNumbers();
  const places = firsts.toNumbers();
  const objects = sizes.toNumbers().map((size, i) => ({
    size,
    value: values[i] ?? 0,
    channel: Math.floor((places[i] ?? 0) / voxels),
  }));
  return { objects, numbers: labels };
}

/** `x`, 0 where a voxel belongs to an object that is not kept. A product takes a tenth of the time of filling under a mask. */
export function keep(x: Tensor, numbers: Tensor, kept: readonly boolean[]): Tensor {
  const table = torch.fromTypedArray(Uint8Array.from([1, ...kept.map(Number)]), [kept.length + 1]);
  const factors = table.to({ device: numbers.device, dtype: x.dtype });
  return x.mul(factors.indexSelect(0, numbers.flatten()).reshape([...numbers.shape]));
}
