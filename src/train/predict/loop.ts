/**
 * Prediction, in the order in which things happen. In the margin, the events that callbacks are told of:
 *
 *     the model is loaded                                  onPredictStart
 *     for each batch                                       onBatchStart
 *       to the device                                      onPredictionStepStart
 *       model.predictionStep (of each of an ensemble)      onPredictionStepEnd
 *       its outputs are written                            onBatchEnd
 *     the results get their place in the MAPS              onPredictEnd
 *
 * Several processes pass each its part of the data set, into a directory of its own; the main one puts them together.
 *
 * As in training (src/train/loop.ts), an error is told with onException, and no scope is open when a callback is called.
 */

import { Batch, disposeBatch, partsOf } from "../../data/dataloader/index.ts";
import { disposeOutput, eachItsShare, mainOnly, nextTurn, toDevice } from "../../run/index.ts";
import { show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { addDecisions } from "../calibration/apply.ts";
import { type RunContext, tell } from "../context.ts";
import { infer } from "../infer.ts";
import { Ensemble, inferEnsemble } from "./ensemble.ts";
import type { Prediction } from "./prediction.ts";
import { fieldsOf, PredictionWriter } from "./writer.ts";

/** Passes all batches through the model, and writes what it gives. */
export async function predictLoop(run: Omit<RunContext, "metrics">, prediction: Prediction): Promise<void> {
  const { state, computational, callbacks, world } = run;
  const { loader, modelCheckpoint, groupName, results, splits, target, calibration } = prediction;
  await tell(run, "onPredictStart", {
    dataloader: loader,
    modelCheckpoint,
    groupName,
    results,
    splits,
    target,
    callbacks,
    computational,
  });
  {
    using writer = new PredictionWriter(results, prediction, run.log, world.isMain);
    using ensemble = splits.length > 1 ? new Ensemble(prediction.modelPts, run.computational.device) : null;
    const predictAll = async (check: () => void) => {
      for await (const batch of loader) {
        check();
        let output: unknown = null;
        try {
          await nextTurn();
          state.currentPredBatch++;
          await tell(run, "onBatchStart", { batch });
          toDevice(batch, computational);
          const given = new Set(fieldsOf(...partsOf(batch)));

          await tell(run, "onPredictionStepStart", { batch });
          output =
            ensemble === null
              ? infer(run, batch, "predictionStep")
              : inferEnsemble(run, batch, ensemble, prediction.outputs);
          if (!(output instanceof Batch)) {
            throw new ConfigError(
              `The model's predictionStep gave ${show(output)}. Expected the batch, with its outputs.`,
            );
          }
          if (calibration !== null) addDecisions(output, calibration);
          await tell(run, "onPredictionStepEnd", { output });

          writer.write(output, given);
          await tell(run, "onBatchEnd", { losses: null });
        } finally {
          disposeBatch(batch);
          disposeOutput(output);
        }
      }
    };
    await eachItsShare(world, predictAll);
    // each sample once, in the order of the data set: a part is that of consecutive samples
    await mainOnly(world, async () => {
      for (const part of prediction.parts) await writer.take(part);
    });
  }
  await mainOnly(world, async () => prediction.publish());
  await tell(run, "onPredictEnd", {});
}
