import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { maskedConfig, perImage } from "../base.ts";
import { maskingMethodField } from "../masking.ts";
import type { Transform, TransformConfig } from "../types.ts";

const label = z.string().regex(/^-?\d+$/, "Expected labels, which are integers");

/**
 * Gives labels of masks other numbers: `remapping` { 1: 2, 3: 0 } makes each 1 a 2 and each 3 a 0, all at once; others stay. Under `maskingMethod` only (default null:
 * everywhere). Images are left alone. As TorchIO's `RemapLabels`.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ imageTransforms: [new RemapLabelsConfig({ remapping: { 1: 2, 3: 2 } })] });
 * console.log(sample.getImage("tissues").tensor.max().item()); // → 2
 * ```
 */
export class RemapLabelsConfig
  extends maskedConfig(
    "RemapLabels",
    {
      /** Where labels change: in the mask of this name, or another part of the image; default null: everywhere. */
      maskingMethod: maskingMethodField,
    },
    {
      /** The new label of each label: { 1: 2, 3: 0 }. Others stay. */
      remapping: z.record(label, z.int()),
    },
  )
  implements TransformConfig
{
  getObject(): Transform {
    const changes = Object.entries(this.remapping);
    return perImage(this, "label", (image, place) => {
      const { tensor } = image;
      const remapped = changes.reduce(
        (made, [from, to]) => torch.voxels.fillWhere(made, tensor, { labels: [Number(from)], value: to }),
        tensor,
      );
      if (this.maskingMethod === null) image.tensor = remapped;
      else image.tensor = torch.where(place.mask(tensor, this.maskingMethod).ne(0), remapped, tensor);
    });
  }
}
