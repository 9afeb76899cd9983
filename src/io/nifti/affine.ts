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

/** The codes that NIfTI knows for its two forms; nibabel takes any other for 0. */
const isCoded = (code: number): boolean => code >= 1 && code <= 5;

/**
 * The affine from voxel indices to millimetres (RAS+), 4×4 row-major, chosen as nibabel does: the sform where it is coded,
 * else the qform, else voxel sizes around the centre with x from right to left. Voxel sizes of 0 count as 1, negative ones
 * as positive.
 *
 * @param dims the sizes of the first three dimensions that the header has; fewer for a plane or a line.
 * @throws RangeError naming the fields of the header that make it singular, or no number.
 * @example
 * ```ts
 * const affine = affineOf(
 *   { qformCode: 0, sformCode: 1, pixdim: [1, 2, 2, 2], quaternion: [0, 0, 0], qoffset: [0, 0, 0], srow: [2, 0, 0, -9, 0, 2, 0, -9, 0, 0, 2, -9] },
 *   [10, 10, 10],
 * );
 * console.log(affine[0], affine[3]); // → 2 -9
 * ```
 */
export function affineOf(orientation: Orientation, dims: readonly number[]): Float64Array {
  const { sformCode, qformCode, srow, pixdim } = orientation;
  const sizes = pixdim.slice(1, 4).map((size) => (size === 0 ? 1 : Math.abs(size)));
  if (isCoded(sformCode))
    return checkedAffine(Float64Array.from([...srow, 0, 0, 0, 1]), "srow_x, srow_y, srow_z", srow);
  if (isCoded(qformCode)) {
    const { quaternion, qoffset } = orientation;
    const fields = "quatern_b, c, d, qoffset_x, y, z and pixdim";
    return checkedAffine(qform(orientation, sizes), fields, [...quaternion, ...qoffset, ...pixdim.slice(0, 4)]);
  }
  const affine = new Float64Array(16);
  for (let i = 0; i < 3; i++) {
    const zoom = (i < dims.length ? (sizes[i] ?? 1) : 1) * (i === 0 ? -1 : 1);
    affine[i * 5] = zoom;
    affine[i * 4 + 3] = -(((dims[i] ?? 1) - 1) / 2) * zoom;
  }
  affine[15] = 1;
  return checkedAffine(affine, "pixdim", pixdim.slice(1, 4));
}

/** The affine itself. @throws RangeError naming `fields` and their values when it is singular, or no number. */
export function checkedAffine(affine: Float64Array, fields: string, values: readonly number[]): Float64Array {
  const said = `${fields} are ${values.map((value) => Number(value.toPrecision(6))).join(", ")}`;
  if (!affine.every(Number.isFinite)) throw new RangeError(`${said}: its affine is not made of numbers`);
  if (isSingular(affine))
    throw new RangeError(`${said}: its affine is singular, and does not say where the voxels are`);
  return affine;
}

/** Whether an affine has no inverse: all voxels would be in one plane. float32 is taken into account. */
export function isSingular(affine: ArrayLike<number>): boolean {
  const at = (row: number, column: number): number => affine[row * 4 + column] ?? 0;
  const lengths = [0, 1, 2].map((column) => Math.hypot(at(0, column), at(1, column), at(2, column)));
  if (lengths.some((length) => length === 0)) return true;
  const unit = (row: number, column: number): number => at(row, column) / (lengths[column] ?? 1);
  const determinant =
    unit(0, 0) * (unit(1, 1) * unit(2, 2) - unit(1, 2) * unit(2, 1)) -
    unit(0, 1) * (unit(1, 0) * unit(2, 2) - unit(1, 2) * unit(2, 0)) +
    unit(0, 2) * (unit(1, 0) * unit(2, 1) - unit(1, 1) * unit(2, 0));
  return Math.abs(determinant) < 1e-6;
}

/** A unit quaternion of float32 is this much longer or shorter than 1, as nibabel has it. */
const QUATERNION_TOLERANCE = 3 * 2 ** -23;

function qform({ quaternion: [b, c, d], qoffset, pixdim }: Orientation, sizes: readonly number[]): Float64Array {
  const a2 = 1 - (b * b + c * c + d * d);
  if (a2 < -QUATERNION_TOLERANCE) {
    throw new RangeError(`quatern_b, c, d are ${b}, ${c}, ${d}: no rotation is made of them, they are longer than 1`);
  }
  const a = Math.abs(a2) < QUATERNION_TOLERANCE ? 0 : Math.sqrt(a2);
  const rotation = rotationMatrix(a, b, c, d);
  const [dx = 1, dy = 1, dz = 1] = sizes;
  const zooms = [dx, dy, pixdim[0] === -1 ? -dz : dz];
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

/**
 * The voxel sizes in millimetres that an affine implies: the lengths of its columns.
 * @example
 * ```ts
 * console.log(spacingOf(Float64Array.of(0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1))); // → [ 1, 2, 3 ]
 * ```
 */
export function spacingOf(affine: Float64Array): [number, number, number] {
  const length = (column: number): number =>
    Math.hypot(affine[column] ?? 0, affine[column + 4] ?? 0, affine[column + 8] ?? 0);
  return [length(0), length(1), length(2)];
}
