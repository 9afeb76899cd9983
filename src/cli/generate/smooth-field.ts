import type { Rng } from "../../utils/random/index.ts";

/**
 * A smooth random field: normal deviates on a coarse grid, between which cubic B-splines run.
 *
 * @param shape how many points along x, y, z.
 * @param knots the distance of the grid's knots, in points.
 * @param std the standard deviation of the field's values.
 * @returns the values, z fastest.
 */
export function smoothField(
  rng: Rng,
  shape: readonly [number, number, number],
  knots: number,
  std: number,
): Float32Array {
  const coarse = shape.map((n) => Math.ceil((n - 1) / knots) + 3) as [number, number, number];
  // at a knot, a cubic B-spline of unit deviates has the variance ((1 + 16 + 1) / 36)³
  const scale = std / Math.sqrt(((18 / 36) ** 3 + (23 / 48) ** 3) / 2);
  let field: Float32Array = Float32Array.from({ length: coarse[0] * coarse[1] * coarse[2] }, () =>
    rng.normal(0, scale),
  );
  const size = [...coarse];
  for (let axis = 2; axis >= 0; axis--) {
    field = stretch(field, size, axis, shape[axis] ?? 1, knots);
    size[axis] = shape[axis] ?? 1;
  }
  return field;
}

/** Evaluates the splines along one axis. */
function stretch(field: Float32Array, size: readonly number[], axis: number, n: number, knots: number): Float32Array {
  const from = size[axis] ?? 1;
  const stride = size.slice(axis + 1).reduce((product, s) => product * s, 1);
  const outer = field.length / (from * stride);
  const out = new Float32Array(outer * n * stride);
  for (let i = 0; i < n; i++) {
    const first = Math.floor(i / knots);
    const t = i / knots - first;
    const [a, b, c, d] = weights(t);
    for (let o = 0; o < outer; o++) {
      const source = (o * from + first) * stride;
      const target = (o * n + i) * stride;
      for (let k = 0; k < stride; k++) {
        out[target + k] =
          a * (field[source + k] as number) +
          b * (field[source + stride + k] as number) +
          c * (field[source + 2 * stride + k] as number) +
          // the last knot of the last point has no weight and need not exist
          (d === 0 ? 0 : d * (field[source + 3 * stride + k] as number));
      }
    }
  }
  return out;
}

function weights(t: number): [number, number, number, number] {
  const u = 1 - t;
  return [(u * u * u) / 6, (3 * t * t * t - 6 * t * t + 4) / 6, (3 * u * u * u - 6 * u * u + 4) / 6, (t * t * t) / 6];
}
