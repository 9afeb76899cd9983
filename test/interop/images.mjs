// Images: what nibabel and this library read of the same files, and what nibabel reads of the files that are written here.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readNifti, writeNifti } from "clinicadl/io/nifti";
import { ask } from "./ask.mjs";
import { largestOf, row } from "./rows.mjs";

const SCRIPT = fileURLToPath(new URL("images.py", import.meta.url));
// exactly what float32 holds, so that the header changes nothing
const AFFINE = [-1.5, 0.25, 0, 90.5, 0.125, 2, -0.5, -126, 0, 0.375, 1.75, -72.25, 0, 0, 0, 1];
/** @type {[number, number, number]} */
const SHAPE = [4, 5, 3];

/** @returns rows as those of `finding` */
export function images(work) {
  const of = (...rest) => row("images", ...rest);
  return Promise.all([
    of("there → here", "nibabel's own test images: values", 0, () => own(valuesDiffer)),
    // of float32 numbers of up to 256 mm, which MGH's affines are computed in there: half a unit in the last place, twice
    of("there → here", "nibabel's own test images: affines", 3.1e-5, () => own(affinesDiffer)),
    of("here → there", "written images: values and affines", 0, () => written(work)),
  ]);
}

const own = (differ) => ask([SCRIPT, "own"]).map((expected) => differ(readNifti(expected.path), expected));

/** Infinity where a single bit differs: there only is a hash. */
function valuesDiffer({ data, shape, channels }, expected) {
  const bytes = Buffer.from(Float32Array.from(data).buffer);
  const same = createHash("sha256").update(bytes).digest("hex") === expected.sha256;
  return same && String([channels, ...shape]) === String(expected.shape) ? 0 : Number.POSITIVE_INFINITY;
}

const affinesDiffer = ({ affine }, expected) => largestOf(Array.from(affine), expected.affine);

function written(work) {
  /** @type {("float32" | "int16" | "uint8")[]} */
  const dtypes = ["float32", "int16", "uint8"];
  const cases = dtypes.flatMap((dtype) =>
    [1, 2].flatMap((channels) => ["nii", "nii.gz"].map((ending) => ({ dtype, channels, ending }))),
  );
  const files = cases.map(({ dtype, channels, ending }) => {
    const path = join(work, `${dtype}-${channels}.${ending}`);
    const length = channels * SHAPE[0] * SHAPE[1] * SHAPE[2];
    const data = Array.from({ length }, (_, i) => (dtype === "float32" ? Math.fround(Math.sin(i) * 1e3) : i));
    writeNifti(path, { data, shape: SHAPE, channels, affine: AFFINE, dtype });
    return { path, dtype, data };
  });
  return ask([SCRIPT, "read", ...files.map(({ path }) => path)]).map((got, i) =>
    got.dtype === files[i].dtype
      ? Math.max(largestOf(got.values, files[i].data), largestOf(got.affine, AFFINE))
      : Number.POSITIVE_INFINITY,
  );
}
