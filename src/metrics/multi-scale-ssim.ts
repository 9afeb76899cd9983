import { z } from "zod";
import {
  checkAxes,
  checkImages,
  perAxis,
  type SimilarityOptions,
  similarity,
  similarityShape,
  windowSize,
} from "../losses/structural-similarity.ts";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { compared, fields, getNotNans, type MetricConfig, reduction } from "./config.ts";
import type { Optimum } from "./metric.ts";
import { PerSampleMetric } from "./per-sample.ts";

/**
 * The structural similarity of each sample at several scales: the contrast at each but the last and the similarity at the last,
 * to the power of their weights, multiplied (Wang et al. 2003, Asilomar Conference, p. 1398). Each scale has half the voxels of
 * the one before along each axis. As MONAI's `MultiScaleSSIMMetric`, computed with float64.
 *
 * @throws ConfigError when images have another number of dimensions, or are smaller than the window at the last scale.
 * @example
 * ```ts
 * const metrics = { similarity: new MultiScaleSSIMMetricConfig({ spatialDims: 3, kernelSize: 3, weights: [0.5, 0.5] }) };
 * const trainer = new Trainer({ maps: "maps_metrics", model, metrics });
 * ```
 */
export class MultiScaleSSIMMetricConfig
  extends configClass(
    "MultiScaleSSIMMetric",
    z.strictObject({
      /** Always false: the count of values that are not NaN is not available. */
      getNotNans,
      ...similarityShape,
      ...fields,

      /** The size of the window in voxels, of all axes or of each; default 11. */
      kernelSize: windowSize,

      /** The weight of each scale, from the finest; default those of the paper, for 5 scales. */
      weights: z.array(z.number().positive()).default([0.0448, 0.2856, 0.3001, 0.2363, 0.1333]),

      /** How the values of samples are merged: "mean" (default) or "sum". */
      reduction,
    }),
    {
      finish(parsed, what) {
        checkAxes(parsed, what, "kernelSigma");
        checkAxes(parsed, what, "kernelSize");
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
    const { weights } = this;
    // the original accepts such a config, which is therefore read, but nothing can be computed with it
    if (weights.length === 0) throw new ConfigError(`${this.name_}: 'weights' is empty. Give a weight for each scale.`);
    const options = { ...this.fields(), window: this.kernelSize };
    return new PerSampleMetric(compared(this), {
      name: this.name_,
      optimum: this.optimum(),
      reduction: this.reduction,
      values: (pred, label) => {
        checkImages(this.name_, pred, options);
        checkScales(this.name_, pred, options, weights.length);
        return overScales(pred, label, options, weights);
      },
    });
  }
}

function overScales(pred: Tensor, label: Tensor, options: SimilarityOptions, weights: readonly number[]): Tensor {
  const halve = options.spatialDims === 2 ? torch.avgPool2d : torch.avgPool3d;
  const halves = Array<number>(options.spatialDims).fill(2);
  let [x, y] = [pred.to({ dtype: "float64" }), label.to({ dtype: "float64" })];
  let product = torch.ones([pred.shape[0] ?? 0], { dtype: "float64", device: pred.device });
  weights.forEach((weight, scale) => {
    if (scale > 0) [x, y] = [halve(x, halves), halve(y, halves)];
    const compared = similarity(x, y, options);
    const last = scale === weights.length - 1;
    const value = (last ? compared.similarity : compared.contrast).flatten(1).mean([1]);
    // what is negative has no such power
    product = product.mul(value.relu().pow(weight));
  });
  return product;
}

function checkScales(name: string, images: Tensor, { spatialDims, window }: SimilarityOptions, scales: number): void {
  const wanted = perAxis(window, spatialDims).map((size) => size * 2 ** (scales - 1));
  const spatial = images.shape.slice(2);
  if (spatial.every((size, axis) => size >= (wanted[axis] ?? 1))) return;
  throw new ConfigError(
    `${name}: ${scales} scales and a window of ${perAxis(window, spatialDims).join("×")} voxels need images of at least ${wanted.join("×")} voxels; these have ${spatial.join("×")}. Give fewer 'weights' or a smaller 'kernelSize'.`,
  );
}
