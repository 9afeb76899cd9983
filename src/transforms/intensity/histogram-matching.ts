import { z } from "zod";
import { readNiftiTensor } from "../../io/nifti/index.ts";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { perImage, transformConfig } from "../base.ts";
import { maskingMethodField } from "../masking.ts";
import type { Transform, TransformConfig } from "../types.ts";

/** The different intensities of an image in ascending order, and which share of its voxels has at most each of them. */
interface Distribution {
  readonly values: Float64Array;
  readonly shares: Float64Array;
}

/**
 * Gives each image the histogram of the image in the file `reference`: an intensity becomes the one that the same share of the reference's
 * voxels does not exceed, between two of them by linear interpolation. Masks are left alone. As scikit-image's `match_histograms`; ClinicaDL has none.
 *
 * With `maskingMethod` (as in `ZNormalization`) only the voxels under it are matched, and the others stay as they are; with `referenceMask`, the path of a mask, only those of
 * the reference are matched with. Without, the background counts like all else.
 *
 * @throws ImageError when the reference cannot be read or holds NaN; naming the participant, when an image does.
 * @example
 * ```ts
 * const reference = "bids/sub-002/ses-M000/anat/sub-002_ses-M000_T1w.nii.gz";
 * using sample = await sampleWith({ imageTransforms: [new HistogramMatchingConfig({ reference })] });
 * console.log(sample.shape); // → [ 1, 17, 20, 16 ]
 * ```
 */
export class HistogramMatchingConfig
  extends transformConfig("HistogramMatching", {
    /** The path of a NIfTI file. */
    reference: z.string().min(1),

    /** The path of a mask of the reference; default null: all voxels count. */
    referenceMask: z.string().min(1).nullable().default(null),

    /** Which voxels are matched: the name of a mask, or another part; default null: all. */
    maskingMethod: maskingMethodField,
  })
  implements TransformConfig
{
  getObject(): Transform {
    // read once, when the first image comes
    let reference: Distribution | null = null;
    return perImage(this, "scalar", (image, place) => {
      const values = image.tensor.to({ dtype: "float64" });
      const mask =
        this.maskingMethod === null ? null : place.mask(values, this.maskingMethod).ne(0).expand(values.shape);
      const counted = mask === null ? values.flatten() : values.maskedSelect(mask);
      if (counted.numel() === 0) throw place.error("has no voxels under the mask, to be matched.");
      if (!counted.isfinite().all().item()) throw place.error("holds values that are not numbers, or infinite.");
      reference ??= torch.tidy(() => distributionOf(this.#referenceValues()).distribution);
      const { distribution, places } = distributionOf(counted);
      const matched = interpolate(distribution.shares, reference).indexSelect(0, places);
      const whole = mask === null ? matched.reshape(values.shape) : values.maskedScatter(mask, matched);
      image.tensor = whole.to({ dtype: "float32" });
    });
  }

  /** The intensities of the reference that count, flat. */
  #referenceValues(): Tensor {
    const whole = readNiftiTensor(this.reference).tensor.to({ dtype: "float64" });
    const mask = this.referenceMask === null ? null : readNiftiTensor(this.referenceMask).tensor.ne(0);
    const wrong = (why: string): ImageError =>
      new ImageError(`HistogramMatching: the reference ${this.reference} ${why}`);
    if (mask !== null && mask.shape.join() !== whole.shape.join()) {
      throw wrong(
        `has the shape (${whole.shape.join(", ")}), and its mask ${this.referenceMask} (${mask.shape.join(", ")}).`,
      );
    }
    const counted = mask === null ? whole.flatten() : whole.maskedSelect(mask);
    if (counted.numel() === 0) throw wrong(`has no voxels under its mask ${this.referenceMask}.`);
    if (!counted.isfinite().all().item()) throw wrong("holds values that are not numbers, or infinite.");
    return counted;
  }
}

/** The distribution, and for each voxel the number of its intensity. */
function distributionOf(counted: Tensor): { readonly distribution: Distribution; readonly places: Tensor } {
  const [values, places, counts] = torch._unique2(counted, true, true, true);
  const shares = counts.cumsum(0).to({ dtype: "float64" }).div(counted.numel());
  return { distribution: { values: floats(values), shares: floats(shares) }, places: places.flatten() };
}

function floats(tensor: Tensor): Float64Array {
  const array = tensor.toTypedArray();
  if (array instanceof Float64Array) return array;
  throw new TypeError(`a float64 tensor gave a ${array.constructor.name}`);
}

/** The intensities of `reference` at these shares, as NumPy's `interp`: below the first, and above the last, these themselves. */
function interpolate(shares: Float64Array, { values, shares: known }: Distribution): Tensor {
  let right = 0;
  const found = shares.map((share) => {
    // both are in ascending order
    while (right < known.length && (known[right] ?? 0) <= share) right++;
    const low = values[right - 1] ?? values[0] ?? 0;
    const high = values[right];
    if (right === 0 || high === undefined) return low;
    const [from = 0, to = 1] = [known[right - 1], known[right]];
    return ((high - low) / (to - from)) * (share - from) + low;
  });
  return torch.fromTypedArray(found, [found.length]);
}
