import type { HasImages, Rng, Transform } from "../types.ts";

/** Several transforms as one. Each of them keeps the history of what it does. */
export function composed(
  name: string,
  transforms: readonly Transform[],
  { copy = false, p = 1 }: { readonly copy?: boolean; readonly p?: number } = {},
): Transform {
  return {
    name,
    random: p < 1 || transforms.some(({ random }) => random),
    keepsHistory: true,
    apply<T extends HasImages>(dataPoint: T, rng: Rng): T {
      if (p < 1 && rng.uniform() >= p) return dataPoint;
      const target = copy ? dataPoint.copy() : dataPoint;
      return transforms.reduce((point, transform) => transform.apply(point, rng), target);
    },
  };
}
