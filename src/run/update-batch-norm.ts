import { disposeBatch } from "../data/dataloader/index.ts";
import type { Model } from "../models/index.ts";
import * as torch from "../torch/index.ts";
import { toDevice } from "./batches.ts";
import type { EventArgs } from "./events.ts";
import { TrainingInterrupted } from "./signals.ts";

function isBatchNorm(module: torch.nn.AnyModule): module is torch.nn.BatchNorm3d {
  const { BatchNorm1d, BatchNorm2d, BatchNorm3d, SyncBatchNorm } = torch.nn;
  return [BatchNorm1d, BatchNorm2d, BatchNorm3d, SyncBatchNorm].some((Class) => module instanceof Class);
}

/**
 * Passes the training data through the model once, in batches, and makes the statistics of its BatchNorm layers the mean of those of
 * all batches: as `torch.optim.swa_utils.update_bn` does.
 * @throws TrainingInterrupted when the run is asked to end meanwhile.
 */
export async function updateBatchNorm(
  model: Model,
  run: Pick<EventArgs<"onTrainStart">, "split" | "computational" | "interruption" | "state">,
): Promise<void> {
  const { split, computational, interruption, state } = run;
  const mode = model.training;
  model.train();
  // layers whose statistics are to stay are not in training mode
  const layers = [...model.modules()].filter(isBatchNorm).filter((layer) => layer.training);
  const momenta = layers.map((layer) => layer.momentum);
  try {
    if (layers.length === 0) return;
    for (const layer of layers) {
      layer.resetRunningStats();
      // the mean of all batches
      layer.momentum = null;
    }
    split.trainLoader.setEpoch(state.currentEpoch + 1);
    for await (const batch of split.trainLoader) {
      try {
        toDevice(batch, computational);
        using _scope = torch.scope();
        using _grad = torch.noGrad();
        using _amp = torch.amp.autocast(computational.device, { enabled: computational.amp });
        model.forwardStep(batch);
      } finally {
        disposeBatch(batch);
      }
      if (interruption.signal !== null) throw new TrainingInterrupted(interruption.signal);
    }
  } finally {
    for (const [i, layer] of layers.entries()) layer.momentum = momenta[i] ?? null;
    model.train(mode);
  }
}
