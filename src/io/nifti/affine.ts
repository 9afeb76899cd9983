/** What of a header says where the voxels are. */
export interface Orientation {
  readonly qformCode: number;
  readonly sformCode: number;
  /** qfac, then the voxel sizes. */
  readonly pixdim: readonly number[];
  /** b, c, d. */
  readonly quaternion: readonly [number, number, number];
  readonly qoffset: readonly [number, number, number];
  /** Three rows of four. */
  readonly srow: readonly number[];
}

/**
 * The affine from voxel indices to millimetres (RAS+), 4×4 row-major, chosen as nibabel does: the sform where it is coded,
 * else the qform, else voxel sizes around the centre with x from right to left.
 */
export function affineOf(orientation: Orientation, shape: readonly [number, number, number]): Float64Array {
  if (orientation.sformCode > 0) return Float64Array.from([...orientation.srow, 0, 0, 0, 1]);
  if (orientation.qformCode > 0) return qform(orientation);
  const [, dx = 1, dy = 1, dz = 1] = orientation.pixdim;
  const zooms = [-dx, dy, dz];
  const affine = new Float64Array(16);
  zooms.forEach((zoom, i) => {
    affine[i * 5] = zoom;
    affine[i * 4 + 3] = -(((shape[i] ?? 1) - 1) / 2) * zoom;
  });
  affine[15] = 1;
  return affine;
}

function qform({ quaternion: [b, c, d], qoffset, pixdim }: Orientation): Float64Array {
  const [q = 1, dx = 1, dy = 1, dz = 1] = pixdim;
  const norm2 = b * b + c * c + d * d;
  // a float32 unit quaternion may come out a little longer than 1
  const a = Math.sqrt(Math.max(0, 1 - norm2));
  const rotation = rotationMatrix(a, b, c, d);
  const zooms = [dx, dy, q < 0 ? -dz : dz];
  const affine = new Float64Array(16);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      affine[row * 4 + column] = (rotation[row * 3 + column] ?? 0) * (zooms[column] ?? 1);
    }
    affine[row * 4 + 3] = qoffset[row] ?? 0;
  }
  affine[15] = 1;
  return affine;
}

/** The rotation of a quaternion, which is brought to unit length. */
function rotationMatrix(a: number, b: number, c: number, d: number): number[] {
  const s = 2 / (a * a + b * b + c * c + d * d);
  return [
    1 - s * (c * c + d * d),
    s * (b * c - a * d),
    s * (b * d + a * c),
    s * (b * c + a * d),
    1 - s * (b * b + d * d),
    s * (c * d - a * b),
    s * (b * d - a * c),
    s * (c * d + a * b),
    1 - s * (b * b + c * c),
  ];
}

/** The voxel sizes in millimetres that an affine implies: the lengths of its columns. */
export function spacingOf(affine: Float64Array): [number, number, number] {
  const length = (column: number): number =>
    Math.hypot(affine[column] ?? 0, affine[column + 4] ?? 0, affine[column + 8] ?? 0);
  return [length(0), length(1), length(2)];
}
