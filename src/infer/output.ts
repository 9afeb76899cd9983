import { z } from "zod";
import { Batch, type FieldOptions } from "../data/dataloader/index.ts";
import type { DataPoint } from "../data/structures/index.ts";
import { postprocessingSchema } from "../metrics/index.ts";
import { type DType, type nn, Tensor, tidy } from "../torch/index.ts";
import { show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";

/** The options that all inferers have, on what becomes of the output. */
export const outputOptions = {
  /** Transforms of the samples, after the network. Default: none. */
  postprocessing: postprocessingSchema,
  /** Whether the output is brought to the CPU before them. Default false: it stays where the network is. */
  postprocessingOnCpu: z.boolean().default(false),
  /** The field where the output goes. Default "output". */
  outputName: z.string().min(1).default("output"),
  /** "tensor" (default), or "image" or "mask", which have the affine of the input. */
  outputType: z.enum(["tensor", "image", "mask"]).default("tensor"),
};
const schema = z.object(outputOptions);
export type OutputOptions = z.output<typeof schema>;

/** How an inferer is called. */
export interface InferOptions {
  /** The type in which images go into the network. Default "float32". */
  readonly inputDtype?: DType;
}

/**
 * Adds what `pass` gives to `x`, and post-processes that. To a data point the one row of it.
 * @param pass gives the outputs (N, …). It runs in a scope.
 */
export function inferInto<T extends Batch | DataPoint>(x: T, options: OutputOptions, pass: () => Tensor): T {
  const { postprocessing } = options;
  const onCpu = options.postprocessingOnCpu && postprocessing.transforms.length > 0;
  const output = tidy(() => {
    const made = pass();
    return onCpu ? made.to({ device: "cpu" }) : made;
  });
  try {
    const own = addOutput(x, output, options);
    if (x instanceof Batch) {
      if (onCpu) x.to({ device: "cpu" });
      postprocessing.batchApply(x);
    } else {
      postprocessing.batchApply([x]);
      if (own !== null && ![...x.tensors()].includes(own)) own.dispose();
    }
  } finally {
    output.dispose();
  }
  return x;
}

/** The images (N, C, …), in the place where the network is; where they are held with `device` null. A data point is a batch of one. */
export function imagesOf(x: Batch | DataPoint, options: FieldOptions): Tensor {
  if (x instanceof Batch) return x.getField("image", options);
  return x.getImageTensor("image").unsqueeze(0).to({ dtype: options.dtype });
}

/** Moves a part of images to where the network is. */
export function placed(x: Batch | DataPoint, part: Tensor, dtype: DType): Tensor {
  return part.to({ dtype, device: (x instanceof Batch ? x.device : null) ?? undefined });
}

/** Where an output goes. */
type Place = Pick<OutputOptions, "outputName" | "outputType">;

/** Adds an output (N, …). @returns the tensor that a data point has of it now; null for a batch. */
export function addOutput(x: Batch | DataPoint, output: Tensor, place: Place): Tensor | null {
  if (!(x instanceof Batch)) return addToPoint(x, output, place);
  addToBatch(x, output, place);
  return null;
}

function addToBatch(batch: Batch, output: Tensor, { outputName, outputType }: Place): void {
  switch (outputType) {
    case "tensor":
      batch.addField(outputName, output);
      break;
    case "image":
      batch.addImages(outputName, output);
      break;
    case "mask":
      batch.addMasks(outputName, output);
      break;
  }
}

function addToPoint(point: DataPoint, output: Tensor, { outputName, outputType }: Place): Tensor {
  const old = point.images.get(outputName)?.tensor ?? point.fields.get(outputName);
  const own = output.select(0, 0).keep();
  switch (outputType) {
    case "tensor":
      point.setField(outputName, own);
      break;
    case "image":
      point.addImage(outputName, own);
      break;
    case "mask":
      point.addMask(outputName, own);
      break;
  }
  if (old instanceof Tensor) old.dispose();
  return own;
}

/** What the network gives, which must be one tensor with a row for each image. */
export function callNetwork(who: string, network: nn.Module, images: Tensor): Tensor {
  const output: unknown = network.call(images);
  if (output instanceof Tensor && output.ndim > 0 && output.shape[0] === images.shape[0]) return output;
  const got =
    output instanceof Tensor
      ? `a tensor of shape (${output.shape.join(", ")})`
      : Array.isArray(output)
        ? `${output.length} values`
        : show(output);
  throw new ConfigError(
    `${who}: the network gave ${got} for images of shape (${images.shape.join(", ")}). Expected one tensor with a row for each image; for another output, extend the model with an evaluationStep that knows what it is.`,
  );
}
