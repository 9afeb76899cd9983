import { z } from "zod";
import type { Batch } from "../data/dataloader/index.ts";
import { postprocessingSchema } from "../metrics/index.ts";
import type { DType, nn, Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import type { Inferer } from "./inferer.ts";

const schema = z.strictObject({
  postprocessing: postprocessingSchema,
  postprocessingOnCpu: z.boolean().default(false),
  outputName: z.string().min(1).default("output"),
  outputType: z.enum(["tensor", "image", "mask"]).default("tensor"),
});

/**
 * Passes whole images through the network.
 *
 * Options: `postprocessing` (none: transforms of the batch, after the network), `postprocessingOnCpu` (false),
 * `outputName` ("output": the field where the output goes), `outputType` ("tensor"; "image" and "mask" give it the
 * affine of the image).
 */
export class SimpleInferer extends configClass("SimpleInferer", schema) implements Inferer {
  call(batch: Batch, network: nn.Module, { inputDtype = "float32" }: { readonly inputDtype?: DType } = {}): Batch {
    const images = batch.getField("image", { dtype: inputDtype });
    const output = network.call(images) as Tensor;
    switch (this.outputType) {
      case "tensor":
        batch.addField(this.outputName, output);
        break;
      case "image":
        batch.addImages(this.outputName, output);
        break;
      case "mask":
        batch.addMasks(this.outputName, output);
        break;
    }
    if (this.postprocessing.transforms.length === 0) return batch;
    if (this.postprocessingOnCpu) batch.to({ device: "cpu" });
    return this.postprocessing.batchApply(batch);
  }
}
