/**
 * How large the surface of an object is between voxels that touch.
 *
 * The centres of 2×2×2 voxels (2×2 in a plane) are the corners of a cube (square). Where some of them belong to the object and
 * others do not, its surface passes through the middles of the edges between the two kinds: marching cubes (Lorensen and Cline
 * 1987, SIGGRAPH, p. 163). Each combination of corners has its code, a bit for each, the first being the highest.
 */

type Point = readonly number[];
type Segment = readonly [Point, Point];

/**
 * The area of the surface (length, in a plane) for each code.
 * @param sampling the size of a voxel along each of 2 or 3 axes.
 */
export function elementSizes(sampling: readonly number[]): Float64Array {
  if (sampling.length === 2) {
    const square = corners(2);
    return Float64Array.from({ length: 16 }, (_, code) => {
      const inside = minority(square, code);
      return total(segments(ring(square), inside).map(([a, b]) => size(subtract(b, a), sampling)));
    });
  }
  const [x = 1, y = 1, z = 1] = sampling;
  const scale = [y * z, x * z, x * y];
  return Float64Array.from(triangleNormals(), (normals) => total(normals.map((normal) => size(normal, scale))));
}

/** For each code the triangles of the surface, each by its normal, as long as its area is large where voxels have the size 1. */
function triangleNormals(): Point[][] {
  const cube = corners(3);
  return Array.from({ length: 256 }, (_, code) => {
    const inside = minority(cube, code);
    const outlines = loops(faces(cube).flatMap((face) => segments(face, inside)));
    return outlines.flatMap((outline) => largest(triangulations(outline)));
  });
}

/** All corners of a square or cube, in the order of their bits. */
function corners(axes: number): Point[] {
  return Array.from({ length: 2 ** axes }, (_, i) =>
    Array.from({ length: axes }, (_, axis) => (i >> (axes - 1 - axis)) & 1),
  );
}

/**
 * Whether a corner is of the rarer kind. The surface is that of the rarer kind, so that an object and its complement have the
 * same, and where two corners of a face that are across are of the rarer kind, it parts them.
 */
function minority(all: readonly Point[], code: number): (corner: Point) => boolean {
  const inside = all.filter((_, i) => ((code >> (all.length - 1 - i)) & 1) === 1);
  const rarer = inside.length <= all.length / 2 ? inside : all.filter((corner) => !inside.includes(corner));
  return (corner) => rarer.includes(corner);
}

/** The corners of a square one after the other around it. */
function ring([a, b, c, d]: readonly Point[]): Point[] {
  return [a, b, d, c].filter((corner) => corner !== undefined);
}
function faces(cube: readonly Point[]): Point[][] {
  return [0, 1, 2].flatMap((axis) => [0, 1].map((side) => ring(cube.filter((corner) => corner[axis] === side))));
}

/** Where the surface crosses a face: it parts each run of inner corners from the others. */
function segments(face: readonly Point[], inside: (corner: Point) => boolean): Segment[] {
  const at = (i: number): Point => face[(i + 4) % 4] ?? [];
  const found: Segment[] = [];
  for (let first = 0; first < 4; first++) {
    if (!inside(at(first)) || inside(at(first - 1))) continue;
    let last = first;
    while (inside(at(last + 1))) last++;
    found.push([middle(at(first - 1), at(first)), middle(at(last), at(last + 1))]);
  }
  return found;
}

/** Segments joined to closed outlines. */
function loops(parts: readonly Segment[]): Point[][] {
  const left = [...parts];
  const found: Point[][] = [];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const outline = [next[0]];
    let end = next[1];
    while (!same(end, next[0])) {
      const i = left.findIndex(([a, b]) => same(a, end) || same(b, end));
      const [joined] = left.splice(i, 1);
      if (joined === undefined) throw new Error("an outline on a cube is not closed");
      outline.push(end);
      end = same(joined[0], end) ? joined[1] : joined[0];
    }
    found.push(outline);
  }
  return found;
}

/** All ways to divide an outline into triangles, each triangle by its normal. */
function triangulations(outline: readonly Point[]): Point[][] {
  if (outline.length < 3) return [[]];
  const [first = [], ...others] = outline;
  const last = others.at(-1) ?? [];
  // the triangle on the side from the last corner to the first has one of the others as its third
  return others.slice(0, -1).flatMap((third, i) => {
    const normal = cross(subtract(third, first), subtract(last, first)).map((value) => value / 2);
    const before = triangulations([first, ...others.slice(0, i + 1)]);
    const after = triangulations(others.slice(i));
    return before.flatMap((a) => after.map((b) => [normal, ...a, ...b]));
  });
}

/** An outline that is not flat has several surfaces: taken is the largest, as in DeepMind's surface-distance. */
function largest(surfaces: readonly Point[][]): Point[] {
  const area = (normals: readonly Point[]): number => total(normals.map((normal) => size(normal, [1, 1, 1])));
  return surfaces.reduce((a, b) => (area(b) > area(a) ? b : a));
}

function size(vector: Point, scale: readonly number[]): number {
  return Math.hypot(...vector.map((value, axis) => value * (scale[axis] ?? 1)));
}
function subtract(a: Point, b: Point): Point {
  return a.map((value, axis) => value - (b[axis] ?? 0));
}
function middle(a: Point, b: Point): Point {
  return a.map((value, axis) => (value + (b[axis] ?? 0)) / 2);
}
function same(a: Point, b: Point): boolean {
  return a.join() === b.join();
}
function cross([a = 0, b = 0, c = 0]: Point, [x = 0, y = 0, z = 0]: Point): Point {
  return [b * z - c * y, c * x - a * z, a * y - b * x];
}
function total(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
