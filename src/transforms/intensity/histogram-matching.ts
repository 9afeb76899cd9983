import { z } from "zod";
import { readNiftiTensor } from "../../io/nifti/index.ts";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { perImage, transformConfig } from "../base.ts";
import type { Transform, TransformConfig } from "../types.ts";

/** The different intensities of an image in ascending order, and which share of its voxels has at most each of them. */
interface Distribution {
  readonly values: Float64Array;
  readonly shares: Float64Array;
}

/**
 * Gives each image the histogram of the image in the file `reference`: an intensity becomes the one that the same share of the reference's
 * voxels does not exceed, between two of them by linear interpolation. Masks are left alone. As scikit-image's `match_histograms`; ClinicaDL has none.
 * The background counts like all else: `Mask` images and reference alike before.
 *
 * ```ts
 * new TransformsHandler({ imageTransforms: [new HistogramMatchingConfig({ reference: "template.nii.gz" })] });
 * ```
 *
 * @throws ImageError, naming the participant, when an image holds NaN; naming the file, when the reference does, or cannot be read.
 */
export class HistogramMatchingConfig
  extends transformConfig("HistogramMatching", {
    /** The path of a NIfTI file. */
    reference: z.string().min(1),
  })
  implements TransformConfig
{
  getObject(): Transform {
    // read once, when the first image comes
    let reference: Distribution | null = null;
    return perImage(this, "scalar", (image, place) => {
      const values = image.tensor.to({ dtype: "float64" });
      if (!values.isfinite().all().item()) throw place.error("holds values that are not numbers, or infinite.");
      reference ??= torch.tidy(() => {
        const { tensor } = readNiftiTensor(this.reference);
        const whole = tensor.to({ dtype: "float64" });
        if (whole.isfinite().all().item()) return distributionOf(whole).distribution;
        throw place.error(
          `cannot be matched: the reference ${this.reference} holds values that are not numbers, or infinite.`,
        );
      });
      const { distribution, places } = distributionOf(values);
      const matched = interpolate(distribution.shares, reference);
      image.tensor = matched.indexSelect(0, places).reshape(values.shape).to({ dtype: "float32" });
    });
  }
}

/** The distribution, and for each voxel the number of its intensity. */
function distributionOf(image: Tensor): { readonly distribution: Distribution; readonly places: Tensor } {
  const [values, places, counts] = torch._unique2(image.flatten(), true, true, true);
  const shares = counts.cumsum(0).to({ dtype: "float64" }).div(image.numel());
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
