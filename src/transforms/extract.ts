import { z } from "zod";
import { type JsonObject, type JsonValue, parseWith } from "../utils/config.ts";
import { commonShape } from "./extraction/outline.ts";
import type {
  AnyExtraction,
  Extraction,
  HasImages,
  ImageOutline,
  RandomExtraction,
  Region,
  Rng,
  SamplePlace,
  ShownImages,
} from "./types.ts";

/** How one sample is cut out of its images. */
export interface Cut {
  /**
   * The voxels that are needed of images of this size; null: all.
   * @param shown the whole images, where voxels of them can be looked at. Default: they cannot.
   */
  regionOf(outline: ImageOutline, shown?: ShownImages | null): Region | null;
  /**
   * Cuts the sample out, in place, and says where it was. Where that is a part of the image, it goes into the history.
   * @param whole the size of the images, where `dataPoint` has only what `regionOf` says. Default: it has all.
   */
  extract(dataPoint: HasImages, whole?: ImageOutline["spatialShape"] | null): SamplePlace;
}

/**
 * The cut of sample number `index`.
 * @param rng what an extraction that draws draws from; null: in evaluation, where nothing is drawn.
 */
export function cutOf(extraction: AnyExtraction, index: number, rng: Rng | null): Cut {
  if (!isRandomExtraction(extraction)) return fixedCut(extraction, index);
  return rng === null ? fixedCut(extraction.inEvaluation, index) : drawnCut(extraction, rng);
}

/** Cuts out what the parameters of a record say. */
export function extractAgain(extraction: AnyExtraction, dataPoint: HasImages, parameters: JsonValue): void {
  const what = `The record of ${extraction.name_}`;
  if (!isRandomExtraction(extraction)) {
    fixedCut(extraction, parseWith(number, parameters, what)).extract(dataPoint);
    return;
  }
  const position = parseWith(z.tuple([number, number, number]), parameters, what);
  record(extraction, dataPoint, position, extraction.extractAt(dataPoint, position));
}

export function isRandomExtraction(extraction: AnyExtraction): extraction is RandomExtraction {
  return "draw" in extraction;
}

const number = z.int().min(0);

function fixedCut(extraction: Extraction, index: number): Cut {
  return {
    regionOf: (outline) => extraction.regionOf?.(outline, index) ?? null,
    extract: (dataPoint, whole = null) =>
      record(extraction, dataPoint, index, extraction.extract(dataPoint, index, whole)),
  };
}

/** Where it cuts is drawn once, when it is asked for first. */
function drawnCut(extraction: RandomExtraction, rng: Rng): Cut {
  let position: Region["start"] | null = null;
  return {
    regionOf({ spatialShape }, shown = null) {
      if (extraction.looksAtVoxels && shown === null) return null;
      position ??= extraction.draw(spatialShape, rng, shown);
      return extraction.regionAt(spatialShape, position);
    },
    extract(dataPoint, whole = null) {
      position ??= extraction.draw(whole ?? commonShape(extraction.name_, dataPoint), rng, dataPoint);
      return record(extraction, dataPoint, [...position], extraction.extractAt(dataPoint, position, whole));
    },
  };
}

/** The options of extractions as records have them: one object for all samples. */
const options = new WeakMap<AnyExtraction, JsonObject>();

function record(
  extraction: AnyExtraction,
  dataPoint: HasImages,
  parameters: JsonValue,
  place: SamplePlace,
): SamplePlace {
  if (place.sampleType === "image") return place;
  const known = options.get(extraction) ?? extraction.toDict();
  options.set(extraction, known);
  dataPoint.history = [...dataPoint.history, { name_: extraction.name_, options: known, parameters }];
  return place;
}
