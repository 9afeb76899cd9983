import { z } from "zod";
import type { Batch } from "../data/dataloader/index.ts";
import type { DataPoint } from "../data/structures/index.ts";
import type { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ImageError } from "../utils/exceptions.ts";
import type { Inferer } from "./inferer.ts";
import { callNetwork, type InferOptions, imagesOf, inferInto, outputOptions, placed } from "./output.ts";
import { slidingWindow } from "./sliding-window.ts";

const schema = z.strictObject({
  ...outputOptions,
  /** Across which axis slices are cut: 0, 1 or 2; in RAS+ sagittal, coronal, axial. */
  sliceDirection: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  /** How many slices, of one image or several, go through the network together. Default 1. */
  batchSize: z.int().min(1).default(1),
});

/**
 * Passes 3D images slice by slice through a 2D network, and stacks the outputs to a 3D image, as MONAI's `SliceInferer`.
 *
 * Options: `sliceDirection` (0, 1 or 2), `batchSize` (1), and those of {@link SimpleInferer}; with `postprocessingOnCpu`, the
 * output is put together on the CPU.
 *
 * @throws ImageError when the network does not give images.
 * @example
 * ```ts
 * const flat = new ConvEncoder({ spatialDims: 2, inChannels: 1, channels: [4, 1], padding: 1, poolingIndices: null });
 * using batch = new Batch([await dataset.get(0)]);
 * using scope = torch.scope();
 * new SlicesToImageInferer({ sliceDirection: 2, batchSize: 8 }).call(batch, flat);
 * console.log(batch.getField("output").shape); // → [ 1, 1, 17, 20, 16 ]
 * ```
 */
export class SlicesToImageInferer extends configClass("SlicesToImageInferer", schema) implements Inferer {
  /** Adds the output to a batch of images (C, D, H, W), or to a data point. */
  call<T extends Batch | DataPoint>(x: T, network: nn.Module, { inputDtype = "float32" }: InferOptions = {}): T {
    return inferInto(x, this, () => {
      const images = imagesOf(x, { device: null });
      if (images.ndim !== 5) {
        throw new ImageError(
          `${this.name_}: the images have shape (${images.shape.join(", ")}). Expected (N, C, D, H, W), of which slices can be cut.`,
        );
      }
      const across = this.sliceDirection + 2;
      return slidingWindow(
        images,
        (slices) => {
          const flat = placed(x, slices.squeeze(across), inputDtype);
          const output = callNetwork(this.name_, network, flat);
          if (output.ndim === 4) return output.unsqueeze(across);
          throw new ImageError(
            `${this.name_}: for slices of shape (${flat.shape.join(", ")}) the network gave an output of shape (${output.shape.join(", ")}). Expected (N, channels, H, W), of which an image can be put together.`,
          );
        },
        {
          who: this.name_,
          size: images.shape.slice(2).map((n, axis) => (axis === this.sliceDirection ? 1 : n)),
          overlap: [0, 0, 0],
          mode: "constant",
          sigmaScale: 1,
          batchSize: this.batchSize,
          device: this.postprocessingOnCpu ? "cpu" : null,
        },
      );
    });
  }
}
