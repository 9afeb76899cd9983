/** What the constructors of layers share. */
import { isNumber, notByName } from "../arguments.ts";

/** One number for every dimension, or one for each. */
export type PerDim = number | readonly number[];

/** `value` for each of `dims` dimensions. */
export function perDim(layer: string, option: string, value: PerDim, dims: number): readonly number[] {
  if (isNumber(value)) return Array.from({ length: dims }, () => value);
  if (!Array.isArray(value) || !value.every(isNumber)) {
    throw notByName(layer, option, value, `a number or ${dims} of them`);
  }
  if (value.length !== dims) {
    throw new RangeError(`${layer}: ${option} needs one number or ${dims}, got [${value.join(", ")}].`);
  }
  return [...value];
}

/** One size, or several, as a list. */
export function sizes(layer: string, argument: string, value: PerDim): readonly number[] {
  if (isNumber(value)) return [value];
  return perDim(layer, argument, value, Array.isArray(value) ? value.length : 1);
}

/** For layers that can overwrite their input. */
export interface InplaceOptions {
  /** Whether the input is overwritten, and is the output; default false. */
  readonly inplace?: boolean | undefined;
}
