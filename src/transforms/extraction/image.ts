import { z } from "zod";
import { type JsonObject, parseWith } from "../../utils/config.ts";
import { WrongFieldsError } from "../../utils/exceptions.ts";
import type { Extraction, HasImages, SamplePlace } from "../types.ts";

/** The whole image is the sample. It has no options. */
export class Image implements Extraction {
  constructor(options: object = {}) {
    parseWith(z.strictObject({}), options, "Image");
  }

  get name_(): "Image" {
    return "Image";
  }

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

  toDict(): JsonObject {
    return { name_: this.name_ };
  }

  static fromDict(dict: JsonObject): Image {
    const extra = Object.keys(dict).filter((key) => key !== "name_");
    if (extra.length > 0) throw new WrongFieldsError(`Image: unknown ${extra.map((key) => `'${key}'`).join(", ")}.`);
    return new Image();
  }
}
