/**
 * The training loop, whole, in the order in which things happen. In the margin, the events that callbacks are told of:
 *
 *     training starts, or goes on                          onTrainStart, or onResume
 *     for each epoch                                       onEpochStart
 *       for each window of `accumulationSteps` batches
 *         for each of its batches                          onBatchStart
 *           to the device                                  onForwardStepStart
 *           model.forwardStep                              onBackwardStepStart
 *           model.backwardStep                             onBackwardStepEnd
 *           after the last one of the window               onOptimizationStepStart
 *             clip, model.optimizationStep                 onOptimizationStepEnd
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
 * An error on the way is told with onException. `validate` and `test` evaluate in the same way, between onValidateStart
 * and onValidateEnd, or onTestStart and onTestEnd.
 *
 * All tensors of a step are made in scopes that end with it, and no scope is open when a callback is called, since
 * callbacks may wait for something.
 */
import {
  type BatchLike,
  type CallbacksHandler,
  type ComputationalConfig,
  type EventName,
  type Events,
  log,
  type TrainerState,
} from "../callbacks/index.ts";
import type { DataLoader } from "../data/dataloader/index.ts";
import type { Maps } from "../io/maps/index.ts";
import type { MetricsHandler } from "../metrics/index.ts";
import type { Losses, Model, ModelBatch } from "../models/index.ts";
import type { OptimizationConfig, Optimizer } from "../optim/index.ts";
import type { Split } from "../split/index.ts";
import * as torch from "../torch/index.ts";
import { clipGradients } from "./clipping.ts";
import { disposeBatch, namedLosses, participantsIn, partsOf, samplesIn, weightedLosses, windows } from "./window.ts";

/** What is the same in training and evaluation. */
export interface Run {
  readonly model: Model;
  readonly maps: Maps;
  readonly state: TrainerState;
  readonly callbacks: CallbacksHandler;
  readonly computational: ComputationalConfig;
  readonly metrics: MetricsHandler;
}

export interface TrainingRun extends Run {
  readonly split: Split;
  readonly optimization: OptimizationConfig;
  readonly optimizers: Readonly<Record<string, Optimizer>>;
  readonly gradScaler: torch.amp.GradScaler;
}

/** Trains from the epoch after `state.currentEpoch` on. */
export async function trainLoop(run: TrainingRun): Promise<void> {
  const { model, split, state, optimization, optimizers, gradScaler, metrics } = run;
  const { trainLoader } = split;

  for (let epoch = state.currentEpoch + 1; epoch <= optimization.numEpochs && !state.shouldStop; epoch++) {
    state.resetEpoch(epoch, trainLoader.length);
    model.train();
    trainLoader.setEpoch(epoch); // the order of the data, and their augmentation, are those of this epoch
    await tell(run, "onEpochStart", {});

    for await (const window of windows(trainLoader, optimization.accumulationSteps)) {
      const samples = window.reduce((sum, batch) => sum + samplesIn(batch), 0);
      let finite = true;
      try {
        for (const [i, batch] of window.entries()) {
          state.currentTrainBatch++;
          await tell(run, "onBatchStart", { batch });
          toDevice(batch, run.computational);

          await tell(run, "onForwardStepStart", { batch });
          const loss = forward(run, batch);

          await tell(run, "onBackwardStepStart", { loss, gradScaler });
          backward(run, loss, samplesIn(batch) / samples);
          await tell(run, "onBackwardStepEnd", {});

          // only now: until here, a GPU need not be waited for
          const losses = readAndDispose(loss, model);
          finite = warnUnlessFinite(losses, batch, state) && finite;

          if (i === window.length - 1) {
            // a scaler must see infinite gradients, to scale less; it does not step with them
            if (finite || gradScaler.isEnabled()) {
              await tell(run, "onOptimizationStepStart", { optimizers, gradScaler });
              optimize(run);
              state.optimStep++;
              await tell(run, "onOptimizationStepEnd", { optimizers, gradScaler });
            }
            for (const optimizer of Object.values(optimizers)) optimizer.zeroGrad();
          }
          await tell(run, "onBatchEnd", { losses });
        }
      } finally {
        for (const batch of window) disposeBatch(batch);
      }
    }

    if (epoch % optimization.evaluationInterval === 0) {
      state.resetValidation(state.splitIdx, split.valLoader.length, true);
      model.eval();
      metrics.reset();
      await tell(run, "onValidationStart", { dataloader: split.valLoader, metrics });
      await evaluationLoop(run, split.valLoader, epoch);
      await tell(run, "onValidationEnd", { metrics });
    }
    await tell(run, "onEpochEnd", {});
  }
}

/** Passes all batches through the model, and aggregates the metrics. */
export async function evaluationLoop(run: Run, dataloader: DataLoader, epoch: number | null): Promise<void> {
  const { metrics, state } = run;
  for await (const batch of dataloader) {
    try {
      if (state.called === "test") state.currentTestBatch++;
      else state.currentValBatch++;
      await tell(run, "onBatchStart", { batch });
      toDevice(batch, run.computational);

      await tell(run, "onEvaluationStepStart", { batch });
      const output = evaluate(run, batch);

      await tell(run, "onMetricsComputationStart", { output, metrics });
      const detailedMetricsDf = metrics.update(output, epoch);
      await tell(run, "onMetricsComputationEnd", { detailedMetricsDf });

      await tell(run, "onBatchEnd", { losses: null });
    } finally {
      disposeBatch(batch);
    }
  }
  metrics.aggregate(epoch);
}

/** Calls the callbacks. */
export function tell<E extends EventName>(
  run: Omit<Run, "computational" | "metrics">,
  event: E,
  args: Events[E],
): Promise<void> {
  const { model, maps, state, callbacks } = run;
  return callbacks.call(event, { ...args, model, maps, state });
}

function toDevice(batch: BatchLike, { device, nonBlocking, channelsLast }: ComputationalConfig): void {
  for (const part of partsOf(batch)) part.to({ device, nonBlocking, channelsLast });
}

/** The losses outlive the scope. */
function forward({ model, computational }: Run, batch: BatchLike): Losses {
  using scope = torch.scope();
  using _amp = torch.amp.autocast(computational.device, { enabled: computational.amp });
  const loss = model.forwardStep(asModelBatch(batch));
  scope.keep(Object.values(namedLosses(loss, model)));
  return loss;
}

/** @param share of the batch in its window's samples. */
function backward({ model, gradScaler }: TrainingRun, loss: Losses, share: number): void {
  using _scope = torch.scope();
  model.backwardStep(weightedLosses(loss, model, share), gradScaler);
}

function optimize({ model, optimization, optimizers, gradScaler }: TrainingRun): void {
  using _scope = torch.scope();
  if (optimization.clipGradValue !== null || optimization.clipGradNorm !== null) {
    for (const optimizer of Object.values(optimizers)) gradScaler.unscale_(optimizer);
    clipGradients(model, optimization);
  }
  model.optimizationStep(optimizers, gradScaler);
  gradScaler.update();
}

function evaluate({ model, computational }: Run, batch: BatchLike): ModelBatch {
  using _scope = torch.scope();
  using _grad = torch.noGrad();
  using _amp = torch.amp.autocast(computational.device, { enabled: computational.amp });
  return model.evaluationStep(asModelBatch(batch));
}

/** A model that takes several batches at a time knows what it gets. */
function asModelBatch(batch: BatchLike): ModelBatch {
  return batch as unknown as ModelBatch;
}

function readAndDispose(loss: Losses, model: Model): Record<string, number> {
  const values = Object.entries(namedLosses(loss, model)).map(([name, tensor]) => {
    const value = tensor.item();
    tensor.dispose();
    return [name, value] as const;
  });
  return Object.fromEntries(values);
}

function warnUnlessFinite(losses: Readonly<Record<string, number>>, batch: BatchLike, state: TrainerState): boolean {
  const bad = Object.entries(losses).filter(([, value]) => !Number.isFinite(value));
  for (const [name, value] of bad) {
    log.warning(
      `The loss '${name}' is ${value} in epoch ${state.currentEpoch}, batch ${state.currentTrainBatch} (${participantsIn(batch)}). ` +
        "The weights are not moved by this batch. Look at these images and labels, lower the learning rate, or switch amp off.",
    );
  }
  return bad.length === 0;
}
