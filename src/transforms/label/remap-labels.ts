import { z } from "zod";
import { perImage, transformConfig } from "../base.ts";
import { maskingMethodField } from "../masking.ts";
import type { Transform, TransformConfig } from "../types.ts";

const label = z.string().regex(/^-?\d+$/, "Expected labels, which are integers");

/**
 * Gives labels of masks other numbers: `remapping` { 1: 2, 3: 0 } makes each 1 a 2 and each 3 a 0, all at once; others stay. Under `maskingMethod` only (default null:
 * everywhere). Images are left alone. As TorchIO's `RemapLabels`.
 */
export class RemapLabelsConfig
  extends transformConfig("RemapLabels", {
    maskingMethod: maskingMethodField,
    remapping: z.record(label, z.int()),
  })
  implements TransformConfig
{
  getObject(): Transform {
    const changes = Object.entries(this.remapping);
    return perImage(this, "label", (image, place) => {
      const { tensor } = image;
      const inside = place.mask(tensor, this.maskingMethod);
      image.tensor = changes.reduce(
        (remapped, [from, to]) => remapped.maskedFill(tensor.eq(Number(from)).logicalAnd(inside), to),
        tensor,
      );
    });
  }
}
