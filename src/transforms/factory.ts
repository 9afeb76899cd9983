import { z } from "zod";
import { type JsonObject, type JsonValue, show, toJsonValue } from "../utils/config.ts";
import { CannotReadFieldError, ConfigError } from "../utils/exceptions.ts";
import { Image, Patch, Slice } from "./extraction/index.ts";
import { ClampConfig } from "./intensity/clamp.ts";
import { RandomNoiseConfig } from "./intensity/random-noise.ts";
import { RescaleIntensityConfig } from "./intensity/rescale-intensity.ts";
import { ZNormalizationConfig } from "./intensity/z-normalization.ts";
import { ActivationsConfig, AsDiscreteConfig } from "./post/post-processing.ts";
import { CropOrPadConfig } from "./spatial/crop-or-pad.ts";
import { RandomFlipConfig } from "./spatial/random-flip.ts";
import { ToCanonicalConfig } from "./spatial/to-canonical.ts";
import type { Extraction, HasImages, Rng, Transform, TransformConfig, TransformLike } from "./types.ts";

interface Readable<T> {
  fromDict(dict: JsonObject): T;
}

/** Every transform's config, by the name that JSON files give it. */
export const transformConfigs: Readonly<Record<string, Readable<TransformConfig>>> = {
  Activations: ActivationsConfig,
  AsDiscrete: AsDiscreteConfig,
  Clamp: ClampConfig,
  CropOrPad: CropOrPadConfig,
  RandomFlip: RandomFlipConfig,
  RandomNoise: RandomNoiseConfig,
  RescaleIntensity: RescaleIntensityConfig,
  ToCanonical: ToCanonicalConfig,
  ZNormalization: ZNormalizationConfig,
};

/** Every extraction, by its name. */
export const extractions: Readonly<Record<string, Readable<Extraction>>> = { Image, Patch, Slice };

function readNamed<T>(kind: string, known: Readonly<Record<string, Readable<T>>>, value: unknown): T {
  const name = typeof value === "object" && value !== null ? (value as { name_?: unknown }).name_ : undefined;
  const found = typeof name === "string" && Object.hasOwn(known, name) ? known[name] : undefined;
  if (found === undefined) {
    throw new CannotReadFieldError(
      `This ${kind} cannot be read back: ${show(value)}. Known: ${Object.keys(known).join(", ")}. One of your own must be passed again.`,
      [kind],
    );
  }
  return found.fromDict(value as JsonObject);
}

/** The config of a transform, from its JSON. @throws CannotReadFieldError for a transform of one's own. */
export function transformFromDict(value: unknown): TransformConfig {
  return readNamed("transform", transformConfigs, value);
}

/** The extraction, from its JSON. */
export function extractionFromDict(value: unknown): Extraction {
  return readNamed("extraction", extractions, value);
}

function isConfig(value: TransformLike): value is TransformConfig {
  return typeof value === "object" && "getObject" in value;
}

/** The transform itself: of a config, of a transform, of a function. */
export function transformOf(value: TransformLike): Transform {
  if (typeof value === "function") {
    return {
      name: value.name || "function",
      random: true,
      apply<T extends HasImages>(dataPoint: T, rng: Rng): T {
        const result: unknown = value(dataPoint, rng);
        if (typeof result !== "object" || result === null) {
          throw new ConfigError(
            `The transform ${value.name || "function"} returned ${show(result)}. It must return the data point.`,
          );
        }
        return result as T;
      },
    };
  }
  return isConfig(value) ? value.getObject() : value;
}

/** The JSON of a transform; for one of one's own, its name: it cannot be read back. */
export function transformToJson(value: TransformLike): JsonValue {
  if (typeof value === "function" || isConfig(value)) return toJsonValue(value, true);
  return `<transform ${value.name}>`;
}

function isTransformLike(value: unknown): value is TransformLike {
  if (typeof value === "function") return true;
  if (typeof value !== "object" || value === null) return false;
  return (
    typeof (value as { getObject?: unknown }).getObject === "function" ||
    typeof (value as { apply?: unknown }).apply === "function"
  );
}

/** A list of transforms; plain objects with `name_` are read as configs. */
export const transformsField = z
  .array(
    z.unknown().transform((value, ctx): TransformLike => {
      if (isTransformLike(value)) return value;
      if (typeof value === "object" && value !== null && "name_" in value) return transformFromDict(value);
      ctx.addIssue({
        code: "custom",
        message: "Expected a transform: a config such as ZNormalizationConfig, or a function of a data point",
      });
      return z.NEVER;
    }),
  )
  .default([]);

/** An extraction; a plain object with `name_` is read as one. */
export const extractionField = z
  .unknown()
  .default(undefined)
  .transform((value, ctx): Extraction => {
    if (value === undefined) return new Image();
    if (typeof value === "object" && value !== null) {
      if (typeof (value as { extract?: unknown }).extract === "function") return value as Extraction;
      if ("name_" in value) return extractionFromDict(value);
    }
    ctx.addIssue({ code: "custom", message: "Expected an extraction: Image, Patch or Slice" });
    return z.NEVER;
  });
