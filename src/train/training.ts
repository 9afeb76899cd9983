import { removeFile, writeJson } from "../io/files/index.ts";
import { checkRewind, rewind, syncLogs } from "../io/maps/index.ts";
import type { MetricsHandler } from "../metrics/index.ts";
import { checkpointBlocks } from "../networks/index.ts";
import {
  type ComputationalConfig,
  Interrupter,
  type SignalOptions,
  SumOfShards,
  TrainingInterrupted,
} from "../run/index.ts";
import type { Split } from "../split/index.ts";
import * as torch from "../torch/index.ts";
import { tell } from "./context.ts";
import { trainLoop } from "./loop.ts";
import { type InitialWeights, placeModel, resetToCpu } from "./placement.ts";
import { type ResumePoint, recordExtension, resumeCommand } from "./recorded.ts";
import { runSeeded, type TrainerParts } from "./trainer-parts.ts";

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
export async function runTraining(parts: TrainerParts, training: Training): Promise<void> {
  const { model, maps, state, optimization, callbacks, log, world } = parts;
  const { split, computational, metrics, numEpochs, from } = training;
  const dir = maps.training.split(split.index);
  if (from !== null && world.isMain) {
    checkRewind(dir, from.checkpoint);
    if (from.extended) recordExtension(dir, from);
    rewind(dir, from.checkpoint);
  }
  await world.barrier();
  using interruption = new Interrupter(training.signals, { agrees: world.size > 1 });
  const body = async () => {
    state.resetTraining(split.index, numEpochs);
    // the optimizers are built before the weights are drawn, as in ClinicaDL: building them may draw random numbers, and the
    // same seed is to give the same weights here and there
    const optimizers = model.buildOptimizers();
    using gradScaler = computational.getScaler();
    try {
      resetToCpu(model, training.initial);
      await world.shareTensors([...model.stateDict().values()]);
      split.trainDataset.train();
      split.valDataset.eval();
      // the order of the samples and their augmentation follow from the seed of the loader and the epoch: the loader gets the
      // seed of the run, and keeps its own where the run has none
      if (computational.seed !== null) split.trainLoader.setSeed(computational.seed);
      const { rank, size } = world;
      if (size > 1) split.trainLoader.setSeed(await world.broadcast(split.trainDataset.seed));
      split.trainLoader.setShare({ rank, size, of: "batches" });
      split.valLoader.setShare({ rank, size, of: "dataset" });
      metrics.reset({ resetDf: true });
      metrics.keepDetailsIn(world.isMain ? dir.growingDetailsTsv : null);
      for (const optimizer of Object.values(optimizers)) optimizer.zeroGrad();
      placeModel(model, computational);
      using shards = computational.fullyShardedDataParallel ? world.shards(model) : null;
      using gradients =
        shards === null ? world.gradientSum(model, computational.gradientCompression) : new SumOfShards(shards);
      using _norm = computational.syncBatchnorm && world.size > 1 ? torch.nn.SyncBatchNorm.temporarily(model) : null;
      using _recomputed = computational.checkpointing ? checkpointBlocks(model) : null;
      const begun = { split, optimization, optimizers, gradScaler, metrics, callbacks };
      const common = { ...begun, computational, interruption, shards };
      const run = { ...common, model, maps, state, log, world, gradients };
      try {
        if (from === null) await tell(run, "onTrainStart", common);
        else await tell(run, "onResume", { ...common, checkpoint: from.checkpoint, problems: from.problems });
        if (from?.extended === true) state.shouldStop = false;
        await trainLoop(run, from?.checkpoint.position ?? { epoch: 0, batch: null });
        await tell(run, "onTrainEnd", {});
      } catch (error) {
        // what one process does not share with the others cannot be gathered any more
        if (!(error instanceof TrainingInterrupted)) shards?.lose();
        throw error;
      }
      if (world.isMain) {
        removeFile(dir.growingDetailsTsv);
        log.journal.record({ kind: "end" });
        log.journal.close();
        syncLogs(dir);
        writeJson(dir.completeJson, { epochs: state.currentEpoch }, { overwrite: true });
        removeFile(dir.extensionJson);
      }
      await world.barrier();
    } finally {
      metrics.keepDetailsIn(null);
      model.zeroGrad();
      for (const optimizer of Object.values(optimizers)) optimizer.dispose();
    }
  };
  try {
    await runSeeded(parts, computational, [split.trainLoader, split.valLoader], body);
  } catch (error) {
    if (!(error instanceof TrainingInterrupted))
      await world.leave(error instanceof Error ? error.message : String(error));
    else if (world.isMain) interruption.finish(resumeCommand(maps, split), log);
    else interruption.end();
    throw error;
  }
}
