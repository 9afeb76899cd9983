/**
 * `resampleMasks: "toImage"` in JSON: the first image transform is ClinicaDL's `Resample` of the masks to the image, so that
 * Python, whose dataset has no such option, does the same.
 */
import type { JsonObject, JsonValue } from "../../utils/config.ts";

const FIELD = "image_transforms";
const TO_IMAGE = {
  name_: "Resample",
  exclude: null,
  copy: false,
  target: "image",
  pre_affine_name: null,
  image_interpolation: "linear",
  label_interpolation: "nearest",
  scalars_only: false,
} as const;

/** The JSON of transforms, with the resampling of these masks before them. */
export function withResampling(transforms: JsonObject, masks: Iterable<string>): JsonObject {
  const names = [...masks];
  const listed = transforms[FIELD];
  if (names.length === 0 || !Array.isArray(listed)) return transforms;
  return { ...transforms, [FIELD]: [{ ...TO_IMAGE, include: names }, ...listed] };
}

/** Reverse of {@link withResampling}. */
export function withoutResampling(
  transforms: JsonObject,
  masks: readonly string[],
): { readonly transforms: JsonObject; readonly resampleMasks: "toImage" | null } {
  const [first, ...others] = Array.isArray(transforms[FIELD]) ? transforms[FIELD] : [];
  if (first === undefined || !isResampling(first, masks)) return { transforms, resampleMasks: null };
  return { transforms: { ...transforms, [FIELD]: others }, resampleMasks: "toImage" };
}

/** TorchIO leaves the image that is the target as it is, so that without `include` only the masks are resampled, too. */
function isResampling(transform: JsonValue, masks: readonly string[]): boolean {
  if (typeof transform !== "object" || transform === null || Array.isArray(transform)) return false;
  const same = Object.entries(TO_IMAGE).every(
    ([key, value]) => transform[key] === value || key === "copy" || key === "image_interpolation",
  );
  const { include = null } = transform;
  const all = include === null || (Array.isArray(include) && masks.every((name) => include.includes(name)));
  return same && all;
}
