import { z } from "zod";

/** The group of all parameters that no other group names. */
export const ELSE = "ELSE";

/**
 * The group of all weights that no other group names: parameters of two or more dimensions, and so neither biases nor
 * the parameters of normalisations. `weightDecay: { WEIGHTS: 0.01, ELSE: 0 }`
 */
export const WEIGHTS = "WEIGHTS";

/** One value for all parameters, or a value per parameter group (a path, or `"WEIGHTS"`), `"ELSE"` among them. */
export type PerGroup<T> = T | Readonly<Record<string, T>>;

/** Parses {@link PerGroup}. */
export function perGroup<S extends z.ZodType>(value: S) {
  return z.union([value, z.record(z.string(), value)]).refine((v) => !isPerGroup(v) || ELSE in v, {
    message: `A value per parameter group needs the key '${ELSE}', for the parameters of no other group`,
  });
}

export function isPerGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
