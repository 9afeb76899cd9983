import { type Batch, type BatchType, participantsIn, partsOf } from "../data/dataloader/index.ts";
import { Tensor } from "../torch/index.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";

/**
 * Something went wrong while a model worked on a batch, in libtorch for instance; `cause` is what.
 * @example
 * ```ts
 * class Broken extends SupervisedModel {
 *   override forwardStep(): never { throw new Error("not today"); }
 * }
 * const broken = new Broken({ network, loss: new BCEWithLogitsLossConfig(), optimizer });
 * await new Trainer({ maps: "broken", model: broken }).train(split).catch((error: unknown) => {
 *   if (error instanceof BatchError) console.log(error.message.includes("sub-"), error.message.includes("not today")); // → true true
 * });
 * ```
 */
export class BatchError extends ClinicaDLException {}

/** What libtorch says, and what it mostly comes from. */
const REMEDIES: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [
    /out of memory|not enough memory|can't allocate/i,
    "There is not enough memory: use a smaller batchSize (with accumulationSteps the gradient is the same), smaller images or patches.",
  ],
  [
    /target .*out of (bounds|range)|index out of range/i,
    "A class index is below 0 or above the last class: number the classes from 0, and give the network one output per class.",
  ],
  [
    /expected input.* to have \d+ channels|number of channels|weight of size .* expected input/i,
    "The images do not have the number of channels that the network was built for: compare the first number of its inShape.",
  ],
  [
    /shapes? cannot be multiplied|mat1 and mat2|size mismatch|normalized_shape/i,
    "The images do not have the size that the network was built for: compare its inShape, and bring images to it with CropOrPadConfig.",
  ],
  [
    /kernel size can't be greater|output size is too small|too small|should be greater than/i,
    "The images are too small for the convolutions and poolings of the network: use fewer of them, or larger images.",
  ],
  [
    /all elements of (input|target) should be between 0 and 1/i,
    "BCELoss compares probabilities: end the network with a sigmoid, or use BCEWithLogitsLossConfig.",
  ],
  [
    /getField is not a function/,
    "The loader gives several batches at a time (those of a PairedDataset), and this model takes one: write a model whose forwardStep and evaluationStep take them.",
  ],
  [
    /must match|target size|same size|broadcast|shape '.*' is invalid/i,
    "The output and what it is compared with have different shapes: compare numOutputs and the labels.",
  ],
  [
    /expected .*type|scalar type|same dtype|expected .* to have dtype/i,
    "Tensors of different types meet: convert them with .to({ dtype }).",
  ],
];

/**
 * Calls a step of the model; what goes wrong there says for which participants, and with which shapes.
 *
 * Errors of this package, which say so themselves, and those of classes of one's own pass as they are.
 */
export function onBatch<T>(where: string, batch: BatchType, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof Error) || !isPlain(error)) throw error;
    const remedy = REMEDIES.find(([pattern]) => pattern.test(error.message))?.[1] ?? "";
    const said = error.message.trimEnd();
    throw new BatchError(
      `${where} failed for the batch of ${participantsIn(batch)}: ${said}${/[.!?]$/.test(said) ? "" : "."} The batch holds ${describe(batch)}.${remedy === "" ? "" : ` ${remedy}`}`,
      { cause: error },
    );
  }
}

function isPlain(error: Error): boolean {
  return [Error, TypeError, RangeError].some((Class) => error.constructor === Class);
}

/** "'image' (4, 1, 8, 8, 8) float32, 'label' 4 numbers". */
function describe(batch: BatchType): string {
  const parts = partsOf(batch);
  const several = parts.length > 1;
  return parts.map((part, i) => `${several ? `in part ${i} ` : ""}${fieldsOf(part).join(", ")}`).join("; ");
}

function fieldsOf({ samples, length }: Batch): string[] {
  const [first] = samples;
  if (first === undefined) return [];
  const images = [...first.images].map(([name, { tensor }]) => `'${name}' ${shape(length, tensor)}`);
  const fields = [...first.fields].map(([name, value]) =>
    value instanceof Tensor ? `'${name}' ${shape(length, value)}` : `'${name}' of ${length} samples`,
  );
  return [...images, ...fields];
}

function shape(length: number, tensor: Tensor): string {
  return `(${[length, ...tensor.shape].join(", ")}) ${tensor.dtype}`;
}
