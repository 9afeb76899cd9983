/** What the constructors of layers share. */

/** One number for every dimension, or one for each. */
export type PerDim = number | readonly number[];

/**
 * Refuses options that a layer does not have. A misspelt option would otherwise be ignored in silence.
 * @param rest what is left of the options object after the known ones were taken
 */
export function rejectUnknown(layer: string, rest: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  for (const key of Object.keys(rest)) {
    throw new TypeError(
      `${layer}: unknown option '${key}'; known are ${known.length > 0 ? known.join(", ") : "none"}.`,
    );
  }
}

/** `value` for each of `dims` dimensions. */
export function perDim(layer: string, option: string, value: PerDim, dims: number): readonly number[] {
  if (typeof value === "number") return Array.from({ length: dims }, () => value);
  if (value.length !== dims) {
    throw new RangeError(`${layer}: ${option} needs one number or ${dims}, got [${value.join(", ")}].`);
  }
  return [...value];
}

/** For layers that can overwrite their input. */
export interface InplaceOptions {
  /** Whether the input is overwritten, and is the output; default false. */
  readonly inplace?: boolean | undefined;
}
