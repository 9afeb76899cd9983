import { z } from "zod";
import { checkAxes, checkImages, similarity, similarityShape, windowSize } from "../losses/structural-similarity.ts";
import { configClass } from "../utils/config.ts";
import { compared, fields, getNotNans, type MetricConfig, reduction } from "./config.ts";
import type { Optimum } from "./metric.ts";
import { PerSampleMetric } from "./per-sample.ts";

/**
 * The structural similarity (SSIM) of each sample: means, variances and covariance of output and label in a window, compared
 * at each place where it lies within the image, and averaged; 1 for equal images (Wang et al. 2004, IEEE Trans. Image Process.
 * 13(4):600). As MONAI's `SSIMMetric`, computed with float64. Images are (N, C, H, W) or (N, C, D, H, W).
 *
 * @throws ConfigError when images have another number of dimensions, or are smaller than the window.
 * @example
 * ```ts
 * const image = torch.arange(4096).view([1, 16, 16, 16]).div(4096);
 * using batch = batchOf([image], [image]);
 * const metric = new SSIMMetricConfig({ spatialDims: 3 }).getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 1.0000
 * ```
 */
export class SSIMMetricConfig
  extends configClass(
    "SSIMMetric",
    z.strictObject({
      /** Always false: the count of values that are not NaN is not available. */
      getNotNans,
      ...similarityShape,
      ...fields,

      /** The size of the window in voxels, of all axes or of each; default 11. */
      winSize: windowSize,

      /** How the values of samples are merged: "mean" (default) or "sum". */
      reduction,
    }),
    {
      finish(parsed, what) {
        checkAxes(parsed, what, "kernelSigma");
        checkAxes(parsed, what, "winSize");
        return parsed;
      },
    },
  )
  implements MetricConfig
{
  optimum(): Optimum {
    return "max";
  }
  getObject(): PerSampleMetric {
    const options = { ...this.fields(), window: this.winSize };
    return new PerSampleMetric(compared(this), {
      name: this.name_,
      optimum: this.optimum(),
      reduction: this.reduction,
      values: (pred, label) => {
        checkImages(this.name_, pred, options);
        return similarity(pred, label, options).similarity.flatten(1).mean([1]);
      },
    });
  }
}
