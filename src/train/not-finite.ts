import { type BatchType, participantsIn } from "../data/dataloader/index.ts";
import type { TrainingContext } from "./context.ts";
import type { LossReader } from "./losses.ts";

/** Says of each loss, and of the gradient, that it is NaN or infinite. */
export function warnUnlessFinite(
  { state, gradScaler, log }: Pick<TrainingContext, "state" | "gradScaler" | "log">,
  step: { readonly reader: LossReader; readonly gradNorm: number; readonly window: readonly BatchType[] },
): boolean {
  const { reader, gradNorm, window } = step;
  const bad = reader.notFinite();
  const remedy =
    "The weights are not moved by it. Look at these images and labels, lower the learning rate, or switch amp off.";
  for (const { name, value, batch, number } of bad) {
    log.warning(
      `The loss '${name}' is ${value} in epoch ${state.currentEpoch}, batch ${number} (${participantsIn(batch)}). ${remedy}`,
    );
  }
  if (Number.isFinite(gradNorm)) return bad.length === 0;
  const where = `is ${gradNorm} in epoch ${state.currentEpoch}, batch ${state.currentTrainBatch}`;
  if (bad.length === 0 && gradScaler.isEnabled()) {
    log.debug(`The norm of the gradient ${where}: no step is made, and losses are scaled less from now on.`);
  } else if (bad.length === 0) {
    log.warning(`The norm of the gradient ${where} (${window.map(participantsIn).join(", ")}). ${remedy}`);
  }
  return false;
}
