import { z } from "zod";
import type { JsonValue } from "../utils/config.ts";
import { isTransformFunction, OwnTransform, transformOfReference } from "./own.ts";
import { transformRegistry } from "./registry.ts";
import type { Transform, TransformConfig, TransformLike, TransformReference } from "./types.ts";

/** A transform as a handler holds it: a config, or one of one's own. */
export type HeldTransform = TransformConfig | Transform;

/**
 * A transform as it is held, of what a user gives for one; null when it is none.
 * @param what the option that got it, for messages.
 * @throws ConfigError when a plain object has a `name_` that is not known, or options that are not accepted, or a module has no such export.
 */
function heldTransform(what: string, value: unknown): HeldTransform | null {
  if (isTransformFunction(value)) return new OwnTransform(value);
  if (typeof value !== "object" || value === null) return null;
  const config = transformRegistry.from(what, value);
  if (config !== null) return config;
  if (isTransform(value)) return value;
  return isReference(value) ? transformOfReference(what, value) : null;
}

function isTransform(value: object): value is Transform {
  return "name" in value && "apply" in value && typeof value.apply === "function";
}

function isReference(value: object): value is TransformReference {
  return "module" in value && "export" in value;
}

export function isConfig(value: HeldTransform): value is TransformConfig {
  return transformRegistry.has(value);
}

/** A transform, for the option `what`. */
export function transformField(what: string) {
  return z.custom<TransformLike>().transform((value, ctx): HeldTransform => {
    const held = heldTransform(what, value);
    if (held !== null) return held;
    ctx.addIssue({
      code: "custom",
      message: "Expected a transform: a config such as ZNormalizationConfig, or a function of a data point",
    });
    return z.NEVER;
  });
}

/** A list of transforms, for the option `what`. */
export function transformsField(what: string) {
  return z.array(transformField(what));
}

/** The transform itself; one that does not keep the history of what was done does so from now on. */
export function transformOf(held: HeldTransform): Transform {
  if (isConfig(held)) return held.getObject();
  if (held.keepsHistory === true) return held;
  const { name, random } = held;
  return new OwnTransform((point, rng) => held.apply(point, rng), { name, random });
}

/** The JSON of a transform; for one of one's own, its name: it cannot be read back. */
export function transformToJson(held: HeldTransform): JsonValue {
  if (isConfig(held)) return held.toDict();
  return held instanceof OwnTransform ? `<function ${held.name}>` : `<transform ${held.name}>`;
}

/** The configs that a list in JSON describes. @throws CannotReadFieldError naming `field`. */
export function readTransforms(what: string, field: string, list: JsonValue | undefined): TransformConfig[] {
  return Array.isArray(list) ? list.map((item) => transformRegistry.read(what, field, item)) : [];
}
