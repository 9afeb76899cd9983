/** Where a function is looked at, and how much each value counts in its integral. */
export interface QuadraturePoint {
  readonly at: number;
  readonly weight: number;
}

/**
 * The points of Gauss-Legendre quadrature from 0 to 1: `Σ weight · f(at)` is the integral of f, exactly for polynomials up to degree 2n - 1.
 * Roots of the Legendre polynomial by Newton's method (Abramowitz and Stegun 1964, 25.4.29), in ascending order.
 *
 *     gaussLegendre(3).reduce((sum, { at, weight }) => sum + weight * at ** 4, 0); // 1/5
 */
export function gaussLegendre(n: number): QuadraturePoint[] {
  return Array.from({ length: n }, (_, i) => {
    let root = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let { value, slope } = legendre(n, root);
    // it doubles the digits that are right each time: a few rounds reach the last bit
    for (let round = 0; round < 10 && Math.abs(value) > 1e-16; round++) {
      root -= value / slope;
      ({ value, slope } = legendre(n, root));
    }
    return { at: (1 + root) / 2, weight: 1 / ((1 - root * root) * slope * slope) };
  });
}

/** The Legendre polynomial of degree n, by its recurrence, and its derivative. */
function legendre(n: number, x: number): { readonly value: number; readonly slope: number } {
  let [before, value] = [1, x];
  for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  return { value, slope: (n * (x * value - before)) / (x * x - 1) };
}
