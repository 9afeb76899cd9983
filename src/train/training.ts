import type { ComputationalConfig } from "../callbacks/index.ts";
import { removeFile, writeJson } from "../io/files/index.ts";
import { checkRewind, rewind, syncLogs } from "../io/maps/index.ts";
import type { MetricsHandler } from "../metrics/index.ts";
import type { OptimizationConfig } from "../optim/index.ts";
import type { Split } from "../split/index.ts";
import { tell, trainLoop } from "./loop.ts";
import { type InitialWeights, placeModel, resetToCpu } from "./placement.ts";
import { type ResumePoint, recordExtension, resumeCommand } from "./recorded.ts";
import { guarded, type Parts } from "./trainer-parts.ts";
import { Interrupter, type SignalOptions, TrainingInterrupted } from "../run/signals.ts";

/** A training to be begun, or to go on. */
export interface Training {
  readonly split: Split;
  readonly computational: ComputationalConfig;
  readonly metrics: MetricsHandler;
  readonly numEpochs: number;
  readonly signals: SignalOptions | false;
  /** The weights to begin with; null: new ones. */
  readonly initial: InitialWeights | null;
  /** From where it goes on; null: it begins. */
  readonly from: ResumePoint | null;
}

/** Trains, from the first event to the last. */
export async function runTraining(
  parts: Parts & { readonly optimization: OptimizationConfig },
  training: Training,
): Promise<void> {
  const { model, maps, state, optimization, callbacks } = parts;
  const { split, computational, metrics, numEpochs, from } = training;
  const dir = maps.training.split(split.index);
  if (from !== null) checkRewind(dir, from.checkpoint);
  if (from?.extended === true) recordExtension(dir, from);
  if (from !== null) rewind(dir, from.checkpoint);
  using interruption = new Interrupter(training.signals);
  const body = async () => {
    state.resetTraining(split.index, numEpochs);
    // in this order, in which the original draws random numbers
    const optimizers = model.buildOptimizers();
    using gradScaler = computational.getScaler();
    try {
      resetToCpu(model, training.initial);
      split.trainDataset.train();
      split.valDataset.eval();
      // order and augmentation follow from it, with the epoch; without one, from the loader's own
      if (computational.seed !== null) split.trainLoader.setSeed(computational.seed);
      metrics.reset({ resetDf: true });
      metrics.keepDetailsIn(dir.growingDetailsTsv);
      for (const optimizer of Object.values(optimizers)) optimizer.zeroGrad();
      placeModel(model, computational);
      const common = { split, optimization, optimizers, gradScaler, metrics, callbacks, computational, interruption };
      const run = { ...common, model, maps, state };
      if (from === null) await tell(run, "onTrainStart", common);
      else await tell(run, "onResume", { ...common, checkpoint: from.checkpoint, problems: from.problems });
      if (from?.extended === true) state.shouldStop = false;
      await trainLoop(run, from?.checkpoint.position ?? { epoch: 0, batch: null });
      await tell(run, "onTrainEnd", {});
      removeFile(dir.growingDetailsTsv);
      syncLogs(dir);
      writeJson(dir.completeJson, { epochs: state.currentEpoch }, { overwrite: true });
      removeFile(dir.extensionJson);
    } finally {
      metrics.keepDetailsIn(null);
      model.zeroGrad();
      for (const optimizer of Object.values(optimizers)) optimizer.dispose();
    }
  };
  try {
    await guarded(parts, computational, body);
  } catch (error) {
    if (error instanceof TrainingInterrupted) interruption.finish(resumeCommand(maps, split));
    throw error;
  }
}
