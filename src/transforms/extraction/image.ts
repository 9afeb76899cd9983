import { z } from "zod";
import { configClass } from "../../utils/config.ts";
import type { Extraction, HasImages, SamplePlace } from "../types.ts";

/**
 * The whole image is the sample. It has no options.
 *
 * @example
 * ```ts
 * const transforms = new TransformsHandler({ extraction: new Image() }); // the default: samples are whole images
 * console.log(transforms.extraction.name_); // → Image
 * ```
 */
export class Image extends configClass("Image", z.strictObject({})) implements Extraction {
  get sampleType(): "image" {
    return "image";
  }

  numSamplesPerImage(): number {
    return 1;
  }

  extract(dataPoint: HasImages, index: number): SamplePlace {
    if (index !== 0) {
      throw new RangeError(
        `Image: sample ${index} of ${dataPoint.participantId}, ${dataPoint.sessionId} does not exist: an image is one sample, number 0.`,
      );
    }
    return { sampleType: "image", samplePosition: null };
  }
}
