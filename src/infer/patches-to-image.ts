import { z } from "zod";
import { Batch } from "../data/dataloader/index.ts";
import { type DataPoint, Sample2D } from "../data/structures/index.ts";
import type { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ImageError } from "../utils/exceptions.ts";
import type { Inferer } from "./inferer.ts";
import { callNetwork, type InferOptions, imagesOf, inferInto, outputOptions, placed } from "./output.ts";
import { slidingWindow } from "./sliding-window.ts";

type Triple = [number, number, number];
const three = (n: number): Triple => [n, n, n];
const size = z.int().min(1);
const share = z.number().min(0).lt(1, "Give an overlap below 1");

const schema = z.strictObject({
  ...outputOptions,
  /** Voxels of a patch along x, y and z, or one number for all. */
  patchSize: z.union([size.transform(three), z.tuple([size, size, size])]),
  /** Which share of a patch it has in common with the next, along x, y and z, or one number for all. Default 0.25. */
  overlap: z.union([share.transform(three), z.tuple([share, share, share])]).default(three(0.25)),
  /** How outputs are averaged where patches overlap: "constant" (default), or "gaussian", less at the edges of patches. */
  avgMode: z.enum(["constant", "gaussian"]).default("constant"),
  /** The standard deviation of the Gaussian, as a share of the patch. Default 0.125. */
  sigmaScale: z.number().positive().default(0.125),
  /** How many patches, of one image or several, go through the network together. Default 1. */
  batchSize: z.int().min(1).default(1),
});

/**
 * Passes images through the network patch by patch, and puts the outputs together, averaged where patches overlap: the numbers
 * of MONAI's `sliding_window_inference`. An image that is smaller than a patch is padded with 0 around it; a network that gives
 * patches of another size gives an image of another size. Memory is that of image, output and `batchSize` patches.
 *
 * Options: `patchSize`, `overlap` (0.25), `avgMode` ("constant"), `sigmaScale` (0.125), `batchSize` (1), and those of
 * {@link SimpleInferer}; with `postprocessingOnCpu`, the output is put together on the CPU.
 *
 * @throws ImageError when outputs cannot be put together.
 * @example
 * ```ts
 * const unet = new UNet({ spatialDims: 3, inChannels: 1, outChannels: 2, channels: [4, 8] });
 * using batch = new Batch([await dataset.get(0)]);
 * using scope = torch.scope();
 * new PatchesToImageInferer({ patchSize: 16, overlap: 0.5, avgMode: "gaussian" }).call(batch, unet);
 * console.log(batch.getField("output").shape); // → [ 1, 2, 17, 20, 16 ]
 * ```
 */
export class PatchesToImageInferer extends configClass("PatchesToImageInferer", schema) implements Inferer {
  /** Adds the output to a batch of images (C, D, H, W), or of squeezed slices (C, H, W), or to a data point. */
  call<T extends Batch | DataPoint>(x: T, network: nn.Module, { inputDtype = "float32" }: InferOptions = {}): T {
    return inferInto(x, this, () => {
      const images = imagesOf(x, { device: null });
      const axes = axesOf(x);
      if (images.ndim !== axes.length + 2) {
        throw new ImageError(
          `${this.name_}: the images have shape (${images.shape.join(", ")}). Expected (N, C, D, H, W), or (N, C, H, W) for squeezed slices.`,
        );
      }
      const of = (values: readonly number[]): number[] => axes.map((axis) => values[axis] ?? 0);
      return slidingWindow(images, (patches) => callNetwork(this.name_, network, placed(x, patches, inputDtype)), {
        who: this.name_,
        size: of(this.patchSize),
        overlap: of(this.overlap),
        mode: this.avgMode,
        sigmaScale: this.sigmaScale,
        batchSize: this.batchSize,
        device: this.postprocessingOnCpu ? "cpu" : null,
      });
    });
  }
}

/** The axes of x, y and z that images have: a squeezed slice has none across itself. */
function axesOf(x: Batch | DataPoint): number[] {
  const sample = x instanceof Batch ? x.get(0) : x;
  const across = sample instanceof Sample2D && sample.squeeze ? sample.sliceDirection : null;
  return [0, 1, 2].filter((axis) => axis !== across);
}
