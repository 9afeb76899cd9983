import { Batch, type BatchType } from "../data/dataloader/index.ts";
import * as torch from "../torch/index.ts";
import { onBatch } from "./batch-error.ts";
import type { RunContext } from "./context.ts";

/** Passes a batch through the model without gradients. What it adds to the batch outlives the scope. */
export function infer(
  { model, computational }: Pick<RunContext, "model" | "computational">,
  batch: BatchType,
  step: "evaluationStep" | "predictionStep",
): Batch {
  using _scope = torch.scope();
  using _grad = torch.noGrad();
  using _amp = torch.amp.autocast(computational.device, { enabled: computational.amp });
  const output = onBatch(`${model.constructor.name}.${step}`, batch, () => model[step](batch));
  // transforms of the output put new tensors in the place of what the batch had kept
  if (output instanceof Batch) for (const sample of output) sample.keep();
  return output;
}
