import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { type ImagePlace, transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { appliedLabels, connectivity, requireLabels, requireOneHot, requireSpatial } from "./labels.ts";
import { objectsOf } from "./objects.ts";
import { perValue } from "./values.ts";

/**
 * Fills holes: what is enclosed by a label becomes that label, in the fields and images in `include`; without it, in all images. As MONAI's `FillHoles`:
 * a hole is enclosed where no path over touching voxels leads from it to the border of the image, and what lies in it, another label too, is
 * filled; labels are taken in ascending order. Of several channels, each is a label (one-hot), and becomes 0 or 1; the first is the
 * background.
 *
 * - `appliedLabels`: one label or a list of them, whose holes are filled. Default null: all but 0.
 * - `connectivity`: how the voxels of a hole touch: 1 (by faces), 2 (by edges too), 3 (by corners too). Default null: as many as there are spatial
 *   dimensions.
 *
 * @throws ImageError, naming the participant, when an image holds numbers that are no labels.
 */
export class FillHolesConfig
  extends transformConfig("FillHoles", { appliedLabels, connectivity: connectivity.default(null) })
  implements TransformConfig
{
  getObject(): Transform {
    const labels = this.appliedLabels === null ? null : [this.appliedLabels].flat();
    return perValue(this, (x, place) => {
      requireSpatial(x, place, this.connectivity);
      if (x.numel() === 0) return x;
      return x.shape[0] === 1 ? this.#labels(x, labels, place) : this.#oneHot(x, labels, place);
    });
  }

  #labels(x: Tensor, labels: readonly number[] | null, place: ImagePlace): Tensor {
    requireLabels(x, place);
    const filled = x.clone();
    for (const label of inOrder(labels ?? objectsOf(x, null).objects.map(({ value }) => value))) {
      using _ = torch.scope();
      const own = filled.eq(label);
      const box = boxOf(own);
      if (box === null) continue;
      // what is enclosed by a label is within its box, and the border of the box is outside of it
      const crop = (tensor: Tensor): Tensor =>
        box.reduce((part, [from, to], axis) => part.narrow(axis + 1, from, to - from), tensor);
      const part = crop(filled);
      part.copy_(torch.where(torch.morphology.holes(crop(own), { connectivity: this.connectivity }), label, part));
    }
    return filled;
  }

  #oneHot(x: Tensor, labels: readonly number[] | null, place: ImagePlace): Tensor {
    const channels = requireOneHot(x, labels, place);
    const filled = x.clone();
    for (const label of inOrder(labels ?? Array.from({ length: channels }, (_, i) => i))) {
      using _ = torch.scope();
      const channel = filled.narrow(0, label, 1);
      const own = channel.ne(0);
      if (boxOf(own) === null) continue;
      channel.copy_(own.logicalOr(torch.morphology.holes(own, { connectivity: this.connectivity })));
    }
    return filled;
  }
}

/** Each once, without the background, in ascending order. */
function inOrder(labels: readonly number[]): number[] {
  return [...new Set(labels)].filter((label) => label !== 0).sort((a, b) => a - b);
}

/** From which voxel to before which a mask (1, …) has any, along each spatial axis; null where it has none. */
function boxOf(mask: Tensor): [from: number, to: number][] | null {
  const bytes = mask.to({ dtype: "uint8" });
  const box = mask.shape.slice(1).map((_, axis): [number, number] => {
    const others = mask.shape.map((_, i) => i).filter((i) => i !== axis + 1);
    const along = bytes.amax(others).toNumbers();
    return [along.indexOf(1), along.lastIndexOf(1) + 1];
  });
  return box.some(([from]) => from < 0) ? null : box;
}
