/**
 * The training loop, whole, in the order in which things happen. In the margin, the events that callbacks are told of:
 *
 *     training starts, or goes on                          onTrainStart, or onResume
 *     for each epoch, unless resumed in its middle         onEpochStart
 *       for each accumulation window (`accumulationSteps` batches)
 *         for each of its batches                          onBatchStart
 *           to the device                                  onForwardStepStart
 *           model.forwardStep                              onBackwardStepStart
 *           model.backwardStep                             onBackwardStepEnd
 *           after the last one of the window               onOptimizationStepStart
 *             clip, model.optimizationStep, zero           onOptimizationStepEnd
 *                                                          onBatchEnd
 *       every `evaluationInterval` epochs                  onValidationStart
 *         for each batch                                   onBatchStart
 *           to the device                                  onEvaluationStepStart
 *           model.evaluationStep                           onMetricsComputationStart
 *           metrics                                        onMetricsComputationEnd, onBatchEnd
 *         metrics over all batches                         onValidationEnd
 *                                                          onEpochEnd
 *     training ends                                        onTrainEnd
 *
 * After each step, and each batch of a validation, a run that was asked to end does (with TrainingInterrupted).
 *
 * An error on the way is told with onException. `validate` and `test` evaluate in the same way, between onValidateStart
 * and onValidateEnd, or onTestStart and onTestEnd. Prediction is in predict/loop.ts.
 *
 * All tensors of a step are made in scopes that end with it, and no scope is open when a callback is called, since
 * callbacks may wait for something.
 */

import { type Batch, type BatchType, type DataLoader, disposeBatch } from "../data/dataloader/index.ts";
import type { Position } from "../io/maps/index.ts";
import { type Losses, namedLosses, type Shares } from "../models/index.ts";
import { anyOf, disposeOutput, eachItsShare, nextTurn, TensorSnapshot, toDevice } from "../run/index.ts";
import * as torch from "../torch/index.ts";
import { Rng } from "../utils/random/index.ts";
import {
  accumulationWindows,
  countsInWindow,
  lossesOfAll,
  type PartOfLosses,
  partsOfAll,
  readNow,
  weightedLosses,
} from "./accumulation.ts";
import { onBatch } from "./batch-error.ts";
import { clipGradients, gradientNorm } from "./clipping.ts";
import { type RunContext, type TrainingContext, tell } from "./context.ts";
import { infer } from "./infer.ts";
import { LossReader } from "./losses.ts";
import { warnUnlessFinite } from "./not-finite.ts";

/** Trains until `state.numEpochs`, from `position` on. */
export async function trainLoop(run: TrainingContext, position: Position): Promise<void> {
  const { model, split, state, optimization, metrics, world } = run;
  const { trainLoader } = split;
  const first = position.batch === null ? position.epoch + 1 : position.epoch;

  for (let epoch = first; epoch <= state.numEpochs; epoch++) {
    // an epoch in the middle of which training goes on is finished, also if a callback has asked to stop: a stop takes effect
    // when an epoch is over
    const resumed = epoch === position.epoch;
    const startBatch = resumed ? (position.batch ?? 0) : 0;
    state.shouldStop = await anyOf(world, state.shouldStop);
    if (state.shouldStop && !resumed) break;
    state.resetEpoch(epoch, trainLoader.length, startBatch);
    model.train();
    trainLoader.setEpoch(epoch); // the order of the data, and their augmentation, are those of this epoch
    if (!resumed) await tell(run, "onEpochStart", {});
    run.shards?.shard(); // each process holds its part, until the steps of the epoch are made

    for await (const window of accumulationWindows(
      trainLoader.iterate({ startBatch }),
      optimization.accumulationSteps,
    )) {
      try {
        await trainWindow(run, window);
      } catch (error) {
        throw await run.gradients.explain(error);
      } finally {
        for (const batch of window) disposeBatch(batch);
      }
      run.interruption.check();
    }

    run.shards?.unshard();
    if (epoch % optimization.evaluationInterval === 0) {
      // running statistics are each process's own; those of the main one are saved, and evaluated
      await world.shareTensors([...model.namedBuffers()].map(([, buffer]) => buffer));
      state.resetValidation(state.splitIdx, split.valLoader.length, true);
      model.eval();
      metrics.reset();
      await tell(run, "onValidationStart", { dataloader: split.valLoader, metrics });
      await evaluationLoop(run, split.valLoader, epoch);
      await tell(run, "onValidationEnd", { metrics });
    }
    await agreeOnSignal(run);
    await tell(run, "onEpochEnd", {});
    run.interruption.check();
  }
}

/** A signal that one of several processes has heard is one for all of them, from the same step on. */
async function agreeOnSignal({ interruption, world }: RunContext): Promise<void> {
  if (world.size === 1) return;
  interruption.signal ??= firstOf(await world.gather(interruption.heard));
}

function firstOf<T>(heard: readonly (T | null)[]): T | null {
  return heard.find((signal) => signal !== null) ?? null;
}

/** One optimization step: the gradient of all batches of an accumulation window together. */
async function trainWindow(run: TrainingContext, window: readonly BatchType[]): Promise<void> {
  const { state } = run;
  const counts = await countsInWindow(window, run.model, run.world);
  drawOtherNumbers(run);
  using reader = new LossReader();
  using buffers = new TensorSnapshot(run.model.namedBuffers());
  for (const [i, batch] of window.entries()) {
    await nextTurn(); // signals arrive here
    state.currentTrainBatch++;
    await tell(run, "onBatchStart", { batch });
    const { weights = {}, shares = null } = counts[i] ?? {};
    const tensors = await trainBatch(run, batch, { shares, isLast: i === window.length - 1 });
    const part = { losses: reader.add(tensors, batch, state.currentTrainBatch), weights };
    const parts =
      i === window.length - 1 ? await step(run, { reader, window, buffers, part }) : await partsOfAll(run.world, part);
    await tell(run, "onBatchEnd", { losses: lossesOfAll(parts, run.model) });
  }
}

/**
 * Several processes draw different numbers, for dropout and the like: the main one goes on with its stream, which checkpoints
 * hold; those of the others follow from the seed of the data and from where the training is, so that they need not be held.
 */
function drawOtherNumbers({ world, state, split }: TrainingContext): void {
  if (world.isMain) return;
  const rng = new Rng(split.trainDataset.seed, world.rank, state.currentEpoch, state.currentTrainBatch);
  torch.manualSeed(rng.uint32());
}

/** The losses of a batch, which are the caller's to dispose; their gradients are added to those of earlier batches. */
async function trainBatch(
  run: TrainingContext,
  batch: BatchType,
  { shares, isLast }: { readonly shares: Shares | null; readonly isLast: boolean },
): Promise<Record<string, torch.Tensor>> {
  const { model, gradScaler, gradients } = run;
  toDevice(batch, run.computational);

  await tell(run, "onForwardStepStart", { batch });
  const loss = forward(run, batch, shares);
  const tensors = namedLosses(loss, model);
  using owned = new DisposableStack();
  for (const tensor of Object.values(tensors)) owned.use(tensor);

  await tell(run, "onBackwardStepStart", { loss, gradScaler });
  if (isLast) gradients.prepare(loss);
  backward(run, loss, shares);
  await tell(run, "onBackwardStepEnd", {});
  owned.move();
  return tensors;
}

/** What the batches of an accumulation window gave, and the buffers of the model before them. */
interface WindowResult {
  readonly reader: LossReader;
  readonly window: readonly BatchType[];
  readonly buffers: TensorSnapshot;
  /** The losses of the last of them. */
  readonly part: PartOfLosses;
}

/**
 * Moves the weights, unless a loss or the gradient is not finite; then the buffers are put back, too. All that several processes
 * must know of each other at the end of a step goes in one message.
 *
 * @returns the losses of the last batch, of each process.
 */
async function step(
  run: TrainingContext,
  { reader, window, buffers, part }: WindowResult,
): Promise<readonly PartOfLosses[]> {
  const { state, optimizers, gradScaler, interruption, world } = run;
  await run.gradients.finish();
  const gradNorm = unscale(run, reader);
  const finiteHere = warnUnlessFinite(run, { reader, gradNorm, window });
  const lossesFinite = reader.notFinite().length === 0;
  const here = { finite: finiteHere, lossesFinite, heard: interruption.heard, part };
  const all = world.size === 1 ? [here] : await world.gather({ ...here, part: readNow(part) });
  if (world.size > 1) interruption.signal ??= firstOf(all.map(({ heard }) => heard));
  const finite = all.every((one) => one.finite);
  if (!all.every((one) => one.lossesFinite)) buffers.restore();
  // a scaler must see infinite gradients, to scale less; it does not step with them
  const steps = finite || gradScaler.isEnabled();
  if (steps) {
    await tell(run, "onOptimizationStepStart", { optimizers, gradScaler });
    optimize(run);
    state.optimStep++;
  }
  for (const optimizer of Object.values(optimizers)) optimizer.zeroGrad();
  if (steps) await tell(run, "onOptimizationStepEnd", { optimizers, gradScaler, gradNorm });
  return all.map((one) => one.part);
}

/**
 * Passes all batches through the model, and aggregates the metrics.
 * @param finish what is done to what the model gives, before the metrics see it. Default: nothing.
 */
export async function evaluationLoop(
  run: RunContext,
  dataloader: DataLoader,
  epoch: number | null,
  finish: (output: Batch) => void = () => undefined,
): Promise<void> {
  const { metrics, state } = run;
  const evaluateAll = async (check: () => void) => {
    for await (const batch of dataloader) {
      check();
      let output: Batch | null = null;
      try {
        await nextTurn();
        if (state.called === "test") state.currentTestBatch++;
        else state.currentValBatch++;
        await tell(run, "onBatchStart", { batch });
        toDevice(batch, run.computational);

        await tell(run, "onEvaluationStepStart", { batch });
        output = infer(run, batch, "evaluationStep");
        finish(output);

        await tell(run, "onMetricsComputationStart", { output, metrics });
        const evaluated = output;
        const detailedMetricsDf = onBatch("The metrics", batch, () => metrics.update(evaluated, epoch));
        await tell(run, "onMetricsComputationEnd", { detailedMetricsDf });

        await tell(run, "onBatchEnd", { losses: null });
      } finally {
        disposeBatch(batch);
        disposeOutput(output);
      }
      run.interruption.check();
    }
  };
  // of a training, an error in one process ends the others' next call
  if (epoch === null) await eachItsShare(run.world, evaluateAll);
  else await evaluateAll(() => undefined);
  if (run.world.size > 1) await metrics.gather(run.world, epoch);
  metrics.aggregate(epoch);
}

/** The losses outlive the scope. */
function forward({ model, computational, shards }: TrainingContext, batch: BatchType, shares: Shares | null): Losses {
  using scope = torch.scope();
  using _amp = torch.amp.autocast(computational.device, { enabled: computational.amp });
  const step = () =>
    onBatch(`${model.constructor.name}.forwardStep`, batch, () => model.forwardStep(batch, shares ?? undefined));
  const loss = shards === null ? step() : shards.runs(step);
  scope.keep(Object.values(namedLosses(loss, model)));
  return loss;
}

/** @param shares of the batch in its window; null: it is the whole. */
function backward({ model, gradScaler }: TrainingContext, loss: Losses, shares: Shares | null): void {
  using _scope = torch.scope();
  model.backwardStep(weightedLosses(loss, model, shares), gradScaler);
}

/** Unscales the gradients. @returns their norm; with the losses, the one thing a GPU is waited for. */
function unscale(run: TrainingContext, reader: LossReader): number {
  const { model, optimization, optimizers, gradScaler, shards } = run;
  using _scope = torch.scope();
  for (const optimizer of Object.values(optimizers)) gradScaler.unscale_(optimizer);
  return reader.read(gradientNorm(model, optimization.gradNormType, shards));
}

function optimize({ model, optimization, optimizers, gradScaler, shards }: TrainingContext): void {
  using _scope = torch.scope();
  clipGradients(model, optimization, shards);
  model.optimizationStep(optimizers, gradScaler);
  gradScaler.update();
}
