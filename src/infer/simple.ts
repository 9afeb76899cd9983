import { z } from "zod";
import type { DType, nn, Tensor } from "../torch/index.ts";
import { PostprocessingHandler, type TransformLike } from "../transforms/index.ts";
import { configClass, type JsonObject } from "../utils/config.ts";
import type { InferableBatch, Inferer } from "./inferer.ts";

const postprocessing = z
  .unknown()
  .default([])
  .transform((value, ctx): PostprocessingHandler => {
    if (value instanceof PostprocessingHandler) return value;
    if (Array.isArray(value)) return new PostprocessingHandler({ transforms: value as TransformLike[] });
    if (typeof value === "object" && value !== null && "name_" in value) return PostprocessingHandler.fromDict(value as JsonObject);
    ctx.addIssue({ code: "custom", message: "Expected a list of transforms or a PostprocessingHandler" });
    return z.NEVER;
  }) as unknown as z.ZodType<PostprocessingHandler, PostprocessingHandler | readonly TransformLike[] | undefined>;

const schema = z.strictObject({
  postprocessing,
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
  call<B extends InferableBatch>(batch: B, network: nn.Module, { inputDtype = "float32" }: { readonly inputDtype?: DType } = {}): B {
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
    return this.postprocessing.batchApply(batch as never) as unknown as B;
  }
}
