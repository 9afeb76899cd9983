/** What the structural similarity of images is made of (Wang et al. 2004, IEEE Trans. Image Process. 13(4):600). */
import { z } from "zod";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";

const sizes = (one: z.ZodNumber | z.ZodInt) => z.union([one, z.array(one)]);

/** The size of a window, of all axes or of each. */
export const windowSize = sizes(z.int().positive()).default(11);

/** The options that the similarities of one and of several scales have. */
export const similarityShape = {
  /** How many spatial dimensions the images have: 2 for squeezed slices, 3 for volumes and patches. Required. */
  spatialDims: z.union([z.literal(2), z.literal(3)], "Expected 2 or 3"),

  /** The greatest value that an image can have less the smallest; default 1. */
  dataRange: z.number().positive().default(1),

  /** How voxels of a window are weighted: "gaussian" (default) or "uniform". */
  kernelType: z.enum(["gaussian", "uniform"]).default("gaussian"),

  /** The standard deviation of the Gaussian in voxels, of all axes or of each; default 1.5. */
  kernelSigma: sizes(z.number().positive()).default(1.5),

  /** Keeps the comparison of means from dividing by 0; default 0.01. */
  k1: z.number().nonnegative().default(0.01),

  /** Keeps the comparison of variances from dividing by 0; default 0.03. */
  k2: z.number().nonnegative().default(0.03),
};

type PerAxis = number | readonly number[];

/** Those options, parsed, and the window. */
export interface SimilarityOptions {
  readonly spatialDims: 2 | 3;
  readonly dataRange: number;
  readonly kernelType: "gaussian" | "uniform";
  readonly kernelSigma: PerAxis;
  readonly k1: number;
  readonly k2: number;
  readonly window: PerAxis;
}

/** @throws ConfigError when an option with a value for each axis has not as many as there are axes. */
export function checkAxes<T extends { readonly spatialDims: number }>(parsed: T, what: string, option: keyof T): void {
  const value: unknown = parsed[option];
  if (!Array.isArray(value) || value.length === parsed.spatialDims) return;
  const name = String(option);
  throw new ConfigError(
    `${what}: '${name}' got [${value.join(", ")}]. With several numbers, give one for each of the ${parsed.spatialDims} spatial dimensions.`,
    { fieldNames: [name] },
  );
}

/** One value for each axis. */
export function perAxis(value: PerAxis, axes: number): readonly number[] {
  return typeof value === "number" ? Array<number>(axes).fill(value) : value;
}

/** @throws ConfigError unless images are (N, C, …) with as many axes as said, at least as large as the window. */
export function checkImages(name: string, images: Tensor, { spatialDims, window }: SimilarityOptions): void {
  const spatial = images.shape.slice(2);
  const shape = `The images have shape [${images.shape.join(", ")}]`;
  if (images.ndim !== spatialDims + 2) {
    throw new ConfigError(
      `${name}: 'spatialDims' is ${spatialDims}, so that images are (N, C, ${spatialDims === 2 ? "H, W" : "D, H, W"}). ${shape}. Give the 'spatialDims' that they have.`,
    );
  }
  const wanted = perAxis(window, spatialDims);
  if (spatial.every((size, axis) => size >= (wanted[axis] ?? 1))) return;
  throw new ConfigError(
    `${name}: the window is ${wanted.join("×")} voxels, more than there are. ${shape}. Choose a smaller window.`,
  );
}

/**
 * Similarity and contrast of two images at each place of the window that lies within them: (N, C, …), float64. In float32, the
 * variance of bright voxels that are alike, a small difference of large squares, would be mostly rounding.
 */
export function similarity(
  pred: Tensor,
  label: Tensor,
  options: SimilarityOptions,
): { readonly similarity: Tensor; readonly contrast: Tensor } {
  const [x, y] = [pred.to({ dtype: "float64" }), label.to({ dtype: "float64" })];
  const filter = windowMean(options);
  const [mx, my] = [filter(x), filter(y)];
  const variance = filter(x.square()).add(filter(y.square())).sub(mx.square()).sub(my.square());
  const covariance = filter(x.mul(y)).sub(mx.mul(my));
  const c1 = (options.k1 * options.dataRange) ** 2;
  const c2 = (options.k2 * options.dataRange) ** 2;
  const contrast = covariance.mul(2).add(c2).div(variance.add(c2));
  const luminance = mx.mul(my).mul(2).add(c1).div(mx.square().add(my.square()).add(c1));
  return { similarity: luminance.mul(contrast), contrast };
}

/** The weighted mean of each window of (N, C, …). Along one axis after the other, each a product with the matrix of the weights. */
function windowMean({ spatialDims, kernelType, kernelSigma, window }: SimilarityOptions): (image: Tensor) => Tensor {
  const sigmas = perAxis(kernelSigma, spatialDims);
  const kernels = perAxis(window, spatialDims).map((size, axis) =>
    kernelType === "uniform" ? Array<number>(size).fill(1 / size) : gaussian(size, sigmas[axis] ?? 1),
  );
  return (image) =>
    kernels.reduce((mean, kernel, axis) => {
      const lines = mean.movedim([axis + 2], [-1]);
      const weights = band(kernel, lines.shape.at(-1) ?? 0).to({ device: image.device });
      return lines.matmul(weights).movedim([-1], [axis + 2]);
    }, image);
}

function gaussian(size: number, sigma: number): number[] {
  const weights = Array.from({ length: size }, (_, i) => Math.exp(-(((i - (size - 1) / 2) / sigma) ** 2) / 2));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** (length, length − size + 1): each column has the weights of one place of the window. */
function band(kernel: readonly number[], length: number): Tensor {
  const places = length - kernel.length + 1;
  const values = new Float64Array(length * places);
  for (let place = 0; place < places; place++) {
    kernel.forEach((weight, i) => {
      values[(place + i) * places + place] = weight;
    });
  }
  return torch.fromTypedArray(values, [length, places]);
}
