/** Affines: 4×4 row-major, voxel indices → millimetres (RAS+). */

/** The affine of an image that starts at voxel `start` of the first (negative: before it). */
export function shiftOrigin(affine: Float64Array, start: readonly number[]): Float64Array {
  const moved = Float64Array.from(affine);
  for (let row = 0; row < 3; row++) {
    for (let axis = 0; axis < 3; axis++) {
      moved[row * 4 + 3] = (moved[row * 4 + 3] ?? 0) + (affine[row * 4 + axis] ?? 0) * (start[axis] ?? 0);
    }
  }
  return moved;
}

/** The affine that does first what `b` says, then `a`. */
export function product(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const result = new Float64Array(16);
  for (let row = 0; row < 4; row++) {
    for (let column = 0; column < 4; column++) {
      for (let k = 0; k < 4; k++) {
        result[row * 4 + column] = (result[row * 4 + column] ?? 0) + (a[row * 4 + k] ?? 0) * (b[k * 4 + column] ?? 0);
      }
    }
  }
  return result;
}

/** The size of a voxel along its axes, in millimetres. */
export function spacingOf(affine: ArrayLike<number>): [number, number, number] {
  const length = (axis: number): number => Math.hypot(affine[axis] ?? 0, affine[axis + 4] ?? 0, affine[axis + 8] ?? 0);
  return [length(0), length(1), length(2)];
}

/** Numbers of two affines are the same when they differ by less than this share of them, or of a voxel. */
const TOLERANCE = 1e-3;

/** Whether two affines say the same, to a thousandth of each number or of a voxel. */
export function sameAffine(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  const lengths = [0, 1, 2].map((axis) => Math.hypot(a[axis] ?? 0, a[axis + 4] ?? 0, a[axis + 8] ?? 0));
  const voxel = Math.min(...lengths);
  return Array.from(a).every((value, i) => {
    const other = b[i] ?? Number.NaN;
    return Math.abs(value - other) <= TOLERANCE * Math.max(Math.abs(value), voxel);
  });
}

/**
 * From the voxel indices of one image to those of another, as an affine: `inverse(to) · from`. Null when `to` has no inverse.
 */
export function voxelMap(from: ArrayLike<number>, to: ArrayLike<number>): Float64Array | null {
  const at = (m: ArrayLike<number>, row: number, column: number): number => m[row * 4 + column] ?? 0;
  const inverse = inverseTranspose(
    [0, 1, 2].map((column) => [0, 1, 2].map((row) => at(to, row, column))),
    0,
  );
  if (inverse === null) return null;
  const map = new Float64Array(16);
  map[15] = 1;
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 4; column++) {
      for (let k = 0; k < 3; k++) {
        const value = at(from, k, column) - (column === 3 ? at(to, k, 3) : 0);
        map[row * 4 + column] = (map[row * 4 + column] ?? 0) + (inverse[row]?.[k] ?? 0) * value;
      }
    }
  }
  return map;
}

/** For each voxel axis: the world axis that it follows most (0 = left-right, 1 = posterior-anterior, 2 = inferior-superior), and which way. */
export interface AxisDirection {
  readonly world: 0 | 1 | 2;
  readonly sign: 1 | -1;
}

/**
 * Which way the voxel axes of an affine run. As nibabel's `io_orientation`: the nearest rotation is taken (polar decomposition), and the axes
 * are given away in the order of how well they fit.
 */
export function orientationOf(affine: Float64Array): [AxisDirection, AxisDirection, AxisDirection] {
  const columns = [0, 1, 2].map((axis) => [0, 1, 2].map((row) => affine[row * 4 + axis] ?? 0));
  const unit = columns.map((column) => {
    const length = Math.hypot(...column);
    return column.map((value) => (length === 0 ? 0 : value / length));
  });
  const rotation = nearestRotation(unit);
  const best = (column: readonly number[]): number => Math.max(...column.map((value) => value * value));
  const order = [0, 1, 2].sort((a, b) => best(rotation[b] ?? []) - best(rotation[a] ?? []));
  const taken = new Set<number>();
  const result: AxisDirection[] = [];
  for (const axis of order) {
    const column = rotation[axis] ?? [];
    const world = [0, 1, 2]
      .filter((row) => !taken.has(row))
      .reduce((a, b) => (Math.abs(column[b] ?? 0) > Math.abs(column[a] ?? 0) ? b : a));
    taken.add(world);
    result[axis] = { world: world as 0 | 1 | 2, sign: (column[world] ?? 0) < 0 ? -1 : 1 };
  }
  return result as [AxisDirection, AxisDirection, AxisDirection];
}

/** The orthogonal factor of the polar decomposition (Newton's iteration, Higham 1986); the matrix itself when it is singular. */
function nearestRotation(columns: readonly (readonly number[])[]): number[][] {
  let m = columns.map((column) => [...column]);
  for (let i = 0; i < 30; i++) {
    const inverse = inverseTranspose(m);
    if (inverse === null) return columns.map((column) => [...column]);
    const next = m.map((column, c) => column.map((value, r) => (value + (inverse[c]?.[r] ?? 0)) / 2));
    const change = Math.max(
      ...next.flatMap((column, c) => column.map((value, r) => Math.abs(value - (m[c]?.[r] ?? 0)))),
    );
    m = next;
    if (change < 1e-14) break;
  }
  return m;
}

function inverseTranspose(columns: readonly (readonly number[])[], smallest = 1e-12): number[][] | null {
  const [a = [], b = [], c = []] = columns;
  const cross = (u: readonly number[], v: readonly number[]): [number, number, number] => {
    const [u0 = 0, u1 = 0, u2 = 0] = u;
    const [v0 = 0, v1 = 0, v2 = 0] = v;
    return [u1 * v2 - u2 * v1, u2 * v0 - u0 * v2, u0 * v1 - u1 * v0];
  };
  const bc = cross(b, c);
  const determinant = bc.reduce((sum, value, i) => sum + value * (a[i] ?? 0), 0);
  if (Math.abs(determinant) <= smallest) return null;
  return [bc, cross(c, a), cross(a, b)].map((column) => column.map((value) => value / determinant));
}
