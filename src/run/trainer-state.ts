import type { JsonObject } from "../utils/config.ts";
import { camelToSnake, snakeToCamel } from "../utils/names.ts";

/** The method of the Trainer that is running. */
export type TrainerCall = "train" | "validate" | "test" | "predict";
/** What it is doing. */
export type TrainerStage = "training" | "evaluation" | "prediction" | "interrupted";

/**
 * Where a Trainer is: epochs and batches count from 1, and 0 is before the first. Written to `state.json`.
 * @example
 * ```ts
 * const trainer = new Trainer({ maps: "state", model, optimization: { numEpochs: 1 } });
 * console.log(trainer.state.currentEpoch, trainer.state.optimStep); // → 0 0
 * await trainer.train(split);
 * console.log(trainer.state.currentEpoch, trainer.state.optimStep); // → 1 3
 * ```
 */
export class TrainerState {
  called: TrainerCall | null = null;
  stage: TrainerStage | null = null;
  /** Set it to true to end training after the current epoch. */
  shouldStop = false;
  currentTrainBatch = 0;
  numTrainBatches = 0;
  currentValBatch = 0;
  numValBatches = 0;
  currentTestBatch = 0;
  numTestBatches = 0;
  currentPredBatch = 0;
  numPredBatches = 0;
  currentEpoch = 0;
  numEpochs = 0;
  /** Optimization steps since the beginning of the training. */
  optimStep = 0;
  splitIdx: number | null = null;

  resetTraining(splitIdx: number, numEpochs: number): void {
    Object.assign(this, new TrainerState());
    this.called = "train";
    this.splitIdx = splitIdx;
    this.numEpochs = numEpochs;
  }
  /** @param startBatch the batches that were trained on already. */
  resetEpoch(epoch: number, numTrainBatches: number, startBatch = 0): void {
    this.stage = "training";
    this.currentEpoch = epoch;
    this.currentTrainBatch = startBatch;
    this.numTrainBatches = numTrainBatches;
  }
  /** @param inTraining whether it is the validation of an epoch, or a call of `validate`. */
  resetValidation(splitIdx: number | null, numValBatches: number, inTraining: boolean): void {
    if (!inTraining) this.called = "validate";
    this.stage = "evaluation";
    this.currentValBatch = 0;
    this.numValBatches = numValBatches;
    this.splitIdx = splitIdx;
  }
  resetTest(numTestBatches: number): void {
    this.called = "test";
    this.stage = "evaluation";
    this.currentTestBatch = 0;
    this.numTestBatches = numTestBatches;
    this.splitIdx = null;
  }
  resetPrediction(numPredBatches: number): void {
    this.called = "predict";
    this.stage = "prediction";
    this.currentPredBatch = 0;
    this.numPredBatches = numPredBatches;
    this.splitIdx = null;
  }

  /** The batch in hand, whatever is being done. */
  get currentBatch(): number {
    if (this.stage === "training") return this.currentTrainBatch;
    if (this.stage === "prediction") return this.currentPredBatch;
    return this.called === "test" ? this.currentTestBatch : this.currentValBatch;
  }
  /** How many batches there are of what is being done. */
  get numBatches(): number {
    if (this.stage === "training") return this.numTrainBatches;
    if (this.stage === "prediction") return this.numPredBatches;
    return this.called === "test" ? this.numTestBatches : this.numValBatches;
  }

  toDict(): JsonObject {
    return Object.fromEntries(Object.entries(this).map(([key, value]) => [camelToSnake(key), value]));
  }
  loadStateDict(dict: JsonObject): void {
    const known = new Set(Object.keys(this));
    for (const [key, value] of Object.entries(dict)) {
      const name = snakeToCamel(key);
      if (known.has(name)) Object.assign(this, { [name]: value });
    }
  }
}
