import { z } from "zod";
import type { JsonObject } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import type { HasImages, ImageLike, Rng, Transform } from "./types.ts";

const keys = z.array(z.string().min(1)).min(1).nullable().default(null);

/**
 * The fields that every transform has: `include` (only these images or fields), `exclude` (all but these; not both), `copy`
 * (leave the data point that was given as it is, and change a copy).
 */
export const selectionFields = { include: keys, exclude: keys, copy: z.boolean().default(false) };

export interface Selection {
  readonly include: readonly string[] | null;
  readonly exclude: readonly string[] | null;
  readonly copy: boolean;
}

/** Refuses `include` together with `exclude`. */
export function checkSelection(what: string, { include, exclude }: Selection): void {
  if (include !== null && exclude !== null) {
    throw new ConfigError(
      `${what}: 'include' got ${JSON.stringify(include)} and 'exclude' got ${JSON.stringify(exclude)}. Give one of them.`,
    );
  }
}

/** The images that a transform acts on. With `scalarOnly`, masks are left as they are. */
export function selectImages(
  what: string,
  dataPoint: HasImages,
  { include, exclude }: Selection,
  { scalarOnly }: { readonly scalarOnly: boolean },
): (readonly [name: string, image: ImageLike])[] {
  const all = [...dataPoint.namedImages()];
  const unknown = (include ?? []).filter((name) => !all.some(([known]) => known === name));
  if (unknown.length > 0) {
    throw new ConfigError(
      `${what}: 'include' names ${unknown.map((n) => `'${n}'`).join(", ")}, but the images of ${dataPoint.participantId}, ${dataPoint.sessionId} are ${all.map(([n]) => `'${n}'`).join(", ")}.`,
    );
  }
  return all.filter(
    ([name, image]) =>
      (!scalarOnly || image.kind === "scalar") &&
      (include === null || include.includes(name)) &&
      (exclude === null || !exclude.includes(name)),
  );
}

/** A transform that changes each image by itself. */
export function perImage(
  name: string,
  selection: Selection,
  { scalarOnly, random = false }: { readonly scalarOnly: boolean; readonly random?: boolean },
  change: (image: ImageLike, where: HasImages, rng: Rng, imageName: string) => void,
): Transform {
  return {
    name,
    random,
    apply<T extends HasImages>(dataPoint: T, rng: Rng): T {
      const target = selection.copy ? dataPoint.copy() : dataPoint;
      for (const [imageName, image] of selectImages(name, target, selection, { scalarOnly })) {
        change(image, target, rng, imageName);
      }
      return target;
    },
  };
}

/** For a `fromDict` that takes a field's older or Python spelling. */
export function replaceKey(
  dict: JsonObject,
  key: string,
  convert: (value: JsonObject[string]) => JsonObject[string],
): JsonObject {
  const value = dict[key];
  return value === undefined ? dict : { ...dict, [key]: convert(value) };
}
