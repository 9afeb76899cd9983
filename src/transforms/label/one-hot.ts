import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { perImage, transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";

/**
 * Makes one channel for each class of a mask, with 1 where the mask has that label and 0 elsewhere: `numClasses` of them, or as many as the greatest label asks for
 * (-1, the default). Images are left alone. As TorchIO's `OneHot`.
 *
 * @throws ImageError, naming the participant, for a mask of several channels, or with labels that are none of the classes.
 * @example
 * ```ts
 * using sample = await sampleWith({ imageTransforms: [new OneHotConfig({ numClasses: 4 })] });
 * console.log(sample.getImage("tissues").tensor.shape[0]); // → 4
 * ```
 */
export class OneHotConfig
  extends transformConfig("OneHot", {
    /** How many classes there are; default -1: as many as the greatest label asks for. */
    numClasses: z.union([z.literal(-1), z.int().min(1)]).default(-1),
  })
  implements TransformConfig
{
  getObject(): Transform {
    return perImage(this, "label", (image, place) => {
      const { tensor } = image;
      const channels = tensor.shape[0];
      if (channels !== 1) throw place.error(`has ${channels} channels; one channel of labels is needed.`);
      const [least, greatest] = torch.voxels.extent(tensor);
      const classes = this.numClasses === -1 ? greatest + 1 : this.numClasses;
      if (!(least >= 0 && greatest < classes))
        throw place.error(
          `has labels from ${least} to ${greatest}; with ${classes} classes they go from 0 to ${classes - 1}.`,
        );
      image.tensor = torch.voxels.oneHot(tensor.select(0, 0), classes);
    });
  }
}
