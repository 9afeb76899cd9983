/** What is made sure of before a training begins, or goes on. */
import {
  checkBatchTransform,
  checkLoneSample,
  checkLosses,
  checkResumedSplit,
  checkSplit,
  checkTrainingFields,
  checkWeights,
  describeSplit,
  recordWeights,
  restoreFrozen,
  together,
} from "../run/index.ts";
import type { Split } from "../split/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { refuseUnknown } from "../utils/options.ts";
import { checkAlike } from "./alike.ts";
import { asComputational, type ResumeOptions, type TrainOptions } from "./options.ts";
import type { InitialWeights } from "./placement.ts";
import { checkRecomputation } from "./recomputation.ts";
import { checkNotTrained, checkTrained, findResumePoint, recordedComputational } from "./recorded.ts";
import { restoreSplit } from "./restore.ts";
import { checkSharding } from "./sharding.ts";
import type { TrainerParts } from "./trainer-parts.ts";
import { runTraining } from "./training.ts";

/** `Trainer.train`. */
export async function train(
  parts: TrainerParts,
  {
    initial,
    split,
    options,
  }: { readonly initial: InitialWeights | null; readonly split: Split; readonly options: TrainOptions },
): Promise<void> {
  const { computational, metrics: names, signals = {}, ...rest } = options;
  const { maps, model, metrics, optimization, world } = parts;
  refuseUnknown("train", rest);
  using held = new DisposableStack();
  // the main process has made the MAPS by then; one that is alone has locked it when this call comes back
  if (world.size > 1) await world.barrier();
  const { config, handler } = await together(world, async () => {
    const config = asComputational(computational).forTraining();
    held.use(maps.use());
    held.use(lockForTraining(parts, split.index));
    checkNotTrained(maps, split.index);
    config.takeDevice();
    checkSharding(config, parts);
    checkRecomputation(config, model);
    const handler = names === undefined ? metrics : metrics.subset(names);
    checkLosses(model);
    checkSplit(split, world.size);
    checkWeights(maps, model, split.index);
    checkBatchTransform(model, split);
    split.trainLoader.checkParts(world.size);
    checkLoneSample(model, split.trainLoader, { processes: world.size, together: config.syncBatchnorm });
    await checkTrainingFields(model, handler, split);
    return { config, handler };
  });
  await checkAlike(parts, split, config);
  await together(world, () => {
    if (!world.isMain) return;
    maps.createSplit(split.index, describeSplit(split, config));
    recordWeights(maps.training.split(split.index), model);
  });
  const { numEpochs } = optimization;
  await runTraining(parts, {
    split,
    computational: config,
    metrics: handler,
    numEpochs,
    signals,
    initial,
    from: null,
  });
}

/** `Trainer.resume`. */
export async function resume(
  parts: TrainerParts,
  { initial, options }: { readonly initial: InitialWeights | null; readonly options: ResumeOptions },
): Promise<void> {
  const { splitIdx, split: given, computational, numEpochs, signals = {}, ...rest } = options;
  const { maps, model, metrics, bids, world } = parts;
  refuseUnknown("resume", rest);
  using held = new DisposableStack();
  const training = await together(world, async () => {
    held.use(maps.use());
    checkTrained(maps, splitIdx);
    if (given !== undefined && given.index !== splitIdx) {
      throw new ConfigError(`resume: 'splitIdx' is ${splitIdx}, but the split passed has the index ${given.index}.`);
    }
    held.use(lockForTraining(parts, splitIdx));
    const from = findResumePoint(maps, splitIdx, numEpochs);
    const config = recordedComputational(maps, splitIdx, computational);
    checkSharding(config, parts);
    checkRecomputation(config, model);
    const split = given ?? restoreSplit(maps, splitIdx, bids);
    checkResumedSplit(maps, split, world.size);
    restoreFrozen(maps.training.split(splitIdx), model);
    // metrics that were not computed so far are left out of this training, not out of the Trainer
    const handler = metrics.subset(metrics.metricNames);
    checkBatchTransform(model, split);
    split.trainLoader.checkParts(world.size);
    // as many as began it may not be as many as go on
    checkLoneSample(model, split.trainLoader, { processes: world.size, together: config.syncBatchnorm });
    await checkTrainingFields(model, handler, split);
    return { split, computational: config, metrics: handler, numEpochs: from.numEpochs, from };
  });
  await checkAlike(parts, training.split, training.computational);
  await runTraining(parts, { ...training, signals, initial });
}

/** The lock of a split, which the main process holds for all, and a MAPS without what killed processes have left. */
function lockForTraining({ maps, world }: Pick<TrainerParts, "maps" | "world">, splitIdx: number): Disposable | null {
  if (!world.isMain) return null;
  using lock = new DisposableStack();
  lock.use(maps.training.lockSplit(splitIdx));
  maps.removeLeftovers();
  return lock.move();
}
