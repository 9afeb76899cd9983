import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { ImageError } from "../utils/exceptions.ts";
import { gaussianWeights } from "./window-weights.ts";

/** Windows over images, and how what the network makes of them is put together. */
export interface SlidingWindow {
  /** For messages: the inferer. */
  readonly who: string;
  /** Voxels of the window along each axis of the images. */
  readonly size: readonly number[];
  /** Which share of it each window shares with the next, along each axis. */
  readonly overlap: readonly number[];
  readonly mode: "constant" | "gaussian";
  /** The standard deviation of the Gaussian, as a share of the window. */
  readonly sigmaScale: number;
  /** How many windows go through the network together. */
  readonly batchSize: number;
  /** Where the output is put together; null: where the network gives it. */
  readonly device: string | null;
}

/** Where the windows' outputs are added up. */
interface Sum {
  /** (N, C, …). */
  readonly values: Tensor;
  /** (1, 1, …): what was added at each voxel; null where no windows overlap and all weights are 1. */
  readonly weights: Tensor | null;
  /** The weights of one window, in the size of its output; null: 1 everywhere. */
  readonly window: Tensor | null;
  /** Voxels of the output of one window. */
  readonly size: readonly number[];
}

/**
 * Passes windows of `images` (N, C, …) through `predict`, and averages what it gives where windows overlap, as MONAI's
 * `sliding_window_inference`: windows begin every `floor(size · (1 - overlap))` voxels, the last ends with the image, and an image
 * that is smaller than the window is padded on both sides with 0, and the output cropped. `predict` may give windows of another
 * size: then the output has another size, by the same factor.
 *
 * Beside images and output, memory is that of `batchSize` windows, and of one channel of weights. To be called in a scope.
 *
 * @throws ImageError when outputs of windows cannot be put together: not spatial, or of a size that falls between voxels.
 */
export function slidingWindow(images: Tensor, predict: (windows: Tensor) => Tensor, options: SlidingWindow): Tensor {
  const { size, batchSize } = options;
  const [count = 0, , ...shape] = images.shape;
  const missing = shape.map((n, axis) => Math.max(0, at(size, axis) - n));
  const padded = missing.some((n) => n > 0) ? torch.constantPadNd(images, bothSides(missing), 0) : images;
  const full = padded.shape.slice(2);
  const starts = places(full, options);
  let sum: Sum | null = null;
  for (let first = 0; first < count * starts.length; first += batchSize) {
    const last = Math.min(first + batchSize, count * starts.length);
    const chosen = Array.from({ length: last - first }, (_, i) => {
      const image = Math.floor((first + i) / starts.length);
      return { image, start: starts[(first + i) % starts.length] ?? [] };
    });
    using output = torch.tidy(() => {
      const windows = chosen.map(({ image, start }) => box(padded.narrow(0, image, 1), start, size));
      return predict(windows.length === 1 && windows[0] !== undefined ? windows[0] : torch.cat(windows, 0));
    });
    sum ??= begin(output, { count, full, starts, options, images });
    add(sum, output, chosen, options);
  }
  if (sum === null) throw new ImageError(`${options.who}: there is no image to pass through the network.`);
  if (sum.weights !== null) {
    sum.values.div_(sum.weights);
    sum.weights.dispose();
  }
  return crop(sum, { shape, missing, size });
}

function at(values: readonly number[], axis: number): number {
  return values[axis] ?? 0;
}

/** Padding as operators want it: the last axis first, before and after. */
function bothSides(missing: readonly number[]): number[] {
  return [...missing].reverse().flatMap((n) => [Math.floor(n / 2), n - Math.floor(n / 2)]);
}

function box(images: Tensor, start: readonly number[], size: readonly number[]): Tensor {
  return start.reduce((part, from, axis) => part.narrow(axis + 2, from, at(size, axis)), images);
}

/** The first voxels of all windows, the last axis fastest. */
function places(full: readonly number[], { size, overlap }: SlidingWindow): number[][] {
  const along = full.map((n, axis) => {
    const window = at(size, axis);
    const step = Math.max(1, Math.floor(window * (1 - at(overlap, axis))));
    const steps = Math.ceil((n - window) / step);
    return Array.from({ length: steps + 1 }, (_, i) => Math.min(i * step, n - window));
  });
  return along.reduce<number[][]>((all, axis) => all.flatMap((start) => axis.map((from) => [...start, from])), [[]]);
}

interface Whole {
  readonly count: number;
  readonly full: readonly number[];
  readonly starts: readonly (readonly number[])[];
  readonly options: SlidingWindow;
  readonly images: Tensor;
}

/** Makes room for the output, once the first windows say of which size and how many channels it is. */
function begin(output: Tensor, { count, full, starts, options, images }: Whole): Sum {
  const { who, size, mode, overlap, sigmaScale } = options;
  const [, channels = 0, ...given] = output.shape;
  if (given.length !== size.length) {
    throw new ImageError(
      `${who}: for windows of ${size.join("×")} voxels the network gave an output of shape (${output.shape.join(", ")}). Expected (N, channels, ${size.map(() => "…").join(", ")}), of which an image can be put together. For one value per image, take SimpleInferer.`,
    );
  }
  const dtype = output.dtype === "float64" || images.dtype === "float64" ? "float64" : "float32";
  const device = options.device ?? output.device;
  const whole = full.map((n, axis) => Math.floor((n * at(given, axis)) / at(size, axis)));
  for (const start of starts) checkPlace(start, given, whole, options);
  const values = torch.zeros([count, channels, ...whole], { dtype, device });
  const apart = overlap.every((share, axis) => share === 0 && at(full, axis) % at(size, axis) === 0);
  if (mode === "constant" && apart) return { values, weights: null, window: null, size: given };
  const window = mode === "constant" ? null : gaussianWeights(size, given, { sigmaScale, dtype, device });
  const weights = torch.zeros([1, 1, ...whole], { dtype, device });
  for (const start of starts) {
    using _scope = torch.scope();
    const there = box(weights, scaled(start, given, size), given);
    if (window === null) there.add_(1);
    else there.add_(window);
  }
  return { values, weights, window, size: given };
}

/** Where in the output a window lies. */
function scaled(start: readonly number[], given: readonly number[], size: readonly number[]): number[] {
  return start.map((from, axis) => Math.floor((from * at(given, axis)) / at(size, axis)));
}

function checkPlace(
  start: readonly number[],
  given: readonly number[],
  whole: readonly number[],
  { who, size }: SlidingWindow,
): void {
  const wrong = start.some(
    (from, axis) =>
      (from * at(given, axis)) % at(size, axis) !== 0 ||
      (from * at(given, axis)) / at(size, axis) + at(given, axis) > at(whole, axis),
  );
  if (!wrong) return;
  throw new ImageError(
    `${who}: the network makes windows of ${given.join("×")} voxels of windows of ${size.join("×")}, so that the one that begins at voxel ${start.join(", ")} would lie between voxels of the output. Choose a size and an overlap with which all windows begin at voxels of the output (an image size, too: the last window ends with the image), or a network that keeps the size.`,
  );
}

function add(
  { values, window, size }: Sum,
  output: Tensor,
  chosen: readonly { readonly image: number; readonly start: readonly number[] }[],
  options: SlidingWindow,
): void {
  using _scope = torch.scope();
  if (output.shape.slice(1).join() !== [values.shape[1], ...size].join()) {
    throw new ImageError(
      `${options.who}: the network gave outputs of different shapes for windows of one size: (${output.shape.slice(1).join(", ")}) after (${[values.shape[1], ...size].join(", ")}).`,
    );
  }
  const here = output.to({ dtype: values.dtype, device: values.device });
  chosen.forEach(({ image, start }, i) => {
    const there = box(values.narrow(0, image, 1), scaled(start, size, options.size), size);
    const part = here.narrow(0, i, 1);
    if (window === null) there.add_(part);
    else there.addcmul_(part, window);
  });
}

/** Takes off what was padded. */
function crop(
  { values, size: given }: Sum,
  image: { readonly shape: readonly number[]; readonly missing: readonly number[]; readonly size: readonly number[] },
): Tensor {
  const { shape, missing, size } = image;
  return missing.reduce((part, n, axis) => {
    if (n === 0) return part;
    const scale = at(given, axis) / at(size, axis);
    const before = Math.floor(n / 2);
    const from = Math.round(before * scale);
    const to = Math.round((before + at(shape, axis)) * scale);
    return part.narrow(axis + 2, from, to - from);
  }, values);
}
