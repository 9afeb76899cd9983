import type { Rng } from "./rng.ts";

/** A number from the distribution Beta(a, b): of two gamma deviates, the share that the first has of their sum. */
export function beta(rng: Rng, a: number, b: number): number {
  // of their logarithms: with a small shape the deviates themselves are so small that both may be 0
  const difference = logGamma(rng, b) - logGamma(rng, a);
  return 1 / (1 + Math.exp(difference));
}

/** The logarithm of a deviate from the gamma distribution of this shape (Marsaglia & Tsang 2000). */
function logGamma(rng: Rng, shape: number): number {
  if (shape < 1) return logGamma(rng, shape + 1) + Math.log(1 - rng.uniform()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = rng.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - rng.uniform()) < 0.5 * x * x + d * (1 - v + Math.log(v))) return Math.log(d * v);
  }
}
