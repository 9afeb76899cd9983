import { z } from "zod";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { type ImagePlace, transformConfig } from "../base.ts";
import { isOneOf } from "../masking.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { appliedLabels, connectivity, requireLabels, requireOneHot, requireSpatial } from "./labels.ts";
import { type ImageObject, keep, objectsOf } from "./objects.ts";
import { perValue } from "./values.ts";

/**
 * Keeps the largest connected objects of each label, and makes the others 0, in the fields and images in `include`; without it, in all images. As MONAI's
 * `KeepLargestConnectedComponent`; of objects of the same size, the last is kept.
 *
 * - `appliedLabels`: one label or a list of them; other labels are left alone. Default null: all but 0.
 * - `isOnehot`: whether labels are channels (a voxel has the label where its channel is not 0). Default null: where there are several channels.
 * - `independent`: default true; false takes the labels together as one.
 * - `connectivity`: 1 (voxels touch by faces), 2 (by edges too), 3 (by corners too). Default null: as many as there are spatial dimensions.
 * - `numComponents`: how many objects are kept. Default 1.
 *
 * @throws ImageError, naming the participant, when an image holds numbers that are no labels, or has several channels without being one-hot.
 * @example
 * ```ts
 * using batch = batchOf([[[[[1, 1, 0, 1]]]]], [0]);
 * const [sample] = batch.samples;
 * const largest = new KeepLargestConnectedComponentConfig({ include: ["output"] }).getObject();
 * if (sample !== undefined) largest.apply(sample, new Rng(0));
 * console.log(sample?.getField("output")); // → tensor([[[[1., 1., 0., 0.]]]])
 * ```
 */
export class KeepLargestConnectedComponentConfig
  extends transformConfig("KeepLargestConnectedComponent", {
    appliedLabels,
    isOnehot: z.boolean().nullable().default(null),
    independent: z.boolean().default(true),
    connectivity: connectivity.default(null),
    numComponents: z.int().min(1).default(1),
  })
  implements TransformConfig
{
  getObject(): Transform {
    const labels = this.appliedLabels === null ? null : [this.appliedLabels].flat();
    return perValue(this, (x, place) => {
      requireSpatial(x, place, this.connectivity);
      const onehot = this.isOnehot ?? (x.shape[0] ?? 0) > 1;
      if (x.numel() === 0) return x;
      return onehot ? this.#oneHot(x, labels, place) : this.#labels(x, labels, place);
    });
  }

  #labels(x: Tensor, labels: readonly number[] | null, place: ImagePlace): Tensor {
    if (x.shape[0] !== 1) {
      throw place.error(`has ${x.shape[0]} channels. An image of labels has one, or is one-hot ('isOnehot').`);
    }
    requireLabels(x, place);
    if (this.independent) return this.#largest(x, x, ({ value }) => (applies(labels, value) ? value : null));
    const foreground = labels === null ? x.ne(0) : isOneOf(x, labels).logicalAnd(x.ne(0));
    return this.#largest(x, foreground, () => 0);
  }

  #oneHot(x: Tensor, labels: readonly number[] | null, place: ImagePlace): Tensor {
    const channels = requireOneHot(x, labels, place);
    // the background is no object, if it is not named
    const applied = labels ?? Array.from({ length: channels - 1 }, (_, i) => i + 1);
    const foreground = x.gt(0);
    if (this.independent)
      return this.#largest(x, foreground, ({ channel }) => (applied.includes(channel) ? channel : null));
    const chosen = torch.zeros([channels], { dtype: "bool", device: x.device });
    for (const label of applied) chosen.narrow(0, label, 1).fill_(true);
    const chosenOf = chosen.reshape([channels, ...Array<number>(x.ndim - 1).fill(1)]);
    const together = foreground.logicalAnd(chosenOf).any(0, true);
    return torch.where(
      chosenOf,
      this.#largest(x, together, () => 0),
      x,
    );
  }

  /** `x`, 0 where an object of `image` is not one of the largest of its group. */
  #largest(x: Tensor, image: Tensor, group: (object: ImageObject) => number | null): Tensor {
    const { objects, numbers } = objectsOf(image, this.connectivity);
    return keep(x, numbers, largestOf(objects, group, this.numComponents));
  }
}

function applies(labels: readonly number[] | null, label: number): boolean {
  return labels === null || labels.includes(label);
}

/** Which objects are kept: the `count` largest of each group, and all that are in none (null). Of equals, the last. */
function largestOf(
  objects: readonly ImageObject[],
  group: (object: ImageObject) => number | null,
  count: number,
): boolean[] {
  const groups = new Map<number | null, number[]>();
  objects.forEach((object, i) => {
    const key = group(object);
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [i]);
    else members.push(i);
  });
  const kept = objects.map(() => false);
  for (const [key, members] of groups) {
    const size = (i: number): number => objects[i]?.size ?? 0;
    const best = key === null ? members : members.sort((a, b) => size(b) - size(a) || b - a).slice(0, count);
    for (const i of best) kept[i] = true;
  }
  return kept;
}
