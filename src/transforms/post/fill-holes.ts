import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { type ImagePlace, transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { appliedLabels, connectivity, requireLabels, requireOneHot, requireSpatial } from "./labels.ts";
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
 * @example
 * ```ts
 * const shell = torch.ones([1, 3, 3, 3]);
 * shell.narrow(1, 1, 1).narrow(2, 1, 1).narrow(3, 1, 1).fill_(0);
 * using batch = batchOf([shell], [0]);
 * const [sample] = batch.samples;
 * if (sample !== undefined) new FillHolesConfig({ include: ["output"] }).getObject().apply(sample, new Rng(0));
 * console.log(batch.getField("output").sum().item()); // → 27
 * ```
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
    const { connectivity } = this;
    return torch.morphology.fillHoles(x, inOrder(labels ?? torch.voxels.labelsOf(x)), { connectivity });
  }

  #oneHot(x: Tensor, labels: readonly number[] | null, place: ImagePlace): Tensor {
    const channels = requireOneHot(x, labels, place);
    const { connectivity } = this;
    const filled = x.clone();
    for (const label of inOrder(labels ?? Array.from({ length: channels }, (_, i) => i))) {
      using _ = torch.scope();
      const channel = filled.narrow(0, label, 1);
      channel.copy_(torch.morphology.fillHoles(channel.ne(0), [1], { connectivity }));
    }
    return filled;
  }
}

/** Each once, without the background, in ascending order. */
function inOrder(labels: readonly number[]): number[] {
  return [...new Set(labels)].filter((label) => label !== 0).sort((a, b) => a - b);
}
