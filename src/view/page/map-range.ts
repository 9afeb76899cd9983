/** Which values of a map are shown: those as far from zero as `least`, and brightest from `most` on, so that a few voxels do not make all others dark. */
export interface MapRange {
  readonly least: number;
  readonly most: number;
}

/** How many values are looked at: quantiles of more are the same for the eye. */
const MOST = 500_000;

/** The sizes of the values of a map that are not zero, in order, by which thresholds are found. */
export class MapValues {
  readonly #sizes: Float32Array;
  readonly hasNegative: boolean;
  /** Whether it is a map, and not labels. */
  readonly isMap: boolean;

  /** @param scale of a file whose values are stored as whole numbers. */
  constructor(values: ArrayLike<number>, scale: { readonly slope: number; readonly intercept: number }) {
    const step = Math.max(1, Math.ceil(values.length / MOST));
    const found: number[] = [];
    let [hasNegative, isMap] = [false, false];
    for (let i = 0; i < values.length; i += step) {
      const value = (values[i] ?? 0) * scale.slope + scale.intercept;
      if (value === 0 || !Number.isFinite(value)) continue;
      found.push(Math.abs(value));
      hasNegative ||= value < 0;
      isMap ||= !Number.isInteger(value);
    }
    this.#sizes = Float32Array.from(found).sort();
    this.hasNegative = hasNegative;
    this.isMap = isMap;
  }

  /** @param strongest which share of what is not zero is shown, above 0 to 1. */
  range(strongest: number): MapRange {
    const sizes = this.#sizes;
    const at = (share: number): number => sizes[Math.min(sizes.length - 1, Math.floor(share * sizes.length))] ?? 0;
    const most = at(0.999);
    return { least: Math.min(at(1 - strongest), most * 0.99), most };
  }
}
