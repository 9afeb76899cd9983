import { z } from "zod";
import { type JsonObject, type JsonValue, parseWith } from "../utils/config.ts";
import type { Extraction, HasImages, ImageOutline, SamplePlace } from "./types.ts";

/** The options of extractions as records have them: one object for all samples. */
const options = new WeakMap<Extraction, JsonObject>();

/**
 * Cuts sample number `index` out, in place, and says where it was. Where that is a part of the image, it goes into the history.
 * @param whole the size of the images, where `dataPoint` has only what of them is needed.
 */
export function extractSample(
  extraction: Extraction,
  dataPoint: HasImages,
  index: number,
  whole: ImageOutline["spatialShape"] | null = null,
): SamplePlace {
  const place = extraction.extract(dataPoint, index, whole);
  if (place.sampleType === "image") return place;
  const known = options.get(extraction) ?? extraction.toDict();
  options.set(extraction, known);
  dataPoint.history = [...dataPoint.history, { name_: extraction.name_, options: known, parameters: index }];
  return place;
}

/** Cuts out what the parameters of a record say. */
export function extractAgain(extraction: Extraction, dataPoint: HasImages, parameters: JsonValue): void {
  extractSample(extraction, dataPoint, parseWith(z.int().min(0), parameters, `The record of ${extraction.name_}`));
}
