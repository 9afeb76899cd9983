import type { EventArgs, EventListener, WeightsToSave } from "./events.ts";
import type { Phase } from "./phase.ts";
import type { Stateful } from "./stateful.ts";

type Done = void | Promise<void>;

/**
 * Something to be done at certain points of a training or an evaluation: override the methods of these points. In their
 * order:
 *
 * - `onTrainerInit`, when a Trainer is made;
 * - `onTrainStart`, or `onResume` where a training goes on; for each epoch `onEpochStart`; for each batch `onBatchStart`,
 *   `onForwardStepStart`, `onBackwardStepStart`, `onBackwardStepEnd`, then, after the last of the batches whose gradients
 *   are accumulated, `onOptimizationStepStart` and `onOptimizationStepEnd`, and `onBatchEnd`;
 * - in epochs with a validation, `onValidationStart`; for each of its batches `onBatchStart`, `onEvaluationStepStart`,
 *   `onMetricsComputationStart`, `onMetricsComputationEnd`, `onBatchEnd`; then `onValidationEnd`;
 * - `onEpochEnd`, and after the last epoch `onTrainEnd`;
 * - `validate` and `test` tell of their batches as a validation does, between `onValidateStart` and `onValidateEnd`, or
 *   `onTestStart` and `onTestEnd`;
 * - `predict`: `onPredictStart`; for each batch `onBatchStart`, `onPredictionStepStart`, `onPredictionStepEnd`,
 *   `onBatchEnd`; then `onPredictEnd`;
 * - `onException`, where any of these ends with an error.
 *
 * A method gets one object, `{ model, maps, state, log, world, … }`; it may be asynchronous. What is essential to the training
 * belongs in a `Model`, not here.
 *
 * A callback with a memory overrides `stateDict` and `loadStateDict`, so that a resumed training goes on with it.
 * @example
 * ```ts
 * import type { EventArgs } from "clinicadl/callbacks";
 *
 * class StopAtLoss extends Callback {
 *   override onBatchEnd({ losses, state }: EventArgs<"onBatchEnd">) {
 *     if ((losses?.loss ?? Infinity) < 100) state.shouldStop = true;
 *   }
 * }
 * const trainer = new Trainer({ maps: "stopped", model, callbacks: [new StopAtLoss()], optimization: { numEpochs: 5 } });
 * await trainer.train(split);
 * console.log(trainer.state.currentEpoch); // → 1
 * ```
 */
export abstract class Callback implements EventListener, Stateful {
  /**
   * Where it stands among the others. When something starts, those that `observe` are told first, then those that `change`,
   * that `record`, and the `checkpoint`; when something ends, those that observe, that record, that change, and the checkpoint:
   * what was changed is recorded, then put back, and is in no checkpoint. At the end of a training, those that change come before
   * those that record: their changes stay. Within a phase, callbacks come in the order in which they were passed. Default: "record".
   *
   * A callback that moves weights in a validation, so that training goes on with them, must say that it changes.
   */
  get phase(): Phase {
    return "record";
  }

  /** A callback of this class with options of which the types are not known, such as those of a plain object with a `name_`. */
  static fromOptions<T>(this: new (options: never) => T, options: unknown): T {
    return Reflect.construct(this, [options]);
  }

  /**
   * Which processes tell it of events, where several train together: `"main"` for one that writes files, `"all"` for one that
   * changes weights, learning rates or when the training stops. Default: "all".
   */
  get ranks(): "all" | "main" {
    return "all";
  }

  onTrainerInit(_: EventArgs<"onTrainerInit">): Done {}
  onException(_: EventArgs<"onException">): Done {}

  onTrainStart(_: EventArgs<"onTrainStart">): Done {}
  /** Instead of `onTrainStart`, when a training goes on. `loadStateDict` is called afterwards. */
  onResume(_: EventArgs<"onResume">): Done {}
  onTrainEnd(_: EventArgs<"onTrainEnd">): Done {}
  onEpochStart(_: EventArgs<"onEpochStart">): Done {}
  onEpochEnd(_: EventArgs<"onEpochEnd">): Done {}
  onBatchStart(_: EventArgs<"onBatchStart">): Done {}
  onBatchEnd(_: EventArgs<"onBatchEnd">): Done {}
  onForwardStepStart(_: EventArgs<"onForwardStepStart">): Done {}
  onBackwardStepStart(_: EventArgs<"onBackwardStepStart">): Done {}
  onBackwardStepEnd(_: EventArgs<"onBackwardStepEnd">): Done {}
  onOptimizationStepStart(_: EventArgs<"onOptimizationStepStart">): Done {}
  onOptimizationStepEnd(_: EventArgs<"onOptimizationStepEnd">): Done {}

  onValidationStart(_: EventArgs<"onValidationStart">): Done {}
  onValidationEnd(_: EventArgs<"onValidationEnd">): Done {}
  onValidateStart(_: EventArgs<"onValidateStart">): Done {}
  onValidateEnd(_: EventArgs<"onValidateEnd">): Done {}
  onEvaluationStepStart(_: EventArgs<"onEvaluationStepStart">): Done {}
  onMetricsComputationStart(_: EventArgs<"onMetricsComputationStart">): Done {}
  onMetricsComputationEnd(_: EventArgs<"onMetricsComputationEnd">): Done {}

  onTestStart(_: EventArgs<"onTestStart">): Done {}
  onTestEnd(_: EventArgs<"onTestEnd">): Done {}

  onPredictStart(_: EventArgs<"onPredictStart">): Done {}
  onPredictEnd(_: EventArgs<"onPredictEnd">): Done {}
  onPredictionStepStart(_: EventArgs<"onPredictionStepStart">): Done {}
  onPredictionStepEnd(_: EventArgs<"onPredictionStepEnd">): Done {}

  /**
   * Puts the weights into the model that are to be saved in place of those of training, after an epoch or at the end, until what
   * it gives is disposed. Default: null, those of training. In a validation, weights are exchanged in `onValidationStart`.
   */
  weightsToSave(): WeightsToSave | null {
    return null;
  }

  /**
   * What a checkpoint must hold of this callback: numbers, text, null, tensors, and arrays, Maps, Sets and plain objects of
   * them. Anything else is an error when training begins, which names the callback. Default: null.
   */
  stateDict(): unknown {
    return null;
  }
  /** Whether nothing but a record is lost where a checkpoint of ClinicaDL holds no such state. Default: false. */
  get stateIsOptional(): boolean {
    return false;
  }
  /**
   * Takes back what `stateDict` gave; but Maps whose keys are all text come as plain objects. Tensors in it are disposed
   * afterwards: `keep()` those that are to stay.
   */
  loadStateDict(_state: unknown): void {}
}
